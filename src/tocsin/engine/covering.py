"""Overrides and swaps of shifts, and calendar feeds: events of the stream ``team/NAME``."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import msgspec

from tocsin.engine.journal import Journal
from tocsin.errors import BadInput, NotFound, list_known
from tocsin.incident.standing import team_stream
from tocsin.oncall.exchange import Half, Meeting, changes_nothing, find_meetings, find_same, take_half
from tocsin.oncall.override import MOST_OVERRIDES, Override, check_override
from tocsin.oncall.rota import Rota
from tocsin.oncall.wall import check_year
from tocsin.timeline.events import (
    FeedOpened,
    FeedRevoked,
    LeftStretch,
    OverrideEnded,
    OverrideSet,
    ShiftsSwapped,
    SwappedShift,
)

SPACE = uuid.UUID("0f2f6c52-5be0-4a7e-8f0c-6a1de6a5c0b4")
"""Ours alone: ids are made from a stream's name and place, so that nothing here is random."""
MOST_FEEDS = 200


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """An override that holds; one that was set before in the same words (`again`). `meetings` are the earlier ones that
    it meets; `idle` where nobody's duty is another by it.
    """

    override: Override
    again: bool = False
    meetings: tuple[Meeting, ...] = ()
    idle: bool = False


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """What two people exchange, and the overrides that it meets; without an `id` where nothing has changed hands."""

    schedule: str
    halves: tuple[Half, Half]
    meetings: tuple[Meeting, ...] = ()
    id: str = ""


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
        starts_at: datetime | None = None,
        ends_at: datetime | timedelta,
        by: str,
        reason: str,
        instead: str = "",
    ) -> Covered:
        """Let `person` have a duty, from now where no start is given, until a moment or for so long. What is asked for
        again is the same override. Raises `BadInput` and `NotFound`.
        """
        rota, now = await self._find(team, schedule, person, *([instead] if instead else [])), self._journal.clock.now()
        starts_now, starts_at = starts_at is None, starts_at or now
        check_year(starts_at)
        ends_at = starts_at + ends_at if isinstance(ends_at, timedelta) else ends_at
        check_override(starts_at, ends_at, reason, now)
        wanted = Override(
            id=await self._make_id(team), schedule=schedule, person=person, starts_at=starts_at, ends_at=ends_at,
            instead=instead, by=by, reason=reason.strip(),
        )  # fmt: skip
        first = find_same(rota.overrides, wanted, starts_now=starts_now)
        if first is not None:
            return Covered(override=first, again=True)
        self._require_room(rota)
        plan = rota.plan(schedule)
        covered = Covered(
            override=wanted, meetings=tuple(find_meetings(plan, wanted)), idle=changes_nothing(plan, wanted)
        )
        await self._journal.change_team(team, _set(wanted))
        return covered

    async def end(self, team: str, override: str, by: str) -> None:
        """End an override, or a swap as a whole. Raises `NotFound`."""
        rota, now = await self.rota(team), self._journal.clock.now()
        if not any(each.id == override and each.ends_at > now for each in rota.overrides):
            raise NotFound(f"{team} has no override {override[:100]!r} that is still to come or in force.")
        await self._journal.change_team(team, OverrideEnded(override=override, by=by))

    async def foresee_swap(
        self, team: str, schedule: str, one: tuple[str, datetime], other: tuple[str, datetime]
    ) -> Swap:
        """What would change hands, and what of the same turns would not. Raises `BadInput` where somebody has no shift
        at their moment, and `NotFound`.
        """
        rota, now = await self._find(team, schedule, one[0], other[0]), self._journal.clock.now()
        if one[0] == other[0]:
            raise BadInput("A swap takes two people.")
        for _, at in (one, other):
            check_year(at)
        plan = rota.plan(schedule)
        halves = take_half(plan, other[0], *one, now), take_half(plan, one[0], *other, now)
        met = [meeting for half in halves for meeting in find_meetings(plan, _cover(half, schedule))]
        return Swap(schedule=schedule, halves=halves, meetings=tuple(met))

    async def swap(
        self, team: str, schedule: str, one: tuple[str, datetime], other: tuple[str, datetime], *, by: str, reason: str
    ) -> Swap:
        """Let two people exchange the shifts that they have at a moment each. Raises `BadInput` and `NotFound`."""
        swap = await self.foresee_swap(team, schedule, one, other)
        for half in swap.halves:
            check_override(half.shift.starts_at, half.shift.ends_at, reason, self._journal.clock.now())
        self._require_room(await self.rota(team))
        swap = msgspec.structs.replace(swap, id=await self._make_id(team))
        shifts = tuple(map(_swapped, swap.halves))
        await self._journal.change_team(
            team, ShiftsSwapped(swap=swap.id, schedule=schedule, shifts=shifts, by=by, reason=reason.strip())
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
                raise NotFound(f"There is no person {person[:100]!r}; there are {list_known(rota.people, person)}.")
        return rota

    def _require_room(self, rota: Rota) -> None:
        if len(rota.overrides) >= MOST_OVERRIDES:
            raise BadInput(f"There are {MOST_OVERRIDES} overrides already; change the schedule in tocsin.toml instead.")

    async def _make_id(self, team: str) -> str:
        seq = (await self._journal.standing(team)).seq + 1
        return str(uuid.uuid5(SPACE, f"{team_stream(team)}:{seq}:{self._journal.clock.now().isoformat()}"))


def _set(wanted: Override) -> OverrideSet:
    return OverrideSet(
        override=wanted.id,
        schedule=wanted.schedule,
        person=wanted.person,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        by=wanted.by,
        reason=wanted.reason,
        instead=wanted.instead,
    )


def _cover(half: Half, schedule: str) -> Override:
    shift = half.shift
    return Override(
        id="", schedule=schedule, person=half.person, instead=half.instead, starts_at=shift.starts_at,
        ends_at=shift.ends_at,
    )  # fmt: skip


def _swapped(half: Half) -> SwappedShift:
    return SwappedShift(
        person=half.person,
        instead=half.instead,
        starts_at=half.shift.starts_at,
        ends_at=half.shift.ends_at,
        left=tuple(LeftStretch(starts_at=since, ends_at=until) for since, until in half.left),
        more=half.more,
    )


def list_overrides(rota: Rota, now: datetime) -> list[Override]:
    """Those that are in force or to come, the one that starts first at the front."""
    return sorted((each for each in rota.overrides if each.ends_at > now), key=lambda each: each.starts_at)
