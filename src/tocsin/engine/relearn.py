"""What is known today of commands, laid over a playbook as an incident has pinned it.

An incident keeps its playbook word for word. But a verdict of the catalogue that was given or withdrawn meanwhile (its
script has changed) holds at once: nothing goes on by itself that nobody vouches for any more, and nothing is asked
about twice. And lines of a duty after the end that are but titles are none to tick.
"""

from __future__ import annotations

from msgspec.structs import replace

from tocsin.playbook.model import Playbook, Procedure, Remark, Review, Statement
from tocsin.words import Effect

Known = dict[tuple[int, str], Statement]


def relearn(pinned: Playbook, today: Playbook) -> Playbook:
    """The pinned playbook with the effects that its statements have today, where one of both is unknown.

    `today` is the same text, compiled anew; where nothing differs, the answer is `pinned` itself.
    """
    known = {(each.line, each.text): each for each in today.statements}
    scenarios = tuple(_relearn(each, known) for each in pinned.scenarios)
    processes = tuple(_relearn(each, known) for each in pinned.processes)
    titles = {(each.line, each.what): each.titles for each in today.reviews}
    reviews = tuple(_entitle(each, titles) for each in pinned.reviews)
    parts = (*scenarios, *processes, *reviews)
    if all(map(_is_same, parts, (*pinned.scenarios, *pinned.processes, *pinned.reviews))):
        return pinned
    statements = tuple(_find(each, known) for each in pinned.statements)
    return replace(pinned, scenarios=scenarios, processes=processes, statements=statements, reviews=reviews)


def _entitle(review: Review, titles: dict[tuple[int, str], tuple[Remark, ...]]) -> Review:
    """A duty after the end with its titles: what was compiled before there were any has them among its lines."""
    found = titles.get((review.line, review.what), ())
    return replace(review, titles=found) if found and not review.titles else review


def _relearn(procedure: Procedure, known: Known) -> Procedure:
    steps = tuple(
        step if step.statement is None or (new := _find(step.statement, known)) is step.statement
        else replace(step, statement=new)
        for step in procedure.steps
    )  # fmt: skip
    return procedure if all(map(_is_same, steps, procedure.steps)) else replace(procedure, steps=steps)


def _is_same(one: object, other: object) -> bool:
    return one is other


def _find(statement: Statement, known: Known) -> Statement:
    found = known.get((statement.line, statement.text))
    if found is None or (found.effect is statement.effect and found.tags == statement.tags):
        return statement
    is_new = Effect.UNKNOWN in (found.effect, statement.effect)
    return replace(statement, effect=found.effect, tags=found.tags, why=found.why) if is_new else statement
