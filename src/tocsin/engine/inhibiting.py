"""Notes in the streams of teams which alerts inhibit others, as the settings' rules say.

An alert is noted before its row is written, so that what comes in the same message is inhibited already, and struck off
after its row says that it is over. Whatever ends in between is found by `check`: an alert whose row does not say that
it fires, or of which nothing is heard any more, inhibits nothing. So where in doubt, people are paged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta

from tocsin.alert.group import TRIAGE
from tocsin.alert.row import AlertRow
from tocsin.engine.journal import Journal
from tocsin.engine.lane import Item
from tocsin.incident.inhibition import Inhibitor, Rule
from tocsin.incident.standing import Standing
from tocsin.timeline import events as e

GRACE = timedelta(seconds=10)
"""So long after it was noted an alert's row may not be written yet."""

Rows = Callable[[str, list[str]], Awaitable[list[AlertRow]]]
"""The alerts of a team with these fingerprints."""
Key = tuple[str, str]


class Inhibiting:
    """The alerts that inhibit others, kept true as alerts come and go."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._rules: tuple[Rule, ...] = ()

    async def turn(self, firing: Callable[[], Awaitable[list[AlertRow]]]) -> None:
        """Where the rules are others than a moment ago, also what fires already may inhibit."""
        rules = self._journal.shelf.settings.inhibitions
        if rules == self._rules:
            return
        now = self._journal.clock.now()
        rows = [row for row in await firing() if not row.is_silent(now)] if rules else []
        for team in self._teams() if rows else ():
            known = (await self._journal.standing(team)).inhibitors
            new = [row for row in rows if (row.team, row.fingerprint) not in known and self._inhibits(row, team)]
            await self._note(team, new)
        self._rules = rules

    async def announce(self, items: Iterable[Item]) -> None:
        """Note which of these are about to fire and inhibit others."""
        if not self._journal.shelf.settings.inhibitions:
            return
        found = {(item.row.team, item.row.fingerprint): item.row for item in items if item.timed.firing}
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
        """Strike off those of these alerts that are over."""
        over = [row for row in rows if not row.firing]
        for team in self._teams() if over else ():
            known = (await self._journal.standing(team)).inhibitors
            await self._strike_off(team, [known[key] for row in over if (key := (row.team, row.fingerprint)) in known])

    async def check(self, team: str, rows: Rows) -> None:
        """Strike off whatever does not fire any more, or is not heard of any more."""
        known = (await self._journal.standing(team)).inhibitors
        if not known:
            return
        now = self._journal.clock.now()
        owners: dict[str, list[str]] = defaultdict(list)
        for owner, fingerprint in known:
            owners[owner].append(fingerprint)
        live = {
            (owner, row.fingerprint)
            for owner, prints in owners.items()
            for row in await rows(owner, prints)
            if row.firing and not row.is_silent(now)
        }
        gone = [each for key, each in known.items() if key not in live and now >= each.at + GRACE]
        await self._strike_off(team, gone)

    async def _strike_off(self, team: str, gone: Sequence[Inhibitor]) -> None:
        if not gone:
            return
        event = e.InhibitorsCleared(alerts=tuple(map(_show, gone)))

        def is_needed(standing: Standing) -> bool:
            return bool(_keys(event) & {*standing.inhibitors})

        await self._journal.change_team(team, event, is_needed)

    def _teams(self) -> tuple[str, ...]:
        return (*self._journal.shelf.settings.teams, TRIAGE)


def _keys(event: e.InhibitorsFired | e.InhibitorsCleared) -> set[Key]:
    return {(each.team, each.fingerprint) for each in event.alerts}


def _show(alert: AlertRow | Inhibitor) -> e.InhibitorSeen:
    return e.InhibitorSeen(team=alert.team, fingerprint=alert.fingerprint, name=alert.name, labels=alert.labels)
