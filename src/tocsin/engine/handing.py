"""Hand-offs of schedules: at the moment, what the past week brought is summed up, kept, and sent to whoever takes over.

The next hand-off is part of a team's wake, so that it is found whatever happens to this process. What the record says
of the last one is what is known of it: a server that was away sums up the last hand-off when it comes back, once, and
says how late; who was not told of it is told again. In shadow mode it stands on the screen only. A playbook wants it
(`Rotation.summary`) or the settings do (`handoff_summary`), or nothing happens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from tocsin.engine.journal import Journal
from tocsin.engine.shelf import Settings, TeamShelf
from tocsin.errors import OutsideError, Rejected
from tocsin.incident.standing import Standing
from tocsin.oncall.handoff import Handoff, find_last, find_next
from tocsin.oncall.rota import Rota
from tocsin.review.handover import MOST_INCIDENTS, WEEK, write_summary
from tocsin.timeline.events import HandoffSummarised, HandoffTold
from tocsin.words import Mode

LOG = logging.getLogger("tocsin.handing")

GOOD_FOR = timedelta(hours=24)
"""A hand-off that was noticed later than that is summed up no more: the next one is near enough, or nobody asks."""
LATE_S = 60
AGAIN = timedelta(minutes=1)
MOST_READ = 4 * MOST_INCIDENTS
Send = Callable[[str, str, str], Awaitable[str]]
"""Sends somebody (by id) a subject and a text; how it went out. Raises an `OutsideError`."""


async def _send_nothing(person: str, subject: str, text: str) -> str:
    return "screen"


class Handing:
    """Hand-offs of all teams. `send` is replaced by whoever has a way to send."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.send: Send = _send_nothing
        self._seen: Settings | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending: set[str] = set()

    def take_changed(self) -> list[str]:
        """The teams whose next hand-off is not in their wake yet: after a start, and after a change of the settings."""
        settings = self._journal.shelf.settings
        if self._seen is settings:
            return []
        self._seen = settings
        return [name for name, team in settings.teams.items() if _is_wanted(team)]

    async def check(self, team: str) -> datetime | None:
        """Sum up the hand-off that is due, and see to it that people are told; when to look again."""
        shelf = self._journal.shelf.settings.teams.get(team)
        if shelf is None or not _is_wanted(shelf):
            return None
        standing, now = await self._journal.standing(team), self._journal.clock.now()
        rota = Rota(staffing=shelf.staffing, people=self._journal.shelf.settings.people, overrides=standing.overrides)
        last = find_last(rota, now)
        if last is not None and _is_due(last, standing, now):
            await self._sum_up(team, shelf, last)
            standing = await self._journal.standing(team)
        waiting = shelf.policy.mode is not Mode.SHADOW and self._tell(team, standing, now)
        moments = [find_next(rota, now), now + AGAIN if waiting else None]
        return min((each for each in moments if each is not None), default=None)

    async def _sum_up(self, team: str, shelf: TeamShelf, handoff: Handoff) -> None:
        cards = await self._journal.store.cards(team=team)
        wanted = [card.id for card in cards if card.opened_at >= handoff.at - WEEK or card.status != "closed"]
        found = [await self._journal.incident(stream) for stream in wanted[:MOST_READ]]
        incidents = [each for each in found if each is not None and each.opened_at < handoff.at]
        text = write_summary(shelf.policy.name, handoff, incidents)
        late_s = int((self._journal.clock.now() - handoff.at).total_seconds())
        event = HandoffSummarised(
            handoff_at=handoff.at,
            schedules=handoff.schedules,
            outgoing=handoff.outgoing,
            incoming=handoff.incoming,
            summary=text,
            line=_find_line(shelf),
            late_s=late_s if late_s > LATE_S else 0,
        )

        def is_news(standing: Standing) -> bool:
            return standing.handed is None or standing.handed.handoff_at < handoff.at

        await self._journal.change_team(team, event, is_news, replan=False)

    def _tell(self, team: str, standing: Standing, now: datetime) -> bool:
        """Begin to tell whoever has not been, off the loop; whether there is anybody."""
        handed = standing.handed
        if handed is None or now - handed.handoff_at > GOOD_FOR:
            return False
        told = {each.person for each in standing.told if each.handoff_at == handed.handoff_at and each.how}
        refused = {each.person for each in standing.told if each.why}
        waiting = [each for each in dict.fromkeys((*handed.incoming, *handed.outgoing)) if each not in told | refused]
        if waiting and team not in self._sending:
            self._sending.add(team)
            task = asyncio.create_task(self._send_all(team, handed, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return bool(waiting)

    async def _send_all(self, team: str, handed: HandoffSummarised, people: list[str]) -> None:
        try:
            subject = f"Hand-off of {', '.join(handed.schedules)} ({team}), {handed.handoff_at:%Y-%m-%d %H:%M} UTC"
            for person in people:
                await self._send_one(team, handed, person, subject)
        except Exception:  # it is tried again by the team's wake
            LOG.exception("Not everybody could be told of the hand-off of %s; that is tried again.", team)
        finally:
            self._sending.discard(team)

    async def _send_one(self, team: str, handed: HandoffSummarised, person: str, subject: str) -> None:
        try:
            told = HandoffTold(
                handoff_at=handed.handoff_at, person=person, how=await self.send(person, subject, handed.summary)
            )
        except OutsideError as error:
            if not isinstance(error, Rejected):
                LOG.warning("%s could not be told of the hand-off of %s: %s", person, team, error)
                return
            told = HandoffTold(handoff_at=handed.handoff_at, person=person, why=str(error))
        await self._journal.change_team(team, told, replan=False)

    async def drain(self) -> None:
        """Wait until nobody is being told anything."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def stop(self) -> None:
        """Let go of what is being sent; whoever was not told is told by the next server."""
        for task in tuple(self._tasks):
            task.cancel()


def _is_wanted(shelf: TeamShelf) -> bool:
    """Whether the playbook or the settings want hand-offs summed up."""
    return shelf.policy.handoff_summary or _find_line(shelf) is not None


def _find_line(shelf: TeamShelf) -> int | None:
    """The line of the playbook that wants hand-offs summed up."""
    return next((each.summary for each in shelf.playbook.rotations if each.summary is not None), None)


def _is_due(handoff: Handoff, standing: Standing, now: datetime) -> bool:
    began = standing.began_at or now
    if handoff.at < began or now - handoff.at > GOOD_FOR:
        return False
    return standing.handed is None or standing.handed.handoff_at < handoff.at
