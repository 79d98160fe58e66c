"""Opening an incident: its id and number are counted in the transaction that holds its first events."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tocsin.alert.group import TRIAGE
from tocsin.engine.contracts import Write
from tocsin.engine.journal import Journal
from tocsin.engine.shelf import TeamShelf
from tocsin.errors import NotFound, Stale
from tocsin.incident.book import Book
from tocsin.incident.number import spell_number
from tocsin.incident.scenario import find_scenario
from tocsin.incident.state import Incident
from tocsin.playbook.model import Playbook
from tocsin.timeline.events import Event, IncidentOpened, MadePrivate

Events = Callable[[str], tuple[Event, ...]]
"""The first events of an incident, given its number."""


class Opening(NamedTuple):
    """An incident that is about to be opened: its stream, its number, and the counters that must stand for both."""

    stream: str
    number: str
    counters: dict[str, int]


async def count_on(journal: Journal, team: str, most: int = 1, seen: int | None = None) -> list[Opening]:
    """The next `most` incidents of a team, whose ids and numbers nobody else uses while the intake's lane is held.

    `seen` is how many there were when it was decided to open more; if another node has opened one since, the commit
    raises `Stale`. Each names the counters as they stand after it; the last of those that are opened together counts.
    """
    now = journal.clock.now()
    names = (f"incident/{team}", f"number/{team}/{now:%Y-%m-%d}")
    streams, days = [await journal.counts.find(name) for name in names]
    streams = streams if seen is None else seen
    pattern = _pattern(journal, team)
    return [
        Opening(
            stream=f"{team}-{streams + at}",
            number=spell_number(pattern, now, days + at),
            counters={names[0]: streams + at, names[1]: days + at},
        )
        for at in range(1, most + 1)
    ]


async def open_incident(journal: Journal, team: str, events: Events, cause: str) -> str:
    """Open an incident for `team`; its id. The caller holds the team's lane of the intake.

    Raises `Stale` if another node has opened the one that was next.
    """
    (opening,) = await count_on(journal, team)

    def begin(incident: Incident | None, book: Book) -> tuple[Event, ...]:
        if incident is not None:  # between the count and now
            raise Stale(f"{opening.stream} has been opened elsewhere.")
        return events(opening.number)

    await journal.change(opening.stream, begin, cause=cause, write=Write(counters=opening.counters))
    journal.counts.note(opening.counters)
    return opening.stream


def _pattern(journal: Journal, team: str) -> str | None:
    shelf = journal.shelf.settings.teams.get(team)
    pattern = shelf.playbook.number_pattern if shelf else None
    return pattern.text if pattern else None


def declared(
    shelf: TeamShelf | None, title: str, scenario: str | None, severity: str | None, by: str, *, private: bool = False
) -> Events:
    """The first events of an incident that a person declares. Raises `NotFound` naming what the playbook does have."""
    playbook = shelf.playbook if shelf else Playbook(path="", digest="", is_playbook=False)
    found = find_scenario(playbook, scenario) if scenario else None
    chosen = _find_severity(playbook, severity) if severity else None
    if chosen is None and found is not None and len(found.severities) == 1:
        chosen = found.severities[0]

    def events(number: str) -> tuple[Event, ...]:
        opened = IncidentOpened(
            team=shelf.policy.team if shelf else TRIAGE,
            number=number,
            title=title or (found.title if found else "Declared by hand"),
            by=by,
            origin="person",
            playbook=playbook.digest,
            model=shelf.model if shelf else "",
            scenario=found.title if found else None,
            scenario_line=found.line if found else None,
            severity=chosen,
        )
        return (opened, MadePrivate(by=by, reason="it was declared so", invited=(by,))) if private else (opened,)

    return events


def _find_severity(playbook: Playbook, wanted: str) -> str:
    known = [severity.id for severity in playbook.severities]
    found = next((each for each in known if each.casefold() == wanted.casefold()), None)
    if found is None:
        raise NotFound(f"The playbook has no severity {wanted!r}; it has {', '.join(known) or 'none'}.")
    return found
