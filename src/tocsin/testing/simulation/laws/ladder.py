"""A rung of the ladder is called exactly if nobody had acknowledged by its time, and then at most a second late.

The times are reckoned here anew, from the settings and the timeline: the rungs follow each other by the severity's
clock, an empty one hands on at once, a changed severity and a return begin anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from tocsin.engine.shelf import TeamShelf
from tocsin.playbook.model import Severity
from tocsin.testing.simulation.laws.alerts import list_alerts
from tocsin.testing.simulation.laws.evidence import Evidence, Violation
from tocsin.testing.simulation.laws.quiet import reckon
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import Calendar

UNKNOWN_S, MOST_S, DAY_S = 900, 300.0, 86400
SLACK_S = 0.001
OPENS, CLOSES, FRIDAY = 9, 17, 5
OVER = (e.Resolved, e.Closed, e.Dismissed, e.Merged)


def check_ladder(evidence: Evidence) -> Iterator[Violation]:
    """The law, for every incident whose team stays the same."""
    for stream, entries in evidence.incidents.items():
        shelf = evidence.cast.settings.teams.get(stream.rpartition("-")[0])
        if shelf is not None and not any(isinstance(entry.event, e.ScenarioChosen) for entry in entries):
            yield from _Ladder(evidence, stream, shelf).climb(entries)


def _level(event: e.Event) -> int:
    """The rung that an event calls; 0 if it calls none."""
    if isinstance(event, e.LevelJoined) and event.key.startswith("level:"):
        return int(event.key.partition(":")[2])
    return 0


class _Ladder:
    """One incident's ladder, entry by entry."""

    def __init__(self, evidence: Evidence, stream: str, shelf: TeamShelf) -> None:
        self.evidence, self.stream, self.shelf = evidence, stream, shelf
        self.started = self.changed = 0.0
        self.severity: str | None = None
        self.calling = False
        self.joined: set[int] = set()
        self.hurried = False
        self.spells: list[tuple[float, float]] = []

    def climb(self, entries: list[Entry]) -> Iterator[Violation]:
        self.spells = self._list_spells(entries)
        for moment, together in groupby(entries, key=lambda entry: entry.recorded_at):
            now, events = self.evidence.seconds(moment), [entry.event for entry in together]
            yield from self._find_missed(now, {_level(event) for event in events})
            for event in events:
                if _level(event):
                    assert isinstance(event, e.LevelJoined)
                    yield from self._join(event, now)
                else:
                    self._turn(event, now)
        end = self.evidence.stretches[-1]
        yield from self._find_missed(end.end + end.ahead, set())

    def _turn(self, event: e.Event, now: float) -> None:
        match event:
            case e.IncidentOpened(severity=severity):
                self.severity, self.started, self.calling = severity, now, True
            case e.Reopened():
                self.started, self.changed, self.calling, self.hurried = now, 0.0, True, False
                self.joined = set()
            case e.SeveritySet(severity=severity):
                self.changed = now if self.severity is not None else 0.0
                self.severity = severity
            case e.Acknowledged():
                self.calling = False
            case _ if isinstance(event, OVER):
                self.calling = False

    def _join(self, event: e.LevelJoined, now: float) -> Iterator[Violation]:
        level = _level(event)
        due = self._due(level)
        if not self.calling:
            yield self._tell("escalated after acknowledgement", event.key, due, now)
        elif level in self.joined:
            yield self._tell("escalated twice", event.key, due, now)
        elif self._may_be_hushed(max(due, now)):
            pass
        elif now < due - SLACK_S and not self.hurried:
            yield self._tell("escalated early", event.key, due, now)
        elif not self.hurried and now > self._limit(due):
            yield self._tell("escalated late", event.key, due, now)
        self.joined.add(level)
        self.hurried = not event.responders

    def _find_missed(self, now: float, called: set[int]) -> Iterator[Violation]:
        """The rungs that should have been called before `now` and were not, but for those `called` now."""
        if not self.calling:
            return
        last = 1 if self._is_quiet() else len(self.shelf.staffing.levels)
        for level in range(1, last + 1):
            if (
                level not in self.joined | called
                and self._due(level) + 1 < now
                and self._limit(self._due(level)) < now - SLACK_S
                and not self._may_be_hushed(self._limit(self._due(level)))
            ):
                self.joined.add(level)
                yield self._tell("not escalated", f"level:{level}", self._due(level), now)

    def _list_spells(self, entries: list[Entry]) -> list[tuple[float, float]]:
        """What may have kept calls back, and had them begin anew at its end: then other laws say who is called."""
        team, alerts = self.stream.rpartition("-")[0], list_alerts(entries)
        begun = self.evidence.seconds(entries[0].recorded_at)
        spells = reckon(self.evidence).find(team, begun, self.evidence.seconds(entries[-1].recorded_at) + DAY_S)
        return [each.maybe for each in spells if not each.matchers or any(map(each.fits, alerts))]

    def _may_be_hushed(self, until: float) -> bool:
        """Whether something did, since the ladder began and before `until`."""
        return any(begin <= until + 1 and end >= self.started for begin, end in self.spells)

    def _due(self, level: int) -> float:
        severity = self._find_severity()
        within = self._find_within(severity)
        after = (level - 1) * min(MOST_S, (within or 3 * MOST_S) / 3)
        return wait_for_work(self.evidence, self.shelf, self.severity, max(self.started + after, self.changed))

    def _limit(self, due: float) -> float:
        since = max(self.started, self.changed)
        return self.evidence.find_limit(due, max([0.0, *self.evidence.find_moments(since)]))

    def _find_severity(self) -> Severity | None:
        return find_severity(self.shelf, self.severity)

    def _find_within(self, severity: Severity | None) -> int | None:
        """The response time in seconds; for "immediate" the next one that has a number, at most 15 minutes."""
        if severity is None:
            return UNKNOWN_S
        if severity.response.within_s is None and severity.response.immediate:
            below = [each.response.within_s for each in self.shelf.playbook.severities if each.rank > severity.rank]
            return min([UNKNOWN_S, *(each for each in below if each)])
        return severity.response.within_s

    def _is_quiet(self) -> bool:
        return is_quiet(self.shelf, self.severity)

    def _tell(self, law: str, key: str, due: float, now: float) -> Violation:
        return Violation(law, self.stream, f"{key} was due at {due:.3f}, and it is {now:.3f}.")


def find_severity(shelf: TeamShelf, name: str | None) -> Severity | None:
    """The severity by which people are called: the worst while it is not known."""
    severities = shelf.playbook.severities
    worst = min(severities, key=lambda each: each.rank, default=None)
    return next((each for each in severities if each.id == name), worst)


def wait_for_work(evidence: Evidence, shelf: TeamShelf, name: str | None, at: float) -> float:
    """When a first call goes out that is due at `at`: what is not counted as the clock runs waits for working hours,
    Monday to Friday from nine to five by the wall clock of the team's zone.
    """
    severity = find_severity(shelf, name)
    if severity is None or severity.response.calendar is Calendar.ELAPSED:
        return at
    zone = ZoneInfo(shelf.staffing.timezone)
    local = (evidence.record.start + timedelta(seconds=at)).astimezone(zone)
    if local.isoweekday() <= FRIDAY and OPENS <= local.hour < CLOSES:
        return at
    day = local.date() + timedelta(days=local.hour >= OPENS)
    while day.isoweekday() > FRIDAY:
        day += timedelta(days=1)
    return evidence.seconds(datetime(day.year, day.month, day.day, OPENS, tzinfo=zone))


def is_only_told(shelf: TeamShelf, name: str | None) -> bool:
    """Whether nobody is called at all: they are told, and have until the next working day."""
    severity = find_severity(shelf, name)
    return severity is not None and severity.response.calendar is Calendar.NEXT_BUSINESS_DAY


def is_quiet(shelf: TeamShelf, name: str | None) -> bool:
    """Whether nobody is woken: one call, once."""
    severity = find_severity(shelf, name)
    if severity is None:
        return False
    return severity.response.calendar is not Calendar.ELAPSED or (severity.response.within_s or 0) >= DAY_S
