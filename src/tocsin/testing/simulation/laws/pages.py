"""Pages: decided once, carried out, marked when repeated, soon, to the right people, and never after their answer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tocsin.oncall.settings import Schedule, Staffing
from tocsin.testing.simulation.laws.evidence import Evidence, Violation, find_lives
from tocsin.testing.simulation.laws.wall import first_shown
from tocsin.testing.simulation.record import Arrived
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

SLACK_S = 0.001
SOON_S = 30.0
"""From the decision of a page until it leaves: a channel's own places may be taken by pages that time out."""


def check_decided_once(evidence: Evidence) -> Iterator[Violation]:
    """One decision for each incident, call, round, responder and channel; an answer ends a call."""
    for stream, entries in evidence.incidents.items():
        calls: dict[str, int] = {}
        taken, seen = False, set[tuple[object, ...]]()
        for entry in entries:
            event = entry.event
            match event:
                case e.Acknowledged(by=by):
                    ended = list(calls) if not taken else [by]
                    taken = True
                case e.Reopened():
                    ended, taken = list(calls), False
                case e.PageRequested(informs=False):
                    ended = []
                    key = (calls.setdefault(event.responder, 0), event.round, event.responder, event.channel)
                    if key in seen:
                        yield Violation("page decided twice", stream, f"Entry {entry.seq}: {key}.")
                    seen.add(key)
                case _:
                    ended = []
            for responder in ended:
                calls[responder] = calls.get(responder, 0) + 1


def check_carried_out(evidence: Evidence) -> Iterator[Violation]:
    """Everything that was decided has one outcome, and what was said to be delivered did arrive."""
    arrived = {page.key for page in evidence.record.arrived}
    for stream, entries in evidence.incidents.items():
        intents = {entry.seq: entry for entry in entries if isinstance(entry.event, e.Intent)}
        answers: dict[int, int] = {}
        doubted = set[int]()
        for entry in entries:
            event = entry.event
            if isinstance(event, e.StepFinished) and event.answers in doubted:
                doubted.discard(event.answers)  # the node that ran it is back, and says how it ended
            elif isinstance(event, e.Outcome) and event.closes:
                answers[event.answers] = answers.get(event.answers, 0) + 1
                doubted |= {event.answers} if isinstance(event, e.StepInDoubt) else set()
            if isinstance(event, e.PageDelivered) and f"{stream}:{event.answers}" not in arrived:
                yield Violation("delivered to nobody", stream, f"Entry {entry.seq}: no channel has it.")
        for seq, entry in intents.items():
            if answers.get(seq, 0) != 1:
                text = f"Entry {seq}: {entry.event.kind} has {answers.get(seq, 0)} outcomes."
                yield Violation("not carried out once", stream, text)


def check_marked(evidence: Evidence) -> Iterator[Violation]:
    """What arrives was decided before it left; what was sent again says so."""
    decided = {
        f"{stream}:{entry.seq}": entry
        for stream, entries in evidence.incidents.items()
        for entry in entries
        if isinstance(entry.event, e.PageRequested)
    }
    first: dict[str, Arrived] = {}
    for page in sorted(evidence.record.arrived, key=lambda page: page.left_at):
        if page.key not in decided:
            yield Violation("page never decided", page.stream, f"{page.key} reached {page.responder}.")
        elif page.key in first and not page.copy and not page.repeat:
            yield Violation("repeat not marked", page.stream, f"{page.key} left again at {page.left_at:.1f}.")
        else:
            first.setdefault(page.key, page)
    for key, page in first.items():
        yield from _check_soon(evidence, decided[key], page)


def _check_soon(evidence: Evidence, entry: Entry, page: Arrived) -> Iterator[Violation]:
    """It left soon after it was decided, on the same clock, unless the server was away."""
    decided = evidence.seconds(entry.recorded_at)
    moments = evidence.find_moments(decided)
    if not any(at <= page.left_at + SLACK_S for at in moments):
        yield Violation("page before its decision", page.stream, f"{page.key} left at {page.left_at:.3f}.")
        return
    at = max(at for at in moments if at <= page.left_at + SLACK_S)
    since = _wait_for_channel(evidence, page, at)
    limit = evidence.find_limit(decided + since - at, since, SOON_S)
    if page.left_at - since > SOON_S and page.left_at > _to_true(evidence, limit):
        yield Violation("page too late", page.stream, f"{page.key} left {page.left_at - at:.1f} s after its decision.")


def _wait_for_channel(evidence: Evidence, page: Arrived, since: float) -> float:
    """Until when its channel took no pages, each tried soon after the one before: a page with no other way waits. While
    the server is away nothing is tried, and little where its disk has just refused.
    """
    turned = evidence.turned.get(page.channel, [])
    for at in turned[bisect_right(turned, since) :]:
        soon = evidence.wait_for_disk(since, since + SOON_S, SOON_S)
        if at > page.left_at or (at > soon and _count_served(evidence, since, at) > SOON_S):
            break
        since = at
    return since


def _count_served(evidence: Evidence, since: float, until: float) -> float:
    """For how many seconds of a stretch of true time the server ran."""
    return sum(max(0.0, min(each.end, until) - max(each.begin, since)) for each in evidence.stretches)


def _to_true(evidence: Evidence, clock: float) -> float:
    return max(evidence.find_moments(clock), default=float("inf"))


def check_quiet(evidence: Evidence) -> Iterator[Violation]:
    """Nobody is paged after their acknowledgement was acknowledged, unless the incident came back."""
    told: dict[tuple[str, str], float] = {}
    for asked in evidence.record.asked:
        if asked.verb == "acknowledge":
            who = (asked.stream, asked.by)
            told[who] = min(asked.answered_at, told.get(who, float("inf")))
    for page in evidence.record.arrived:
        at = told.get((page.stream, page.responder))
        if at is None or page.left_at <= at + SLACK_S or _informs(evidence, page):
            continue
        last = _last_answer(evidence, page)
        if last is not None and page.left_at > last + SLACK_S:
            text = f"{page.responder} was told at {last:.3f} that they have it; {page.key} left at {page.left_at:.3f}."
            yield Violation("paged after acknowledgement", page.stream, text)


def _informs(evidence: Evidence, page: Arrived) -> bool:
    """Whether a page only tells, and wants no answer."""
    seq, entries = int(page.key.rpartition(":")[2]), evidence.incidents[page.stream]
    intent = entries[seq - 1].event if seq <= len(entries) else None
    return isinstance(intent, e.PageRequested) and intent.informs


def _last_answer(evidence: Evidence, page: Arrived) -> float | None:
    """When they were first told so of a call that this page goes on with; null if it is the first since the incident
    last came back, whatever they may have pressed on an older page.
    """
    before = evidence.incidents[page.stream][: int(page.key.rpartition(":")[2]) - 1]
    calls = [entry for entry in find_lives(before)[-1] if _calls(entry.event, page.responder)]
    if not calls:
        return None
    since = max(evidence.find_moments(evidence.seconds(calls[0].recorded_at)), default=0.0)
    answers = [
        asked.answered_at
        for asked in evidence.record.asked
        if asked.verb == "acknowledge"
        and (asked.stream, asked.by) == (page.stream, page.responder)
        and asked.at >= since
    ]
    return min(answers, default=None)


def _calls(event: e.Event, responder: str) -> bool:
    return isinstance(event, e.PageRequested) and event.responder == responder and not event.informs


# ── who ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def check_people(evidence: Evidence) -> Iterator[Violation]:
    """Each rung of a team's ladder called whose turn it was, by the clock on the wall of the rota's zone."""
    for stream, entries in evidence.incidents.items():
        team = stream.rpartition("-")[0]
        shelf = evidence.cast.settings.teams.get(team)
        for entry in entries:
            if shelf is None or isinstance(entry.event, e.ScenarioChosen):
                break
            if isinstance(entry.event, e.LevelJoined) and entry.event.key.startswith("level:"):
                expected = _find_people(shelf.staffing, entry.event.who, entry.recorded_at)
                if entry.event.responders != expected:
                    text = f"{entry.event.key} called {entry.event.responders} and not {expected}."
                    yield Violation("wrong people", stream, f"{entry.recorded_at}: {text}")


def _find_people(staffing: Staffing, names: tuple[str, ...], at: datetime) -> tuple[str, ...]:
    found = dict[str, None]()
    for name in names:
        schedule = staffing.schedules.get(name)
        found |= dict.fromkeys((name,) if schedule is None else _on_duty(schedule, staffing.timezone, at))
    return tuple(found)


def _on_duty(schedule: Schedule, zone: str, at: datetime) -> tuple[str, ...]:
    if not schedule.people:
        return ()
    days = {"daily": 1, "weekly": 7}[schedule.rotation]
    turn = bisect_right(_list_handoffs(schedule.start, schedule.handoff, days, zone), at) - 1
    return (schedule.people[turn % len(schedule.people)],)


@lru_cache
def _list_handoffs(start: object, handoff: str, days: int, zone: str) -> list[datetime]:
    """Every hand-off for years, one after the other, each when the clock on the wall first shows its time."""
    assert hasattr(start, "weekday")
    weekday, _, clock = handoff.rpartition(" ")
    hour, minute = map(int, clock.split(":"))
    day = datetime(start.year, start.month, start.day, hour, minute)  # type: ignore[attr-defined]  # noqa: DTZ001 wall time
    while weekday and f"{day:%A}" != weekday:
        day += timedelta(days=1)
    found = []
    while day.year < 2029:
        found.append(first_shown(day, ZoneInfo(zone)))
        day += timedelta(days=days)
    return found
