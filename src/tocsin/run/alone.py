"""Why a statement does not run by itself, in one sentence, the plainest reason first."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.playbook.model import Procedure
from tocsin.run.auto import NEVER
from tocsin.run.commands import find_obstacle
from tocsin.run.context import explain_held, find_held_by
from tocsin.run.guard import Allowed, Verdict
from tocsin.run.program import Task
from tocsin.run.setting import sets_only
from tocsin.words import LOOKING, Effect, Tag

_TAGS = {
    Tag.INTERACTIVE: "it wants somebody at a terminal",
    Tag.ENDLESS: "as written it never ends",
    Tag.WRITES_FILE: "it writes a file",
    Tag.EGRESS: "it sends something out",
    Tag.DOWNLOADS_AND_EXECUTES: "it runs what it downloads",
    Tag.LOCK_OUT: "it may lock people out",
}


def explain_alone(task: Task, procedure: Procedure, verdict: Verdict, incident: Incident, book: Book) -> str:
    """Why it waits for a person."""
    return next(_reasons(task, procedure, verdict, incident, book), "A person must ask for it.")


def _reasons(task: Task, procedure: Procedure, verdict: Verdict, incident: Incident, book: Book) -> Iterator[str]:
    if not isinstance(verdict, Allowed):
        yield verdict.why
    obstacle = find_obstacle(task, book)
    if obstacle is not None:
        yield obstacle
    allow = book.policy.target.allow if book.policy.target else ()
    for tag in Tag:
        if tag in task.tags and tag in NEVER:
            yield f"It only looks, but {_TAGS[tag]}: a person asks for it."
    if Tag.PRIVILEGED in task.tags and "privileged" not in allow:
        yield 'It asks for root; the target can allow that: allow = ["privileged"].'
    if task.effect is Effect.READ_SENSITIVE and "read_sensitive" not in allow:
        yield 'It may show secrets; the target can allow that: allow = ["read_sensitive"].'
    chooser = find_held_by(procedure, task.id, incident)
    if chooser is not None:
        yield explain_held(chooser)
    yield from _places(task, procedure, book)


def _places(task: Task, procedure: Procedure, book: Book) -> Iterator[str]:
    """What keeps it from running for where it stands."""
    step = task.step
    if step is None:
        return
    branch = next((each for each in procedure.branches if each.line == step.branch), None)
    if branch is not None:
        yield f"Line {branch.line} says “{branch.condition}”: a person says whether that holds."
    if sets_only(task.statement):
        yield "It only sets what the lines below it need; it is put in front of those."
    section = next((each for each in procedure.sections if each.line == step.section), None)
    if all(each.line != procedure.line for each in book.playbook.scenarios):
        yield "It stands in a general procedure; by themselves run only looks of a scenario."
    elif any(each.kind in LOOKING for each in procedure.sections):
        if section is None or section.kind not in LOOKING:
            where = f"“{section.title}”" if section is not None else "no part"
            yield f"It stands under {where}, where somebody acts; only looks under diagnosis and the like run alone."
    else:
        yield "It stands behind something that changes the system; only looks before the first change run alone."
