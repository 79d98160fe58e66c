"""Opening an incident: its id and number are counted in the transaction that holds its first events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tocsin.alert.group import TRIAGE
from tocsin.alert.row import AlertRow
from tocsin.engine.journal import Journal
from tocsin.engine.shelf import TeamShelf
from tocsin.errors import NotFound
from tocsin.incident.number import spell_number
from tocsin.incident.scenario import find_scenario
from tocsin.playbook.model import Playbook
from tocsin.timeline.events import Event, IncidentOpened

Events = Callable[[str], tuple[Event, ...]]
"""The first events of an incident, given its number."""


async def open_incident(
    journal: Journal, team: str, events: Events, row: AlertRow | None, cause: str, seen: int | None = None
) -> str:
    """Open an incident for `team`; its id. The caller holds the team's lock of the intake: no count is used twice.

    `seen` is how many incidents there were when it was decided to open one. Raises `Stale` if another node has opened
    one since.
    """
    now = journal.clock.now()
    stream_count = (await journal.store.count(f"incident/{team}") if seen is None else seen) + 1
    day_count = await journal.store.count(_day(team, now)) + 1
    stream = f"{team}-{stream_count}"
    number = spell_number(_pattern(journal, team), now, day_count)
    rows = () if row is None else (_belonging(row, stream),)
    await journal.change(
        stream,
        lambda incident, book: events(number),
        cause=cause,
        alerts=rows,
        counters={f"incident/{team}": stream_count, _day(team, now): day_count},
    )
    return stream


def _day(team: str, now: datetime) -> str:
    return f"number/{team}/{now:%Y-%m-%d}"


def _belonging(row: AlertRow, stream: str) -> AlertRow:
    from msgspec.structs import replace

    return replace(row, incident=stream)


def _pattern(journal: Journal, team: str) -> str | None:
    shelf = journal.shelf.settings.teams.get(team)
    pattern = shelf.playbook.number_pattern if shelf else None
    return pattern.text if pattern else None


def declared(shelf: TeamShelf | None, title: str, scenario: str | None, severity: str | None, by: str) -> Events:
    """The first event of an incident that a person declares. Raises `NotFound` naming what the playbook does have."""
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
        return (opened,)

    return events


def _find_severity(playbook: Playbook, wanted: str) -> str:
    known = [severity.id for severity in playbook.severities]
    found = next((each for each in known if each.casefold() == wanted.casefold()), None)
    if found is None:
        raise NotFound(f"The playbook has no severity {wanted!r}; it has {', '.join(known) or 'none'}.")
    return found
