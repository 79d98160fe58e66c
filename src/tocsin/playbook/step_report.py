"""The steps of a procedure for reading beside the source: in order, each with what becomes of it."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

from tocsin.playbook import forbid
from tocsin.playbook.forecast import Fate, foresee
from tocsin.playbook.model import Approval, Procedure, Prohibition, Step
from tocsin.words import Effect, StepKind

_WORDS = {Fate.RUNS: "auto", Fate.WAITS: "ask", Fate.BY_HAND: "hand", Fate.FORBIDDEN: "never"}
_KINDS = {
    StepKind.QUESTION: "answer", StepKind.CHECKLIST: "check", StepKind.LINK: "open", StepKind.PROMQL: "query",
    StepKind.SQL: "sql",
}  # fmt: skip
_TELLING = frozenset({"lock_out", "irreversible", "evidence_destroying", "endless", "interactive", "privileged"})
_WIDTH = 96
LEGEND = "auto: runs by itself · ask: a person starts it · hand: a person does it · never: forbidden here"


def tell_parts(procedure: Procedure) -> Iterator[str]:
    """One line for a procedure's sections: each with how many of its steps come to what."""
    titles = {section.line: section.title for section in procedure.sections}
    counts: dict[int | None, Counter[Fate]] = {}
    for step, fate in zip(procedure.steps, foresee(procedure), strict=True):
        counts.setdefault(step.section, Counter())[fate] += 1
    told = [
        f"{titles[line] if line is not None else 'no part'}: "
        + ", ".join(f"{found[fate]} {fate}" for fate in Fate if found[fate])
        for line, found in counts.items()
    ]
    if told and set(counts) != {None}:
        yield from textwrap.wrap(" · ".join(told), _WIDTH)


def tell_steps(procedure: Procedure) -> Iterator[str]:
    """Everything in a procedure, line by line: what is forbidden, what needs an approval, then the steps in order."""
    yield from map(_tell_prohibition, procedure.prohibitions)
    yield from map(_tell_approval, procedure.approvals)
    titles = {section.line: section.title for section in procedure.sections}
    conditions = {branch.line: branch.condition for branch in procedure.branches}
    before: Step | None = None
    for step, fate in zip(procedure.steps, foresee(procedure), strict=True):
        if titles and (before is None or step.section != before.section):
            yield titles.get(step.section, "") if step.section else "Outside all parts"
        condition = conditions.get(step.branch) if step.branch is not None else None
        told = condition is not None and " ".join(step.text.split()).startswith(" ".join(condition.split()))
        if condition is not None and not told and (before is None or step.branch != before.branch):
            yield f"  if “{_flat(condition)}”"
        same = before is not None and before.section == step.section
        known = {condition and f"{condition}:", condition, before.title if before is not None and same else None}
        yield from _tell(procedure, step, fate, "" if step.title in known else step.title or "")
        before = step


def _tell_prohibition(rule: Prohibition) -> str:
    lifted = f" (until {rule.lifted_by} agrees)" if rule.lifted_by else ""
    return f"never{lifted}: {_flat(rule.text)}  (line {rule.line})"


def _tell_approval(gate: Approval) -> str:
    where = {"scenario": "everything", "section": "a part", "step": "a step"}.get(gate.scope, gate.scope)
    return f"{gate.by or 'somebody'} must agree to {where}: {_flat(gate.text)}  (line {gate.line})"


def _tell(procedure: Procedure, step: Step, fate: Fate, title: str) -> Iterator[str]:
    indent = "    " if step.branch is not None else "  "
    text = f"{step.title}: {step.text}" if step.kind is StepKind.LINK and step.title else step.text
    if step.caution:
        yield f"{indent}{'':>5}  {'!':<6} {_flat(step.caution)}"
    if title and (step.statement is not None or step.kind is not StepKind.LINK):
        yield f"{indent}{'':>5}  {'#':<6} {_flat(title)}"
    word = _KINDS.get(step.kind, _WORDS[fate])
    yield f"{indent}{step.line:>5}  {word:<6} {_flat(text)}{_note(procedure, step, fate)}"


def _note(procedure: Procedure, step: Step, fate: Fate) -> str:
    """What makes a statement special: its effect above reading, its telling tags, its blanks, what forbids it."""
    if step.statement is None:
        return ""
    made = step.statement
    parts = [made.effect.value] if made.effect.rank > Effect.READ.rank else []
    parts += [tag.value.replace("_", " ") for tag in made.tags if tag.value in _TELLING]
    parts += [f"needs {', '.join(blank.text for blank in made.placeholders)}"] if made.placeholders else []
    rule = forbid.find(procedure, made) if fate is Fate.FORBIDDEN else None
    parts += [f"forbidden by line {rule.line}"] if rule else []
    return f"   [{'; '.join(parts)}]" if parts else ""


def _flat(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _WIDTH else f"{words[: _WIDTH - 1].rstrip()}…"
