"""Which incidents are open: by what an alert must have to join one, and by whether they forbid anything.

A storm asks for each alert, so nothing here looks at an incident that it does not answer with. A team's index is made
from the cards when it is first asked for, and kept true by the journal after each commit.
"""

from __future__ import annotations

from typing import NamedTuple

from tocsin.engine.contracts import Card
from tocsin.engine.forbidding import Forbidding, Rule, name_unread
from tocsin.engine.forbidding import Mark as ForbidMark
from tocsin.incident.state import Incident

NONE = frozenset[Rule]()


class Mark(NamedTuple):
    """What an alert must have in common with an incident to join it; the name counts only without a scenario."""

    scenario: str | None
    name: str
    group: str


class Known(NamedTuple):
    """What the index holds of an open incident; of one without a scenario `size` alerts have been looked at."""

    marks: frozenset[Mark]
    rules: frozenset[Rule]
    size: int


class TeamIndex:
    """The open incidents of one team, the first opened first."""

    def __init__(self) -> None:
        self.streams: dict[str, Known] = {}
        self.forbidding = Forbidding()
        self._by_mark: dict[Mark, dict[str, None]] = {}

    def find(self, mark: Mark) -> str | None:
        """The open incident that an alert joins."""
        return next(iter(self._by_mark.get(mark, ())), None)

    def take_card(self, card: Card) -> None:
        """An open incident of a scenario, as its card shows it."""
        mark = Mark(card.scenario, "", card.grouping)
        self._put(card.id, Known(frozenset((mark,)), name_unread(card.id) if card.forbids else NONE, 0))

    def take(self, incident: Incident, rules: frozenset[Rule]) -> None:
        """An open incident as it is now."""
        size = 0 if incident.scenario is not None else len(incident.alerts)
        before = self.streams.get(incident.id)
        if before is not None and before.rules == rules and before.size == size and _fits(before, incident):
            return
        self._put(incident.id, Known(find_marks(incident), rules, size))

    def _put(self, stream: str, known: Known) -> None:
        before = self.streams.get(stream)
        for mark in before.marks - known.marks if before else ():
            self._take_off(mark, stream)
        for mark in known.marks - before.marks if before else known.marks:
            self._by_mark.setdefault(mark, {})[stream] = None
        self.streams[stream] = known
        self.forbidding.put(stream, known.rules)

    def drop(self, stream: str) -> None:
        """It is not open, or not this team's."""
        before = self.streams.pop(stream, None)
        self.forbidding.put(stream, NONE)
        for mark in before.marks if before else ():
            self._take_off(mark, stream)

    def _take_off(self, mark: Mark, stream: str) -> None:
        holders = self._by_mark[mark]
        del holders[stream]
        if not holders:
            del self._by_mark[mark]


def find_marks(incident: Incident) -> frozenset[Mark]:
    """What alerts must have to join an incident."""
    if incident.scenario is not None:
        return frozenset((Mark(incident.scenario, "", incident.group),))
    return frozenset(Mark(None, alert.seen.name, incident.group) for alert in incident.alerts.values())


def _fits(known: Known, incident: Incident) -> bool:
    """Whether the marks are those of the scenario that the incident has now."""
    return all(mark.scenario == incident.scenario for mark in known.marks) and bool(known.marks)


class OpenIndex:
    """The indexes of the teams that have been asked about."""

    def __init__(self) -> None:
        self.teams: dict[str, TeamIndex] = {}
        self._missed: list[tuple[Incident, frozenset[Rule]]] | None = None
        self._forgotten: set[str] = set()

    def begin(self) -> None:
        """A team's index is being made: what changes meanwhile is kept."""
        self._missed = []
        self._forgotten.clear()

    def end(self, team: str, made: TeamIndex) -> None:
        """It is made, and brought up to date; not kept if it was to be forgotten meanwhile."""
        missed, self._missed = self._missed or [], None
        self.teams[team] = made
        for incident, rules in missed:
            self.note(incident, rules)
        if team in self._forgotten:
            del self.teams[team]

    def find_mark(self, team: str) -> ForbidMark | None:
        """Of what a team's open incidents forbid; null where that is not known."""
        index = self.teams.get(team)
        return index.forbidding.mark if index is not None else None

    def forget(self, team: str) -> None:
        """Only the disk knows what a team has open."""
        self.teams.pop(team, None)
        self._forgotten.add(team)

    def note(self, incident: Incident, rules: frozenset[Rule]) -> None:
        """Keep the indexes true after a change of an incident, which may have changed its team."""
        if self._missed is not None:
            self._missed.append((incident, rules))
        for team, index in self.teams.items():
            if team == incident.team and incident.is_open:
                index.take(incident, rules)
            elif incident.id in index.streams:
                index.drop(incident.id)
