"""What the team's own predicates say of outputs: which way is taken without asking, and which check has passed.

The output is that of the step's last run, with its secrets taken out; of a step on several targets, that of each. A way
is taken if one of them speaks for it; a check has passed once all of them do. Where one is not at hand yet (the plan
that comes with it is made before anybody could read it), the planner asks to be asked again at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.incident.book import Book, number_steps
from tocsin.incident.predicate import Predicate, holds
from tocsin.incident.state import Incident, StepRecord
from tocsin.playbook.model import Procedure
from tocsin.run.answers import Spoken, ask_each, list_outputs, name_targets, read_answers
from tocsin.run.choice import Choice, Way, find_choices
from tocsin.timeline.events import WayTaken
from tocsin.words import StepState, Tells

ENDED = frozenset({StepState.OK, StepState.FAILED})


def find_read(predicate: Predicate, procedure: Procedure) -> Iterator[str]:
    """The steps of a procedure whose statement a predicate is over."""
    wanted = fold(predicate.reads)
    for step_id, step in number_steps(procedure):
        if step.statement is not None and fold(step.statement.text).startswith(wanted):
            yield step_id


def find_ways_of(predicate: Predicate, procedure: Procedure) -> list[tuple[Choice, Way]]:
    """The ways that a predicate takes."""
    wanted = fold(predicate.takes)
    if not wanted:
        return []
    pairs = ((choice, way) for choice in find_choices(procedure) for way in choice.ways)
    return [(choice, way) for choice, way in pairs if fold(way.words).startswith(wanted)]


def fold(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(" :")


def tell(predicate: Predicate, record: StepRecord, book: Book) -> Spoken | None:
    """On which targets a predicate holds for what a step gave last; null where that is unknown, or not at hand yet."""
    answers = read_answers(record, book) if record.state in ENDED and record.exit_code is not None else None
    if answers is None:
        return None
    return ask_each(answers, lambda each: holds(predicate, each.output, each.exit_code))


def is_unread(incident: Incident, book: Book) -> bool:
    """Whether an output that a predicate or a wait is over is there, and not at hand."""
    return any(digest not in book.outputs for digest in find_wanted(incident, book))


def find_wanted(incident: Incident, book: Book) -> tuple[str, ...]:
    """The outputs that the team's predicates and open waits are over, by digest: of steps that have ended."""
    steps = (
        step
        for predicate in book.policy.predicates.values()
        for procedure in book.scenarios(incident)
        for step in find_read(predicate, procedure)
    )
    asked = (wait.look for wait in incident.waits.values() if wait.is_open and wait.tells is not Tells.EXIT)
    records = (incident.steps.get(step) for step in dict.fromkeys((*steps, *asked)))
    ended = (record for record in records if record is not None and record.state in ENDED)
    return tuple(dict.fromkeys(each for record in ended for each in list_outputs(record)))


def take_judged(incident: Incident, book: Book) -> Iterator[WayTaken]:
    """The ways that predicates take: never where somebody has chosen already, or where two of one choice hold."""
    for procedure in book.scenarios(incident):
        found: dict[int, tuple[Choice, Way, str, str]] = {}
        for name, predicate in book.policy.predicates.items():
            step, on = next(_list_speaking(predicate, procedure, incident, book), ("", ""))
            for choice, way in find_ways_of(predicate, procedure) if step else ():
                reason = f"predicate {name} holds for what {step} printed{on and f' on {on}'}"
                found[way.line] = (choice, way, step, reason)
        for choice, way, step, reason in found.values():
            rivals = sum(other.line in found for other in choice.ways)
            if any(each.line in incident.taken for each in choice.ways) or (rivals > 1 and choice.exclusive):
                continue
            yield WayTaken(line=way.line, words=way.words, by="tocsin", reason=reason, step=step)


def _list_speaking(
    predicate: Predicate, procedure: Procedure, incident: Incident, book: Book
) -> Iterator[tuple[str, str]]:
    """The steps whose output speaks for a predicate, each with the names of the targets where it does."""
    for step in find_read(predicate, procedure):
        record = incident.steps.get(step)
        spoken = tell(predicate, record, book) if record is not None else None
        if spoken is not None and spoken.yes:
            yield step, name_targets(spoken.yes)
