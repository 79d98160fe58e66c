"""Schedules as people see them: who is on now, who comes next, what lies over them, what is wrong; and forecasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.incident.standing import Standing
from tocsin.oncall.duty import Plan, Shift
from tocsin.oncall.finding import Finding
from tocsin.oncall.override import Feed, Override
from tocsin.oncall.rota import Rota
from tocsin.oncall.wall import find_wall
from tocsin.page.forecast import Expected, Forecast
from tocsin.review.when import spell_exactly
from tocsin.web.views.covering import list_notes
from tocsin.web.views.scene import View, Who, clean

Name = Callable[[str], str]
MOST_SHOWN = 60
MOST_TEXT = 20_000


class ShiftView(View, frozen=True, kw_only=True):
    """A stretch with the same people; nobody in a gap. `wall` is its start on the schedule's wall, `span_s` seconds."""

    people: tuple[Who, ...]
    starts_at: datetime
    ends_at: datetime
    wall: str
    span_s: int
    source: str
    is_now: bool


class OverrideView(View, frozen=True, kw_only=True):
    """Somebody takes over, instead of one person or of whoever has it; both halves of a swap have one `id`.

    `notes` say what of the same turn a swap left where it was, and which later override lies over this one.
    """

    id: str
    schedule: str
    person: Who
    instead: Who | None
    starts_at: datetime
    ends_at: datetime
    by: str
    reason: str
    swapped: bool
    notes: tuple[str, ...] = ()


class ScheduleView(View, frozen=True, kw_only=True):
    """One schedule with its shifts of the coming weeks, and so many `more` that are not listed.

    `until` ends what is on `now`; `until_wall` is the same moment on the schedule's wall.
    """

    team: str
    schedule: str
    timezone: str
    now: tuple[Who, ...]
    until: datetime | None
    shifts: tuple[ShiftView, ...]
    overrides: tuple[OverrideView, ...]
    more: int = 0
    until_wall: str = ""


class FindingView(View, frozen=True, kw_only=True):
    """Something that is wrong, before it matters. `kind` is gap, unreachable, calendar, double, quiet or contact;
    `people` are all whom it speaks of where they are several, by their ids.
    """

    kind: str
    team: str
    schedule: str
    text: str
    starts_at: datetime | None
    ends_at: datetime | None
    people: tuple[str, ...] = ()


class FeedView(View, frozen=True, kw_only=True):
    """A calendar feed; its secret is not known here."""

    id: str
    team: str
    what: str
    by: str
    since: datetime


class HandedView(View, frozen=True, kw_only=True):
    """The last hand-off of a team and what there is to tell of the time before; `told` says who was sent it."""

    team: str
    at: datetime
    text: str
    told: tuple[str, ...]


class SchedulesView(View, frozen=True, kw_only=True):
    """All schedules, everything that is wrong with them, and who may read them as a calendar."""

    at: datetime
    until: datetime
    schedules: tuple[ScheduleView, ...]
    findings: tuple[FindingView, ...]
    feeds: tuple[FeedView, ...]
    handed: tuple[HandedView, ...]
    hours: tuple[HoursView, ...]


class CallView(View, frozen=True, kw_only=True):
    """Pages of one person on one channel for one reason: the first, how many, the last.

    `until` names who joins after them and when, if nobody has acknowledged by then.
    """

    at: datetime
    after_s: int
    person: Who
    channel: str
    pages: int
    last_at: datetime
    why: str
    line: int | None
    until: str


class HoursView(View, frozen=True, kw_only=True):
    """A team's working hours in words, and when they begin next where they are over."""

    team: str
    during: tuple[str, ...]
    timezone: str
    closed: str
    is_open: bool
    opens_at: datetime


class ForecastView(View, frozen=True, kw_only=True):
    """Who would be called for an incident; `waits` say who has quiet hours, `notes` what else is worth
    knowing. `pages` are all of them in order."""

    team: str
    severity: str | None
    at: datetime
    until: datetime
    calls: tuple[CallView, ...]
    nobody: tuple[str, ...]
    waits: tuple[str, ...]
    notes: tuple[str, ...]
    pages: tuple[Expected, ...]


def show_schedule(
    team: str, plan: Plan, shifts: Sequence[Shift], overrides: Sequence[Override], now: datetime, name: Name
) -> ScheduleView:
    """One schedule; the shifts begin with the one that is on."""
    current = next((each for each in shifts if each.starts_at <= now < each.ends_at), None)
    last = shifts[-1].ends_at if shifts else None
    until = current.ends_at if current and current.ends_at != last else None
    return ScheduleView(
        team=team,
        schedule=plan.name,
        timezone=str(plan.zone),
        now=_list_people(current.people, name) if current else (),
        until=until,
        until_wall=f"{find_wall(until, plan.zone):%a %d %b %H:%M}" if until else "",
        shifts=tuple(_show_shift(each, plan.zone, now, name) for each in shifts[:MOST_SHOWN]),
        overrides=tuple(_show_override(each, plan, name) for each in overrides),
        more=len(shifts[MOST_SHOWN:]),
    )


def _list_people(people: Sequence[str], name: Name) -> tuple[Who, ...]:
    return tuple(Who(id=each, name=clean(name(each), 200)) for each in people)


def _show_shift(shift: Shift, zone: ZoneInfo, now: datetime, name: Name) -> ShiftView:
    return ShiftView(
        people=_list_people(shift.people, name),
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        wall=f"{find_wall(shift.starts_at, zone):%a %d %b %H:%M}",
        span_s=int((shift.ends_at - shift.starts_at).total_seconds()),
        source=shift.source,
        is_now=shift.starts_at <= now < shift.ends_at,
    )


def _show_override(each: Override, plan: Plan, name: Name) -> OverrideView:
    return OverrideView(
        id=each.id,
        schedule=each.schedule,
        person=_list_people([each.person], name)[0],
        instead=_list_people([each.instead], name)[0] if each.instead else None,
        starts_at=each.starts_at,
        ends_at=each.ends_at,
        by=clean(name(each.by), 200),
        reason=clean(each.reason, 300),
        swapped=each.swapped,
        notes=list_notes(each, plan.overrides, name),
    )


def show_hours(team: str, rota: Rota, now: datetime) -> HoursView:
    """The working hours in which a team counts what may wait."""
    hours, opens_at = rota.staffing.hours, rota.working.find_opening(now)
    holidays = hours.holidays
    closed = [f"public holidays of {holidays.region or holidays.country}"] if holidays is not None else []
    closed += [f"{day:%d %b %Y}" for day in hours.closed if day >= now.date()]
    return HoursView(
        team=team,
        during=hours.during,
        timezone=rota.staffing.timezone,
        closed=", ".join(closed),
        is_open=opens_at == now,
        opens_at=opens_at,
    )


def show_finding(finding: Finding) -> FindingView:
    """Something that is wrong."""
    return FindingView(
        kind=finding.kind,
        team=finding.team,
        schedule=finding.schedule,
        text=clean(finding.text, 400),
        starts_at=finding.starts_at,
        ends_at=finding.ends_at,
        people=finding.people,
    )


def show_feed(team: str, feed: Feed, name: Name) -> FeedView:
    """A calendar feed."""
    what = feed.schedule or name(feed.person)
    return FeedView(id=feed.id, team=team, what=clean(what, 200), by=clean(name(feed.by), 200), since=feed.since)


def show_handed(team: str, standing: Standing, name: Name) -> tuple[HandedView, ...]:
    """The last hand-off of a team, if there was one."""
    handed = standing.handed
    if handed is None:
        return ()
    told = (f"{name(each.person)}: {each.how or each.why}" for each in standing.told)
    text = clean(handed.summary, MOST_TEXT)
    return (HandedView(team=team, at=handed.handoff_at, text=text, told=tuple(clean(each, 300) for each in told)),)


def show_forecast(team: str, severity: str | None, found: Forecast, notes: Sequence[str], name: Name) -> ForecastView:
    """A forecast: pages of the same person, channel and reason as one line, in the order of their first."""
    groups: dict[tuple[str, str, int | None], list[Expected]] = {}
    for page in found.pages:
        groups.setdefault((page.responder, page.channel, page.line), []).append(page)
    firsts = {page.responder: page.at for page in reversed(found.pages)}
    nobody = tuple(
        f"{_spell_after(each.at - found.at)}: nobody answers to {', '.join(each.who)} ({each.why})"
        for each in found.joins
        if not each.responders
    )
    waits = tuple(
        f"{_spell_after(each.at - found.at)}: {name(each.responder)} has quiet hours until {each.until:%d %b %H:%M} UTC"
        for each in found.waits
    )
    return ForecastView(
        team=team,
        severity=severity,
        at=found.at,
        until=found.until,
        calls=tuple(_show_call(pages, found, firsts, name) for pages in groups.values()),
        nobody=nobody,
        waits=waits,
        notes=(*notes, *(["There are more pages than are shown."] if found.cut else [])),
        pages=found.pages,
    )


def _show_call(pages: Sequence[Expected], found: Forecast, firsts: dict[str, datetime], name: Name) -> CallView:
    first, last = pages[0], pages[-1]
    coming = sorted((at, who) for who, at in firsts.items() if at > first.at)
    joins = [name(who) for at, who in coming if at == coming[0][0]]
    until = f"{', '.join(joins)} joins at {_spell_after(coming[0][0] - found.at)}" if coming else "nobody else joins"
    return CallView(
        at=first.at,
        after_s=int((first.at - found.at).total_seconds()),
        person=_list_people([first.responder], name)[0],
        channel=first.channel,
        pages=len(pages),
        last_at=last.at,
        why=clean(first.why, 300),
        line=first.line,
        until=clean(until, 300),
    )


def _spell_after(after: timedelta) -> str:
    """``+0 s``, ``+1 h 5 min 30 s``."""
    return f"+{spell_exactly(int(after.total_seconds()))}"
