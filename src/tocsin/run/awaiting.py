"""What a line that waits for a state may go by, where only a person can say: offered, and never taken by itself.

Offered are the looks that stand nearest before and after the line and speak of what it waits for; a person says which
of them it is, and what of its output means that it is over. Any look of the same procedure may be named.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from tocsin.errors import Denied, NotFound
from tocsin.incident.book import Book, number_steps
from tocsin.incident.commands import Command
from tocsin.incident.predicate import LEAST_EVERY_S, MOST_ATTEMPTS, MOST_EVERY_S
from tocsin.incident.state import Incident
from tocsin.playbook.model import Procedure, Step
from tocsin.run.guard import Allowed, judge
from tocsin.run.judged import find_read
from tocsin.run.program import prepare
from tocsin.run.speaking import find_stems
from tocsin.run.until import Until, find_pace, may_be_asked, waits_for_a_state
from tocsin.words import Effect, Mode, Permission, Tells

MOST_WANTED = 200
"""Characters of what an output is searched for."""
_EMPTY = find_stems("wait waiting until till please may hour hours minute minutes second seconds take takes some other")


class BeginWait(Command, frozen=True, kw_only=True):
    """Begin what the playbook wants waited or watched.

    With a `look` (a step of the same procedure) it is over once that says so: by its exit code, by `wanted` in its
    output, or by the predicate that `wanted` names. 0 for `every_s` and `attempts` is as the line says, or as usual.
    """

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True

    step: str
    look: str = ""
    tells: Tells = Tells.EXIT
    wanted: str = ""
    every_s: float = 0.0
    attempts: int = 0


class Offer(NamedTuple):
    """A look that may tell when a wait is over, and the words that both have."""

    look: str
    line: int
    text: str
    words: tuple[str, ...]


def find_offers(procedure: Procedure, step_id: str) -> tuple[tuple[Offer, ...], str]:
    """The looks beside a line that waits which speak of the same, and of the others why they are not offered."""
    steps = number_steps(procedure)
    at = next((at for at, (found, _) in enumerate(steps) if found == step_id), None)
    if at is None:
        return (), ""
    step, beside = steps[at][1], []
    for part in (reversed(steps[:at]), steps[at + 1 :]):
        nearest = next(((look, each) for look, each in part if each.statement is not None), None)
        beside += [nearest] if nearest is not None else []
    judged = [_judge(look, each, step) for look, each in beside]
    why = "; ".join(each for each in judged if isinstance(each, str))
    return tuple(each for each in judged if isinstance(each, Offer)), why or "no statement stands beside it"


def _judge(look: str, beside: Step, step: Step) -> Offer | str:
    """The offer of a statement beside a line, or why it is none."""
    statement = beside.statement
    assert statement is not None
    if statement.effect.rank > Effect.READ.rank:
        return f"line {beside.line} does more than look"
    if not may_be_asked(statement):
        return f"line {beside.line} does not end by itself"
    if beside.branch not in (None, step.branch):
        return f"line {beside.line} stands on another way"
    wanted = find_stems(step.text) - _EMPTY
    words = sorted(wanted & find_stems(f"{beside.title or ''} {statement.text}"))
    if not words:
        return f"line {beside.line} looks at something else, by its words"
    return Offer(look, beside.line, statement.text, tuple(words))


def choose(procedure: Procedure, step: Step, command: BeginWait, incident: Incident, book: Book) -> Until:
    """What a person wants the wait to go by. Raises `Denied` or `NotFound` where that cannot be."""
    if book.policy.mode in (Mode.SHADOW, Mode.INSTRUCT):
        raise Denied("This team lets nothing run, no look either. Do it by hand, and check it off.")
    if not waits_for_a_state(step):
        raise Denied(f"Line {step.line} does not wait until something is so, so no look tells when it is.")
    found = next((each for each_id, each in number_steps(procedure) if each_id == command.look), None)
    if found is None or found.statement is None:
        looks = ", ".join(_list_looks(procedure)) or "none"
        raise NotFound(f"There is no statement {command.look!r} beside this line; the looks there are: {looks}.")
    if not may_be_asked(found.statement):
        raise Denied(f"Line {found.line} is no look that ends by itself, and only such a one is asked again and again.")
    _require_sense(procedure, command, book)
    _require_allowed(command.look, incident, book)
    every_s, attempts = find_pace(step.text)
    return Until(
        look=command.look,
        line=found.line,
        text=found.statement.text,
        tells=command.tells,
        wanted=command.wanted if command.tells is not Tells.EXIT else "",
        every_s=command.every_s or every_s,
        attempts=command.attempts or attempts,
    )


def _list_looks(procedure: Procedure) -> Iterator[str]:
    for step_id, step in number_steps(procedure):
        if step.statement is not None and may_be_asked(step.statement):
            yield step_id


def _require_sense(procedure: Procedure, command: BeginWait, book: Book) -> None:
    if command.tells is not Tells.EXIT and not 0 < len(command.wanted.strip()) <= MOST_WANTED:
        raise Denied(
            f"Say what its output is searched for, in {MOST_WANTED} characters at most; or let its exit code tell."
        )
    if command.tells is Tells.PREDICATE:
        predicate = book.policy.predicates.get(command.wanted)
        if predicate is None or command.look not in find_read(predicate, procedure):
            known = [
                name for name, each in book.policy.predicates.items() if command.look in find_read(each, procedure)
            ]
            raise NotFound(f"No predicate {command.wanted!r} reads this look; there are: {', '.join(known) or 'none'}.")
    if command.every_s and not LEAST_EVERY_S <= command.every_s <= MOST_EVERY_S:
        raise Denied(f"It is asked every {LEAST_EVERY_S:g} to {MOST_EVERY_S:g} seconds.")
    if not 0 <= command.attempts <= MOST_ATTEMPTS:
        raise Denied(f"It is asked 1 to {MOST_ATTEMPTS} times.")


def _require_allowed(look: str, incident: Incident, book: Book) -> None:
    """Raises `Denied` for a look that nobody may let run by itself: it is none that is repeated."""
    target, record = book.policy.target, incident.steps.get(look)
    given = record.bindings if record is not None else {}
    task = (
        prepare(book.procedures(incident), look, incident, target.name, given, book.policy, book.classify)
        if target
        else None
    )
    if task is None:
        raise Denied("This team has no target for it, so nothing runs by itself. Do it by hand, and check it off.")
    verdict = judge(task, incident, book)
    if not isinstance(verdict, Allowed):
        raise Denied(f"The look does not run by itself, so it is not asked again and again: {verdict.why}")
