"""May this run? Prohibition comes before approval, approval before everything else.

Allowed         it only looks
NeedsApproval   a person must allow exactly these bytes; `by` names the role that the playbook demands
Forbidden       the playbook forbids it; the line says where
Refused         it cannot be made safe as it stands; the sentence says what to do
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from tocsin.incident.book import Book, InForce
from tocsin.incident.state import Incident
from tocsin.playbook import act, forbid
from tocsin.playbook.model import Approval, Prohibition, Statement
from tocsin.run.aim import reach
from tocsin.run.choice import find_closed
from tocsin.run.program import Task
from tocsin.run.twofold import find_why_two
from tocsin.run.warning import find_hint, find_warning
from tocsin.timeline.redact import plain
from tocsin.words import Act, Effect

NARROW_FIRST = ("step", "section")
"""The scopes of an approval gate, the narrowest first; all others hold in the whole procedure, or document."""


TMP_LASTS = {
    "kept": "What it leaves in /tmp is kept with the incident and named here; later steps find it there.",
    "own": "Its /tmp ends with it: what must last belongs into its working directory.",
    "shared": "Its /tmp is the machine's own, which steps of other incidents see too.",
}
"""Said before an approval of what speaks of `/tmp`, since evidence that was written nowhere is worse than none."""


MOST_SHOWN = 80
"""Characters of a value that was not used."""


class Allowed(msgspec.Struct, frozen=True, tag="allowed"):
    """It may run when somebody asks for it."""

    why: str


class NeedsApproval(msgspec.Struct, frozen=True, tag="needs_approval"):
    """A person must allow it; `by` is the role that `line` of the playbook names.

    `people` is how many different people it takes. `caution` is what the playbook warns of, `hint` whom to tell first.
    """

    why: str
    by: str | None = None
    line: int | None = None
    people: int = 1
    caution: str = ""
    hint: str = ""


class Forbidden(msgspec.Struct, frozen=True, tag="forbidden"):
    """`line` of the playbook forbids it; `incident` is the other incident whose playbook does, if it is another."""

    why: str
    line: int
    incident: str = ""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It cannot be made safe as it stands; `missing` are blanks that a person can fill."""

    why: str
    missing: tuple[str, ...] = ()


Verdict = Allowed | NeedsApproval | Forbidden | Refused


def judge(task: Task, incident: Incident, book: Book) -> Verdict:
    """The verdict on a task, in the order of precedence."""
    forbidden = find_prohibition(task, incident, book)
    if forbidden is not None:
        return forbidden
    if task.bound.refused:
        return Refused(task.bound.refused)
    closed = find_closed(task, incident)
    if closed is not None:
        return Refused(closed)
    if task.bound.missing:
        return Refused(_explain_missing(task), task.bound.missing)
    gate = _find_gate(task, incident, book)
    if gate is not None:
        why = f"Line {gate.line} allows it only with approval: {gate.text}"
        return _ask_for(task, incident, book, NeedsApproval(why, gate.by, gate.line))
    if task.effect.rank <= Effect.READ_SENSITIVE.rank:
        return Allowed(task.statement.why or "it only looks")
    unclear = find_unclear(task, incident, book)
    if unclear is not None:
        said = f"Line {unclear.line} says “{unclear.text}”; only you can tell whether it means this. {_why(task, book)}"
        return _ask_for(task, incident, book, NeedsApproval(said, None, unclear.line))
    return _ask_for(task, incident, book, NeedsApproval(_why(task, book)))


def _ask_for(task: Task, incident: Incident, book: Book, asked: NeedsApproval) -> NeedsApproval:
    """The approval with how many people it takes, and with what the playbook warns of."""
    said, two = [asked.why], find_why_two(task, incident, book)
    if two:
        said.append(f"It takes two people, since {two}.")
    warned = find_warning(task)
    if warned:
        said.append(warned)
    if task.unsaved:
        named = ", ".join(f"`{each}`" for each in task.unsaved)
        said.append(f"What {named} may destroy is not saved before it; save it first if it may be needed.")
    hint = find_hint(warned, (*own_prohibitions(incident, book), *(force.prohibition for force in book.in_force)))
    why = " ".join(end(each) for each in said) if len(said) > 1 else asked.why
    return msgspec.structs.replace(asked, why=why, people=2 if two else 1, caution=warned, hint=hint)


def end(sentence: str) -> str:
    """The sentence with a stop behind it, so that another may follow."""
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _explain_missing(task: Task) -> str:
    """What is to be filled in, and which value came by itself and is not used."""
    fill = f"Fill in first: {', '.join(task.bound.missing)}."
    held = [f"{each.source} holds {spell_value(each.value)}" for each in task.bound.misfits]
    takes = [f"{each.name} takes {each.takes}" for each in task.bound.misfits]
    return f"Not used, and noted: {'; '.join(held)}. {'; '.join(takes)}. {fill}" if held else fill


def spell_value(value: str) -> str:
    """A value that nobody vouches for, harmless to look at."""
    return repr(plain(value[:MOST_SHOWN])) + ("…" if len(value) > MOST_SHOWN else "")


def _why(task: Task, book: Book) -> str:
    says = {
        Effect.UNKNOWN: "What it does is not known",
        Effect.MUTATE: "It changes something",
        Effect.DESTROY: "It deletes what does not come back",
    }[task.effect]
    known = f"{says}: {task.statement.why}" if task.statement.why else f"{says}."
    known = f"{known.rstrip('.')}. {task.said}" if task.said else known
    target = reach(book.policy, task.target, task.fan)
    if target is None or "/tmp" not in task.bound.text:  # noqa: S108 only looked for
        return known
    return f"{known.rstrip('.')}. {TMP_LASTS[target.tmp]}"


def find_prohibition(task: Task, incident: Incident, book: Book) -> Forbidden | None:
    """The prohibition that covers the task, with all others that mean it in its words.

    The incident's own come first, then those of other open incidents; among them, whatever describes it most closely.
    """
    rules = [rule for rule in own_prohibitions(incident, book) if _in_scope(rule, task)]
    if not rules and not book.in_force:
        return None
    whole = _whole(task, incident)
    also = _done_here(task, incident, book)
    own = forbid.find_all(rules, whole, also)
    theirs = [(force, forbid.closeness(force.prohibition.forbids, whole, also)) for force in book.in_force]
    measured = (*(forbid.closeness(rule.forbids, whole, also) for rule in own[:1]), *(close for _, close in theirs))
    closest = min(measured, default=forbid.FAR)
    cited_too = (pair for pair in theirs if forbid.is_cited(pair[0].prohibition.forbids, pair[1], closest))
    near = sorted(cited_too, key=lambda pair: pair[1])
    cited = [_Cited(rule, f"Line {rule.line} forbids it: {rule.text}") for rule in own]
    cited += [_Cited(force.prohibition, _elsewhere(force), force.incident) for force, _ in near]
    if not cited:
        return None
    said = [*dict.fromkeys(each.why for each in cited)]
    why = " · ".join([said[0], *(each.replace(" forbids it", " too", 1) for each in said[1:])])
    return Forbidden(why, cited[0].rule.line, cited[0].incident)


def _done_here(task: Task, incident: Incident, book: Book) -> frozenset[Act]:
    """What the task does only in this incident: it starts what an earlier step stopped, or writes over a log that the
    playbook shows.
    """
    found = set()
    others = (step for step_id, step in incident.steps.items() if step_id != task.id)
    if act.starts_again(task.bound.text, (step.text for step in others if step.started or step.has_run)):
        found.add(Act.RESTART)
    if act.writes_over_logs(task.bound.text, (each.text for each in book.playbook.statements)):
        found.add(Act.LOGS)
    return frozenset(found)


class _Cited(NamedTuple):
    """A prohibition that covers a task, in words; `incident` is whose it is, if another's."""

    rule: Prohibition
    why: str
    incident: str = ""


def _elsewhere(force: InForce) -> str:
    rule = force.prohibition
    if force.private:
        return f"{rule.text}."
    return f"Line {rule.line} forbids it while {force.incident} ({force.scenario}) is open: {rule.text}"


def find_unclear(task: Task, incident: Incident, book: Book) -> Prohibition | None:
    """The first prohibition in force of which only a person can tell whether it means the task."""
    own = (rule for rule in own_prohibitions(incident, book) if _in_scope(rule, task))
    rules = (*own, *(force.prohibition for force in book.in_force))
    return next((rule for rule in rules if not forbid.is_mapped(rule.forbids)), None)


def own_prohibitions(incident: Incident, book: Book) -> Iterator[Prohibition]:
    """What the incident's own playbook forbids now, above and below every line alike."""
    return (rule for rule in book.prohibitions(incident) if rule.line not in incident.lifted)


def _in_scope(rule: Prohibition, task: Task) -> bool:
    if rule.scope != "section" or task.step is None:
        return True
    return task.step.section == rule.section


def _whole(task: Task, incident: Incident) -> Statement:
    """The whole program as one statement; the values in its blanks stand before it, as the shell gets them, and before
    those the steps that wrote a file that it runs.
    """
    set_before = (f"{name}={value}" for name, value in task.bound.env.items())
    others = (step for step_id, step in incident.steps.items() if step_id != task.id)
    authors = act.find_authors(task.bound.text, (step.text for step in others if step.started or step.has_run))
    text = "\n".join((*authors, *set_before, task.bound.text))
    return msgspec.structs.replace(task.statement, text=text, effect=task.effect, tags=task.tags)


def _find_gate(task: Task, incident: Incident, book: Book) -> Approval | None:
    """The approval gate that the task stands behind, the narrowest one if there are several.

    A line that forbids something "without approval" is no gate on everything else around it. A gate on a step holds for
    whatever the step is; all others hold for what does more than look.
    """
    procedure = task.procedure or book.scenario(incident)
    gates = (*(procedure.approvals if procedure else ()), *book.playbook.approvals)
    rules = {rule.line for rule in book.prohibitions(incident)}
    behind = [gate for gate in gates if gate.line not in rules and _stands_behind(task, gate)]
    return min(behind, key=_width, default=None)


def _width(gate: Approval) -> int:
    return NARROW_FIRST.index(gate.scope) if gate.scope in NARROW_FIRST else len(NARROW_FIRST)


def _stands_behind(task: Task, gate: Approval) -> bool:
    changes = task.effect.rank > Effect.READ_SENSITIVE.rank
    if gate.scope == "step":
        return task.step is not None and gate.line <= task.step.line <= (gate.end_line or gate.line)
    if gate.scope == "section":
        return changes and task.step is not None and task.step.section == gate.section
    return changes
