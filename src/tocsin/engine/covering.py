"""Overrides and swaps of shifts, and calendar feeds: events of the stream ``team/NAME``."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from tocsin.engine.journal import Journal
from tocsin.errors import BadInput, NotFound
from tocsin.incident.standing import team_stream
from tocsin.oncall.duty import Shift, list_shifts
from tocsin.oncall.override import MOST_OVERRIDES, Override, check_override
from tocsin.oncall.rota import Rota
from tocsin.timeline.events import FeedOpened, FeedRevoked, OverrideEnded, OverrideSet, ShiftsSwapped, SwappedShift

SPACE = uuid.UUID("0f2f6c52-5be0-4a7e-8f0c-6a1de6a5c0b4")
"""Ours alone: ids are made from a stream's name and place, so that nothing here is random."""
LOOK_BACK, LOOK_AHEAD = timedelta(days=40), timedelta(days=400)
"""How far from a moment the shift that it lies in may begin and end."""
MOST_FEEDS = 200


class Covering:
    """Who takes over from whom, of all teams."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def rota(self, team: str) -> Rota:
        """A team's people and schedules with what lies over them now. Raises `NotFound`."""
        shelf = self._journal.shelf
        if team not in shelf.settings.teams:
            raise NotFound(f"There is no team {team[:100]!r}; there are {', '.join(shelf.settings.teams)}.")
        standing = await self._journal.standing(team)
        staffing = shelf.settings.teams[team].staffing
        return Rota(staffing=staffing, people=shelf.settings.people, overrides=standing.overrides)

    async def override(
        self,
        team: str,
        schedule: str,
        person: str,
        *,
        starts_at: datetime,
        ends_at: datetime,
        by: str,
        reason: str,
        instead: str = "",
    ) -> str:
        """Let `person` have a duty for a while; the override's id. Raises `BadInput` and `NotFound`."""
        rota = await self._find(team, schedule, person, *([instead] if instead else []))
        check_override(starts_at, ends_at, reason, self._journal.clock.now())
        self._require_room(rota)
        override = await self._make_id(team)
        await self._journal.change_team(
            team,
            OverrideSet(
                override=override,
                schedule=schedule,
                person=person,
                starts_at=starts_at,
                ends_at=ends_at,
                by=by,
                reason=reason.strip(),
                instead=instead,
            ),
        )
        return override

    async def end(self, team: str, override: str, by: str) -> None:
        """End an override, or a swap as a whole. Raises `NotFound`."""
        rota, now = await self.rota(team), self._journal.clock.now()
        if not any(each.id == override and each.ends_at > now for each in rota.overrides):
            raise NotFound(f"{team} has no override {override[:100]!r} that is still to come or in force.")
        await self._journal.change_team(team, OverrideEnded(override=override, by=by))

    async def swap(
        self, team: str, schedule: str, one: tuple[str, datetime], other: tuple[str, datetime], *, by: str, reason: str
    ) -> str:
        """Let two people exchange the shifts that they have at a moment each; the swap's id.

        Raises `BadInput` where somebody has no shift at their moment, and `NotFound`.
        """
        rota = await self._find(team, schedule, one[0], other[0])
        now = self._journal.clock.now()
        if one[0] == other[0]:
            raise BadInput("A swap takes two people.")
        mine, theirs = _find_shift(rota, schedule, *one), _find_shift(rota, schedule, *other)
        for shift in (mine, theirs):
            check_override(shift.starts_at, shift.ends_at, reason, now)
        self._require_room(rota)
        halves = ((other[0], one[0], mine), (one[0], other[0], theirs))
        shifts = tuple(
            SwappedShift(person=person, instead=instead, starts_at=shift.starts_at, ends_at=shift.ends_at)
            for person, instead, shift in halves
        )
        swap = await self._make_id(team)
        await self._journal.change_team(
            team, ShiftsSwapped(swap=swap, schedule=schedule, shifts=shifts, by=by, reason=reason.strip())
        )
        return swap

    async def open_feed(self, team: str, digest: str, *, by: str, person: str = "", schedule: str = "") -> str:
        """Let whoever knows the secret behind `digest` read shifts; the feed's id. Raises `BadInput`, `NotFound`."""
        await self._find(team, schedule, *([person] if person else []))
        if bool(person) == bool(schedule):
            raise BadInput("A feed is of a person or of a schedule: name one of them.")
        if len((await self._journal.standing(team)).feeds) >= MOST_FEEDS:
            raise BadInput(f"{team} has {MOST_FEEDS} feeds; revoke one that nobody reads.")
        feed = await self._make_id(team)
        opened = FeedOpened(feed=feed, digest=digest, by=by, person=person, schedule=schedule)
        await self._journal.change_team(team, opened, replan=False)
        return feed

    async def revoke_feed(self, team: str, feed: str, by: str) -> None:
        """Let a feed's secret open nothing any more. Raises `NotFound`."""
        if feed not in (await self._journal.standing(team)).feeds:
            raise NotFound(f"{team} has no feed {feed[:100]!r}.")
        await self._journal.change_team(team, FeedRevoked(feed=feed, by=by), replan=False)

    async def _find(self, team: str, schedule: str, *people: str) -> Rota:
        rota = await self.rota(team)
        schedules = rota.staffing.schedules
        if schedule and schedule not in schedules:
            known = ", ".join(schedules) or "none"
            raise NotFound(f"{team} has no schedule {schedule[:100]!r}; it has {known}.")
        for person in people:
            if person not in rota.people:
                raise NotFound(f"There is no person {person[:100]!r}; there are {', '.join(rota.people)}.")
        return rota

    def _require_room(self, rota: Rota) -> None:
        if len(rota.overrides) >= MOST_OVERRIDES:
            raise BadInput(f"There are {MOST_OVERRIDES} overrides already; change the schedule in tocsin.toml instead.")

    async def _make_id(self, team: str) -> str:
        seq = (await self._journal.standing(team)).seq + 1
        return str(uuid.uuid5(SPACE, f"{team_stream(team)}:{seq}:{self._journal.clock.now().isoformat()}"))


def _find_shift(rota: Rota, schedule: str, person: str, at: datetime) -> Shift:
    for shift in list_shifts(rota.plan(schedule), at - LOOK_BACK, at + LOOK_AHEAD):
        if shift.starts_at <= at < shift.ends_at:
            if person not in shift.people:
                who = ", ".join(shift.people) or "nobody"
                raise BadInput(f"{person} has no shift of {schedule} at {at:%Y-%m-%d %H:%M} UTC; {who} has.")
            if shift.starts_at == at - LOOK_BACK or shift.ends_at == at + LOOK_AHEAD:
                raise BadInput(f"{person}'s shift of {schedule} has no end near that moment; set an override instead.")
            return shift
    raise BadInput(f"{schedule} has no shift at that moment.")


def list_overrides(rota: Rota, now: datetime) -> list[Override]:
    """Those that are in force or to come, the one that starts first at the front."""
    return sorted((each for each in rota.overrides if each.ends_at > now), key=lambda each: each.starts_at)
