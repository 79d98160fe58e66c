"""Silences and maintenance windows as people ask for them: previewed, set, ended, listed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from tocsin.engine.silencing import Preview
from tocsin.errors import BadInput, NotFound
from tocsin.incident.authority import require_human, require_permission
from tocsin.incident.silence import Silence, check_silence, check_window
from tocsin.oncall.wall import check_year
from tocsin.timeline.matcher import Matcher, read_matchers
from tocsin.web.auth import Asker, require_person
from tocsin.web.bodies import QuietBody
from tocsin.web.desk import Desk
from tocsin.web.views.scene import clean, spell_name
from tocsin.web.views.silences import PreviewView, SilenceRow, show_inhibitions, show_preview, show_silences
from tocsin.words import Hush, Permission


class Quiet:
    """What keeps alerts from paging, of all teams."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def list_all(self, *, coming: bool = False) -> tuple[SilenceRow, ...]:
        """What is active (with `coming` also what is to come). Alerts are only asked for where there is anything."""
        engine, now, people = self._desk.engine, self._desk.clock.now(), self._desk.people()
        shelf = engine.journal.shelf
        found = {team: await shelf.silences(team) for team in shelf.settings.teams}
        inhibited = {team: each for team in found if (each := await shelf.inhibitions(team))}
        if not inhibited and not any(each.state(now) != "expired" for own in found.values() for each in own):
            return ()
        rows = await engine.intake.alerts(firing=True)
        shown = show_silences(found, rows, now, lambda who: spell_name(people, who), coming=coming)
        return (*shown, *(row for team, each in inhibited.items() for row in show_inhibitions(team, each, rows)))

    async def preview(self, asker: Asker, body: QuietBody) -> PreviewView:
        """What it would hit now, as far as whoever asks may see it. Raises what setting it would raise, but for who
        asks.
        """
        self._require_team(body.team)
        matchers, _, _ = self._read(body)
        found, hidden = await self._desk.engine.silencing.preview(body.team, matchers), await self._hidden(asker)
        rows = tuple(row for row in found.rows if row.incident not in hidden)
        return show_preview(Preview(rows=rows, quiet=tuple(each for each in found.quiet if each not in hidden)))

    async def _hidden(self, asker: Asker) -> Collection[str]:
        return await self._desk.sight.find_hidden(asker.person)

    async def set(self, asker: Asker, body: QuietBody) -> str:
        """Set it, in the name of a responder of the team; its id."""
        self._require_may(asker, body.team)
        matchers, starts_at, ends_at = self._read(body)
        return await self._desk.engine.silencing.put(
            body.team,
            "",
            matchers=matchers,
            starts_at=starts_at,
            ends_at=ends_at,
            by=asker.person,
            comment=body.reason.strip(),
            hush=Hush(body.kind),
        )

    async def end(self, asker: Asker, team: str, silence: str) -> None:
        """End it now, in the name of a responder of the team. Raises `NotFound`."""
        self._require_may(asker, team)
        await self._desk.engine.silencing.expire(team, silence)

    async def remind(self, person: str) -> tuple[str, ...]:
        """What somebody has set that ends soon, each as a sentence for their screens."""
        journal, now = self._desk.engine.journal, self._desk.clock.now()
        name = spell_name(self._desk.people(), person).casefold()
        mine: dict[str, tuple[str, Silence]] = {}
        for team in journal.shelf.settings.teams:
            for each in (await journal.standing(team)).silences.values():
                is_soon = each.state(now) == "active" and each.remind_at <= now
                if is_soon and each.by.casefold() in (person.casefold(), name):
                    mine[each.id] = (team, each)
        return tuple(_spell(team, each) for team, each in mine.values())

    def _require_team(self, team: str) -> None:
        teams = self._desk.engine.journal.shelf.settings.teams
        if team not in teams:
            raise NotFound(f"There is no team {team[:100]!r}; there are {', '.join(teams)}.")

    def _require_may(self, asker: Asker, team: str) -> None:
        require_person(self._desk, asker)
        self._require_team(team)
        policy = self._desk.engine.journal.shelf.settings.teams[team].policy
        require_permission(policy, asker.person, Permission.RESPOND)
        require_human(policy, asker.person)

    def _read(self, body: QuietBody) -> tuple[tuple[Matcher, ...], datetime, datetime]:
        """Matchers, start and end. Raises `BadInput` for what cannot be set."""
        now = self._desk.clock.now()
        if (body.ends_at is None) == (body.minutes is None):
            raise BadInput("Say when it ends: either `ends_at` or `minutes`. Nothing is silenced for ever.")
        starts_at = body.starts_at or now
        check_year(starts_at)
        ends_at = body.ends_at or starts_at + timedelta(minutes=body.minutes or 0)
        matchers = read_matchers(each for each in body.matchers if each.strip())
        if body.kind == "maintenance":
            check_window(matchers, starts_at, ends_at, body.reason, now)
        else:
            check_silence(matchers, starts_at, ends_at, now)
            if not body.reason.strip():
                raise BadInput("Say why: whoever is not paged reads it.")
        return matchers, starts_at, ends_at


def _spell(team: str, silence: Silence) -> str:
    kind = "maintenance" if silence.hush is Hush.MAINTENANCE else "silence"
    what = clean(", ".join(map(str, silence.matchers)), 200) or f"all of {team}"
    return f"Your {kind} of {what} ends at {silence.ends_at:%H:%M} UTC. What still fires then pages."
