"""Notes in the streams of teams which alerts inhibit others, as the settings' rules say.

An alert is noted before its row is written, so that what comes in the same message is inhibited already, and struck off
after its row says that it is over. Whatever ends in between is found by `check`: an alert whose row does not say that
it fires, or of which nothing is heard any more, inhibits nothing. So where in doubt, people are paged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta

from tocsin.alert.group import TRIAGE
from tocsin.alert.row import AlertRow
from tocsin.engine.journal import Journal
from tocsin.engine.lane import Item
from tocsin.incident.inhibition import Inhibitor, Rule
from tocsin.incident.standing import Standing, team_stream
from tocsin.timeline import events as e

GRACE = timedelta(seconds=10)
"""So long after it was noted an alert's row may not be written yet."""
CHECK_LEAST, CHECK_MOST = timedelta(seconds=30), timedelta(minutes=5)
"""Whether what inhibits still fires is looked at when its source has promised to have been heard of again, but not more
often than this, and, since the source may promise less the next time, not less often than that.
"""

Rows = Callable[[str, list[str]], Awaitable[list[AlertRow]]]
"""The alerts of a team with these fingerprints."""
Key = tuple[str, str]


class Inhibiting:
    """The alerts that inhibit others, kept true as alerts come and go."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._rules: tuple[Rule, ...] | None = None
        self._owed: dict[str, None] = {}
        self._silent: set[Key] = set()
        self._look_at = journal.clock.now()

    async def turn(self, firing: Callable[[], Awaitable[list[AlertRow]]], rows: Rows) -> None:
        """Note what fires already where the rules are others than a moment ago, and what is heard of again."""
        rules, now = self._journal.shelf.settings.inhibitions, self._journal.clock.now()
        if rules != self._rules:
            await self._note_all(await firing() if rules else [])
            await self._owe_all()
            self._rules = rules
        elif self._silent and now >= self._look_at:
            self._look_at = now + CHECK_LEAST
            owners, self._silent = _sort(self._silent), set()
            await self._note_all([row for owner, prints in owners.items() for row in await rows(owner, prints)])

    async def _owe_all(self) -> None:
        """By other rules, or after whatever this server has missed, other alerts may be inhibited than it seems."""
        for team in self._teams():
            try:
                is_owed = bool((await self._journal.standing(team)).inhibitors)
            except Exception:  # noqa: BLE001 whoever plans that team's stream says so, and holds up no other
                is_owed = True
            if is_owed:
                self._owed[team] = None

    @property
    def is_owing(self) -> bool:
        """Whether teams are to be looked at though nothing has woken their streams."""
        return bool(self._owed)

    def take_owed(self) -> list[str]:
        """Their streams; each is given out once."""
        owed, self._owed = [team_stream(team) for team in self._owed], {}
        return owed

    async def _note_all(self, rows: Sequence[AlertRow]) -> None:
        """Note those that inhibit; of those whose source is silent it is only remembered that they may again."""
        now = self._journal.clock.now()
        for team in self._teams() if rows else ():
            known = (await self._journal.standing(team)).inhibitors
            new = [row for row in rows if row.firing and _key(row) not in known and self._inhibits(row, team)]
            self._silent |= {_key(row) for row in new if row.is_silent(now)}
            await self._note(team, [row for row in new if not row.is_silent(now)])

    async def announce(self, items: Iterable[Item]) -> None:
        """Note which of these are about to fire and inhibit others."""
        if not self._journal.shelf.settings.inhibitions:
            return
        found = {_key(item.row): item.row for item in items if item.row.firing}
        for team in self._teams():
            known = (await self._journal.standing(team)).inhibitors
            await self._note(
                team, [row for key, row in found.items() if key not in known and self._inhibits(row, team)]
            )

    async def _note(self, team: str, new: Sequence[AlertRow]) -> None:
        if not new:
            return
        event = e.InhibitorsFired(alerts=tuple(map(_show, new)))

        def is_needed(standing: Standing) -> bool:
            return not _keys(event) <= {*standing.inhibitors}

        await self._journal.change_team(team, event, is_needed)

    def _inhibits(self, row: AlertRow, team: str) -> bool:
        """Whether an alert inhibits others of a team."""
        return any(
            (rule.team is None or rule.team == row.team == team) and rule.is_source(row.labels)
            for rule in self._journal.shelf.settings.inhibitions
        )

    async def withdraw(self, rows: Sequence[AlertRow]) -> None:
        """Strike off those of these alerts that are over; where that fails, it is found by the next turn."""
        over = [row for row in rows if not row.firing]
        for team in self._teams() if over else ():
            try:
                known = (await self._journal.standing(team)).inhibitors
                await self._strike_off(team, [known[_key(row)] for row in over if _key(row) in known])
            except BaseException:
                self._owed.update(dict.fromkeys(self._teams()))
                raise

    async def check(self, team: str, rows: Rows) -> datetime | None:
        """Strike off whatever does not fire any more, or is not heard of any more; when to look again, null for never.

        Where other nodes strike off too, nobody knows which of them has died over it.
        """
        known = (await self._journal.standing(team)).inhibitors
        if not known:
            return None
        now = self._journal.clock.now()
        found = [row for owner, prints in _sort(known).items() for row in await rows(owner, prints) if row.firing]
        live = {_key(row) for row in found if not row.is_silent(now)}
        self._silent |= {_key(row) for row in found if row.is_silent(now)}
        gone = [each for key, each in known.items() if key not in live and now >= each.at + GRACE]
        await self._strike_off(team, gone)
        if len(known) > len(live) or not self._journal.store.is_sole:
            return now + CHECK_LEAST
        return min(max(min(row.ends_at for row in found), now + CHECK_LEAST), now + CHECK_MOST)

    async def _strike_off(self, team: str, gone: Sequence[Inhibitor]) -> None:
        if not gone:
            return
        event = e.InhibitorsCleared(alerts=tuple(map(_show, gone)))

        def is_needed(standing: Standing) -> bool:
            return bool(_keys(event) & {*standing.inhibitors})

        await self._journal.change_team(team, event, is_needed)

    def _teams(self) -> tuple[str, ...]:
        return (*self._journal.shelf.settings.teams, TRIAGE)


def _key(row: AlertRow) -> Key:
    return row.team, row.fingerprint


def _sort(keys: Iterable[Key]) -> dict[str, list[str]]:
    """Fingerprints by team."""
    owners: dict[str, list[str]] = defaultdict(list)
    for owner, fingerprint in keys:
        owners[owner].append(fingerprint)
    return owners


def _keys(event: e.InhibitorsFired | e.InhibitorsCleared) -> set[Key]:
    return {(each.team, each.fingerprint) for each in event.alerts}


def _show(alert: AlertRow | Inhibitor) -> e.InhibitorSeen:
    return e.InhibitorSeen(team=alert.team, fingerprint=alert.fingerprint, name=alert.name, labels=alert.labels)
