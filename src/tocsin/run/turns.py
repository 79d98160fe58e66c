"""What people say about the way: we go this one, and we go on in that scenario too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from tocsin.errors import Denied, IllegalMove, NotFound
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.office import require_decider
from tocsin.incident.scenario import find_scenario
from tocsin.incident.state import Incident, Taken
from tocsin.playbook.model import Procedure
from tocsin.run.choice import Choice, Way, find_choices, find_untaken, find_way, find_ways
from tocsin.run.jump import find_jumps
from tocsin.run.program import Task
from tocsin.timeline import events as e
from tocsin.words import Effect, Permission

MOST_LISTED = 12


class TakeWay(Command, frozen=True, kw_only=True):
    """We go the way that stands on this line of the playbook; what was taken before needs a reason to be left."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    line: int
    reason: str = ""


class PursueScenario(Command, frozen=True, kw_only=True):
    """The incident goes on in this scenario of its playbook too: what it forbids holds from now on."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    scenario: str
    reason: str = ""


def take_ways(task: Task, incident: Incident, by: str) -> tuple[e.WayTaken, ...]:
    """Whoever lets a change run has taken the ways that it stands on."""
    if task.procedure is None or task.effect.rank <= Effect.READ_SENSITIVE.rank:
        return ()
    ways = find_untaken(task.procedure, task.id, incident)
    return tuple(e.WayTaken(line=way.line, words=way.words, by=by, step=task.id) for way in ways)


def take_exclusive(procedure: Procedure, step_id: str, incident: Incident, by: str) -> tuple[e.WayTaken, ...]:
    """Whoever has done by hand what stands on one of several ways has taken it, if only one can be meant."""
    only = {way.line for choice, way in find_ways(procedure, step_id) if choice.exclusive}
    ways = (way for way in find_untaken(procedure, step_id, incident) if way.line in only)
    return tuple(e.WayTaken(line=way.line, words=way.words, by=by, step=step_id) for way in ways)


def find_left(choice: Choice, way: Way, incident: Incident) -> dict[int, Taken]:
    """The ways of a choice that were taken and that this one comes beside, or takes the place of."""
    return {each.line: incident.taken[each.line] for each in choice.others(way) if each.line in incident.taken}


def _take(incident: Incident, book: Book, command: TakeWay, now: datetime) -> tuple[e.Event, ...]:
    _require_open(incident)
    pairs = (find_way(procedure, command.line) for procedure in book.procedures(incident))
    found = next((pair for pair in pairs if pair is not None), None)
    if found is None:
        lines = [way.line for each in book.procedures(incident) for way in _list_ways(each)]
        listed = ", ".join(map(str, lines[:MOST_LISTED])) + (" …" if len(lines) > MOST_LISTED else "")
        raise NotFound(f"No way begins on line {command.line}; ways begin on {listed or 'no line'}.")
    choice, way = found
    if way.line in incident.taken:
        return ()
    require_decider(incident, book, command.by, way.words)
    left = find_left(choice, way, incident)
    if left and not command.reason.strip():
        line, taken = next(iter(left.items()))
        raise Denied(f"{taken.by} took line {line} (“{taken.words}”) before: say with --reason why this one now.")
    instead = tuple(left) if choice.exclusive else ()
    return (e.WayTaken(line=way.line, words=way.words, by=command.by, reason=command.reason, instead=instead),)


def _list_ways(procedure: Procedure) -> Iterator[Way]:
    for choice in find_choices(procedure):
        yield from choice.ways


def _pursue(incident: Incident, book: Book, command: PursueScenario, now: datetime) -> tuple[e.Event, ...]:
    _require_open(incident)
    if incident.scenario_line is None:
        raise IllegalMove(f"Nobody knows yet which scenario this is; say so first: tocsin scenario {incident.id} …")
    found = find_scenario(book.playbook, command.scenario)
    if found.line in (incident.scenario_line, *incident.pursued):
        return ()
    jumps = (jump for each in book.scenarios(incident) for jump in find_jumps(book.playbook.scenarios, each))
    line = next((jump.line for jump in jumps if jump.to == found.line), None)
    return (
        e.ScenarioPursued(
            scenario=found.title, scenario_line=found.line, by=command.by, line=line, reason=command.reason
        ),
    )


def _require_open(incident: Incident) -> None:
    if not incident.is_open:
        raise IllegalMove(f"This incident is {incident.status}; if it is not over, reopen it first, with a reason.")


DECISIONS: dict[type[Command], Decision] = {TakeWay: _take, PursueScenario: _pursue}
