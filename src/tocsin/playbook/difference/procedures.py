"""Scenarios and processes of two versions: which are new, gone or renamed, and what differs in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.playbook import anchor
from tocsin.playbook.difference.change import Change, Topic, Weight, shorten
from tocsin.playbook.difference.pairing import pair
from tocsin.playbook.difference.steps import compare_steps
from tocsin.playbook.forecast import Fate, foresee
from tocsin.playbook.model import Approval, Playbook, Procedure, Prohibition
from tocsin.words import Effect


def compare_procedures(old: Playbook, new: Playbook) -> Iterator[Change]:
    """Changes of scenarios, processes, and of the rules that hold in the whole document."""
    for word, before, after in (
        ("scenario", old.scenarios, new.scenarios),
        ("process", old.processes, new.processes),
    ):
        for one, other in pair(before, after, (_by_title, _by_label, _by_alerts), _words):
            yield from _compare(word, one, other)
    yield from _compare_prohibitions("", old.prohibitions, new.prohibitions)
    yield from _compare_approvals("", old.approvals, new.approvals)


def _by_title(found: Procedure) -> str:
    return anchor.fold(found.title)


def _by_label(found: Procedure) -> str:
    return found.label if found.label and not found.label.isdigit() else ""


def _by_alerts(found: Procedure) -> tuple[str, ...]:
    return found.alerts


def _words(found: Procedure) -> str:
    return f"{found.title}\n" + "\n".join(step.text for step in found.steps)


def _compare(word: str, old: Procedure | None, new: Procedure | None) -> Iterator[Change]:
    if new is None:
        if old is not None:
            text = f"The {word} “{old.title}” is gone ({_count(old)})."
            yield Change(weight=Weight.NOTABLE, topic=Topic.SCENARIO, text=text, scope=old.title, old_line=old.line)
        return
    if old is None:
        yield _say_new(word, new)
        return
    yield from _compare_heads(word, old, new)
    yield from _compare_prohibitions(new.title, old.prohibitions, new.prohibitions)
    yield from _compare_approvals(new.title, old.approvals, new.approvals)
    yield from compare_steps(old, new)


def _say_new(word: str, new: Procedure) -> Change:
    fates = foresee(new)
    changing = [step for step in new.steps if step.statement and step.statement.effect.rank >= Effect.MUTATE.rank]
    runs = fates.count(Fate.RUNS)
    notes = [f"{runs} of them run by themselves"] if runs else []
    notes += [f"{len(changing)} change or delete something"] if changing else []
    tail = f"; {', '.join(notes)}" if notes else ""
    return Change(
        weight=Weight.DANGEROUS if runs or changing else Weight.NOTABLE,
        topic=Topic.SCENARIO,
        text=f"The {word} “{new.title}” is new ({_count(new)}{tail}).",
        scope=new.title,
        new_line=new.line,
    )


def _count(found: Procedure) -> str:
    return f"{len(found.steps)} step{'' if len(found.steps) == 1 else 's'}"


def _compare_heads(word: str, old: Procedure, new: Procedure) -> Iterator[Change]:
    def said(text: str, weight: Weight = Weight.NOTABLE, topic: Topic = Topic.SCENARIO) -> Change:
        return Change(weight=weight, topic=topic, text=text, scope=new.title, old_line=old.line, new_line=new.line)

    if old.title != new.title:
        yield said(f"The {word} “{old.title}” is called “{new.title}” now.", Weight.MINOR)
    if old.severities != new.severities:
        before, after = (", ".join(found.severities) or "none" for found in (old, new))
        yield said(f"Its severity is {after} now (was {before}).", topic=Topic.CLOCK)
    for name in new.alerts:
        if name not in old.alerts:
            yield said(f"The alert {name} opens it now.")
    for name in old.alerts:
        if name not in new.alerts:
            yield said(f"The alert {name} opens it no more.", Weight.DANGEROUS)
    yield from _compare_phases(old, new)


def _compare_phases(old: Procedure, new: Procedure) -> Iterator[Change]:
    before = {anchor.fold(phase.title): phase for phase in old.phases}
    for phase in new.phases:
        was = before.get(anchor.fold(phase.title))
        if was is not None and (was.starts_s, was.ends_s) != (phase.starts_s, phase.ends_s):
            after, earlier = (_span(each.starts_s, each.ends_s) for each in (phase, was))
            yield Change(
                weight=Weight.NOTABLE,
                topic=Topic.CLOCK,
                text=f"The phase “{phase.title}” runs {after} now (was {earlier}).",
                scope=new.title,
                old_line=was.line,
                new_line=phase.line,
            )


def _span(starts_s: int | None, ends_s: int | None) -> str:
    starts = f"from minute {starts_s // 60}" if starts_s is not None else "from no given time"
    return starts + (f" to {ends_s // 60}" if ends_s is not None else " on")


def _compare_prohibitions(scope: str, old: Sequence[Prohibition], new: Sequence[Prohibition]) -> Iterator[Change]:
    for was, rule in pair(old, new, (lambda each: anchor.fold(each.text),), lambda each: each.text):
        told = _tell_prohibition(was, rule)
        if told is not None:
            yield Change(
                weight=told[0],
                topic=Topic.PROHIBITION,
                text=told[1],
                scope=scope,
                old_line=was.line if was else None,
                new_line=rule.line if rule else None,
            )


def _tell_prohibition(was: Prohibition | None, rule: Prohibition | None) -> tuple[Weight, str] | None:
    if rule is None:
        return (Weight.DANGEROUS, f"No longer forbidden: “{shorten(was.text)}”") if was is not None else None
    if was is None:
        return Weight.NOTABLE, f"Forbidden now: “{shorten(rule.text)}”"
    weaker = "; ".join(_weaken(was, rule))
    return (Weight.DANGEROUS, f"“{shorten(rule.text)}” {weaker}") if weaker else None


def _weaken(old: Prohibition, new: Prohibition) -> Iterator[str]:
    """How a prohibition covers less than before, or is lifted by somebody else."""
    lost: list[str] = [each.value for each in old.forbids.effects if each not in new.forbids.effects]
    lost += [each.value for each in old.forbids.tags if each not in new.forbids.tags]
    lost += [each.value for each in old.forbids.acts if each not in new.forbids.acts]
    lost = lost or [each for each in old.forbids.verbs if each not in new.forbids.verbs]
    if lost:
        yield f"covers less than before (no longer {', '.join(each.replace('_', ' ') for each in lost[:4])})"
    if old.forbids.comms and not new.forbids.comms:
        yield "no longer covers what is said to the public"
    if old.lifted_by != new.lifted_by:
        yield f"may be lifted by {new.lifted_by or 'nobody by name'} now (was {old.lifted_by or 'nobody by name'})"


def _compare_approvals(scope: str, old: Sequence[Approval], new: Sequence[Approval]) -> Iterator[Change]:
    for was, gate in pair(old, new, (lambda each: anchor.fold(each.text),), lambda each: each.text):
        told = _tell_approval(was, gate)
        if told is not None:
            yield Change(
                weight=told[0],
                topic=Topic.APPROVAL,
                text=told[1],
                scope=scope,
                old_line=was.line if was else None,
                new_line=gate.line if gate else None,
            )


def _tell_approval(was: Approval | None, gate: Approval | None) -> tuple[Weight, str] | None:
    if gate is None:
        if was is None:
            return None
        return Weight.DANGEROUS, f"{was.by or 'Somebody'} need no longer agree: “{shorten(was.text)}”"
    if was is None:
        return Weight.NOTABLE, f"{gate.by or 'Somebody'} must agree now: “{shorten(gate.text)}”"
    if (was.by, was.scope) == (gate.by, gate.scope):
        return None
    before, after = (f"{each.by or 'somebody'}, to the {each.scope}" for each in (was, gate))
    return Weight.DANGEROUS, f"“{shorten(gate.text)}”: who must agree is {after} now (was {before})."
