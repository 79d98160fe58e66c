"""Gaps of schedules that come into view: somebody is told of each once, when it is two weeks ahead or has just opened.

It is looked at as part of a team's wake, so one node does it: at once when an override, the settings or a calendar
changes (each change of a team's stream wakes it), and each hour for what time alone brings into view. Who was told of
what stands in the team's record. Nobody is told in shadow mode, nor where nothing can be sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from tocsin.engine.handing import Send
from tocsin.engine.journal import Journal
from tocsin.engine.shelf import Settings
from tocsin.errors import OutsideError, Rejected
from tocsin.incident.standing import Standing
from tocsin.oncall.duty import list_shifts
from tocsin.oncall.finding import Finding, find_gaps, group_findings
from tocsin.oncall.rota import Rota
from tocsin.timeline.events import GapsTold, GapTold
from tocsin.words import Mode

LOG = logging.getLogger("tocsin.gaps")

AHEAD = timedelta(days=14)
EVERY, AGAIN = timedelta(hours=1), timedelta(minutes=10)


class Gaps:
    """Gaps of all teams. `send` is set by whoever has a way to send; without one nothing is looked at."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.send: Send | None = None
        self._seen: Settings | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def take_changed(self) -> list[str]:
        """The teams that have not been looked at since the start, or since the settings changed."""
        settings = self._journal.shelf.settings
        if self.send is None or self._seen is settings:
            return []
        self._seen = settings
        return list(settings.teams)

    async def check(self, team: str) -> datetime | None:
        """See to it that somebody is told of what is new; when to look again."""
        shelf, now = self._journal.shelf.settings.teams.get(team), self._journal.clock.now()
        if self.send is None or shelf is None or shelf.policy.mode is Mode.SHADOW:
            return None
        standing = await self._journal.standing(team)
        rota = Rota(staffing=shelf.staffing, people=self._journal.shelf.settings.people, overrides=standing.overrides)
        new = [each for each in list_gaps(team, rota, now) if not is_told(each, standing, now)]
        if new and team not in self._tasks:
            who = (*rota.answer_all(shelf.staffing.last_resort, now), *rota.everybody())
            task = asyncio.create_task(self._tell(team, new, tuple(dict.fromkeys(who)), self.send))
            self._tasks[team] = task
            task.add_done_callback(lambda _: self._tasks.pop(team, None))
        return now + (AGAIN if new else EVERY)

    async def _tell(self, team: str, new: Sequence[Finding], people: Sequence[str], send: Send) -> None:
        """Ask one after the other; who could be told some day is asked again later."""
        told, reasons, is_over = ("", ""), list[str](), True
        try:
            subject = f"Nobody is on duty: {len(new)} gap{'' if len(new) == 1 else 's'} ahead ({team})"
            for person in people:
                try:
                    told = person, await send(person, subject, write_gaps(team, new))
                    break
                except OutsideError as error:
                    reasons.append(f"{person}: {error}")
                    is_over = is_over and isinstance(error, Rejected)
            if not told[0] and not is_over:
                LOG.warning("Nobody could be told of gaps in the schedules of %s: %s", team, "; ".join(reasons))
                return
            why = "" if told[0] else "; ".join(reasons)[:500] or "there is nobody to tell"
            gaps = tuple(map(_make, new))
            await self._journal.change_team(
                team, GapsTold(gaps=gaps, person=told[0], how=told[1], why=why), replan=False
            )
        except Exception:
            LOG.exception("It could not be told that schedules of %s have gaps; that is tried again.", team)

    async def drain(self) -> None:
        """Wait until nobody is being told anything."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def stop(self) -> None:
        """Let go of what is being sent."""
        for task in tuple(self._tasks.values()):
            task.cancel()


def list_gaps(team: str, rota: Rota, now: datetime) -> list[Finding]:
    """The gaps of the next two weeks; those that a schedule's own hours leave are one."""
    schedules = rota.staffing.schedules
    found = (
        each for name in schedules for each in find_gaps(team, name, list_shifts(rota.plan(name), now, now + AHEAD))
    )
    return [_leave_open(each, now + AHEAD) for each in group_findings(found, {team: rota})]


def _leave_open(gap: Finding, end: datetime) -> Finding:
    """A gap that reaches as far as is looked has no end yet."""
    is_open = gap.ends_at is not None and gap.ends_at >= end
    return (
        Finding(**{**{name: getattr(gap, name) for name in gap.__struct_fields__}, "ends_at": None}) if is_open else gap
    )


def is_told(gap: Finding, standing: Standing, now: datetime) -> bool:
    """Whether somebody knows of all of it. What had no end when it was told may have gone on since."""
    for told in standing.gaps:
        if told.schedule != gap.schedule or told.hours != gap.hours:
            continue
        if gap.hours:
            return True
        begun = gap.starts_at is not None and told.starts_at <= gap.starts_at
        if told.ends_at is None and gap.starts_at is not None and gap.starts_at <= max(told.starts_at, now):
            return True
        if begun and told.ends_at is not None and gap.ends_at is not None and gap.ends_at <= told.ends_at:
            return True
    return False


def _make(gap: Finding) -> GapTold:
    assert gap.starts_at is not None
    ends_at = None if gap.hours else gap.ends_at  # what hours leave comes back
    return GapTold(schedule=gap.schedule, starts_at=gap.starts_at, ends_at=ends_at, hours=gap.hours)


def write_gaps(team: str, gaps: Sequence[Finding]) -> str:
    """What somebody is told."""
    lines = [
        f"- {each.text} from {each.starts_at:%a %d %b %H:%M} "
        f"to {f'{each.ends_at:%a %d %b %H:%M} UTC' if each.ends_at else 'farther ahead than two weeks'}"
        for each in gaps
    ]
    way = f"tocsin override {team} SCHEDULE PERSON --from … --until … --reason …"
    mend = f"Let somebody take over: {way}, or on the screen “On call”."
    return "\n".join([f"In the schedules of {team}, in the next two weeks:", "", *lines, "", mend]) + "\n"
