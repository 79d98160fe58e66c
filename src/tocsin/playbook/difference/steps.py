"""Steps of one procedure in two versions: what is run, what it does, who starts it, and under which condition."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from tocsin.playbook.difference.change import Change, Topic, Weight, shorten
from tocsin.playbook.difference.pairing import likeness
from tocsin.playbook.forecast import Fate, foresee
from tocsin.playbook.model import Procedure, Step
from tocsin.words import Effect, StepKind, Tag

_GRAVE = frozenset({Tag.IRREVERSIBLE, Tag.EVIDENCE_DESTROYING, Tag.LOCK_OUT, Tag.EGRESS, Tag.DOWNLOADS_AND_EXECUTES})
_ALIKE = 0.6


class _Placed:
    """A step with what becomes of it and the condition that it stands under."""

    __slots__ = ("condition", "fate", "step")

    def __init__(self, step: Step, fate: Fate, condition: str) -> None:
        self.step = step
        self.fate = fate
        self.condition = condition

    @property
    def key(self) -> tuple[str, str]:
        return ("run" if self.step.statement else "do", " ".join(self.step.text.split()))


def compare_steps(old: Procedure, new: Procedure) -> Iterator[Change]:
    """Changes of the steps in their order; moving up or down without running differently is none."""
    before, after = _place(old), _place(new)
    matcher = difflib.SequenceMatcher(None, [each.key for each in before], [each.key for each in after], autojunk=False)
    gone: list[_Placed] = []
    come: list[_Placed] = []
    for tag, from_old, to_old, from_new, to_new in matcher.get_opcodes():
        if tag == "equal":
            for was, now in zip(before[from_old:to_old], after[from_new:to_new], strict=True):
                yield from _compare_same(new.title, was, now)
        else:
            gone += before[from_old:to_old]
            come += after[from_new:to_new]
    yield from _compare_rest(new.title, gone, come)


def _place(procedure: Procedure) -> list[_Placed]:
    conditions = {branch.line: branch.condition for branch in procedure.branches}
    return [
        _Placed(step, fate, conditions.get(step.branch, "") if step.branch is not None else "")
        for step, fate in zip(procedure.steps, foresee(procedure), strict=True)
    ]


def _compare_rest(scope: str, gone: list[_Placed], come: list[_Placed]) -> Iterator[Change]:
    """What was moved, changed, added or removed: the same text elsewhere first, then the most alike."""
    for now in come:
        was = next((each for each in gone if each.key == now.key), None) or _most_alike(gone, now)
        if was is None:
            yield _say_new(scope, now)
            continue
        gone.remove(was)
        if was.key != now.key:
            yield _say_changed(scope, was, now)
        yield from _compare_same(scope, was, now)
    yield from (_say_gone(scope, was) for was in gone)


def _most_alike(gone: list[_Placed], now: _Placed) -> _Placed | None:
    same_kind = [each for each in gone if each.key[0] == now.key[0]][:50]
    scored = [(likeness(each.key[1], now.key[1]), index) for index, each in enumerate(same_kind)]
    score, index = max(scored, default=(0.0, 0), key=lambda entry: (entry[0], -entry[1]))
    return same_kind[index] if score >= _ALIKE else None


def _say(scope: str, weight: Weight, topic: Topic, text: str, was: _Placed | None, now: _Placed | None) -> Change:
    return Change(
        weight=weight,
        topic=topic,
        text=text,
        scope=scope,
        old_line=was.step.line if was else None,
        new_line=now.step.line if now else None,
    )


def _say_new(scope: str, now: _Placed) -> Change:
    made = now.step.statement
    if made is None:
        return _say(scope, Weight.MINOR, Topic.STEP, f"New: {_named(now)}", None, now)
    grave = made.effect.rank > Effect.READ_SENSITIVE.rank or now.fate is Fate.RUNS
    tail = f": {_does(now)}" + (", and runs by itself" if now.fate is Fate.RUNS else "")
    return _say(
        scope, Weight.DANGEROUS if grave else Weight.NOTABLE, Topic.STATEMENT, f"New: {_named(now)}{tail}.", None, now
    )


def _say_gone(scope: str, was: _Placed) -> Change:
    made = was.step.statement
    topic, weight = (Topic.STATEMENT, Weight.NOTABLE) if made else (Topic.STEP, Weight.MINOR)
    return _say(scope, weight, topic, f"Gone: {_named(was)}", was, None)


def _say_changed(scope: str, was: _Placed, now: _Placed) -> Change:
    made = now.step.statement
    grave = made is not None and made.effect.rank >= Effect.UNKNOWN.rank
    weight = Weight.DANGEROUS if grave else Weight.NOTABLE if made else Weight.MINOR
    return _say(scope, weight, Topic.STATEMENT if made else Topic.STEP, f"{_named(now)} was {_named(was)}.", was, now)


def _compare_same(scope: str, was: _Placed, now: _Placed) -> Iterator[Change]:
    """A step that stayed: does it do more, run differently, or stand under another condition?"""
    old, made = was.step.statement, now.step.statement
    if old is not None and made is not None:
        if old.effect is not made.effect:
            graver = made.effect.rank > old.effect.rank
            text = f"{_named(now)} is {made.effect.value} now (was {old.effect.value}): {made.why}"
            yield _say(scope, Weight.DANGEROUS if graver else Weight.NOTABLE, Topic.EFFECT, text, was, now)
        if more := sorted((set(made.tags) - set(old.tags)) & _GRAVE):
            text = f"{_named(now)} is {' and '.join(tag.replace('_', ' ') for tag in more)} now."
            yield _say(scope, Weight.DANGEROUS, Topic.EFFECT, text, was, now)
    if was.fate is not now.fate and (old is not None or made is not None):
        freer = now.fate is Fate.RUNS or was.fate is Fate.FORBIDDEN
        text = f"{_named(now)} is {now.fate.value} now (was {was.fate.value})."
        yield _say(scope, Weight.DANGEROUS if freer else Weight.NOTABLE, Topic.EFFECT, text, was, now)
    if " ".join(was.condition.split()) != " ".join(now.condition.split()):
        yield _say_condition(scope, was, now)


def _say_condition(scope: str, was: _Placed, now: _Placed) -> Change:
    changing = now.step.statement is not None and now.step.statement.effect.rank >= Effect.UNKNOWN.rank
    if not now.condition:
        text = f"{_named(now)} is done in any case now (was only “{shorten(was.condition, 60)}”)."
    elif not was.condition:
        text = f"{_named(now)} is done only “{shorten(now.condition, 60)}” now."
    else:
        text = f"{_named(now)} is done “{shorten(now.condition, 60)}” now (was “{shorten(was.condition, 60)}”)."
    weight = Weight.DANGEROUS if changing and not now.condition else Weight.NOTABLE if changing else Weight.MINOR
    return _say(scope, weight, Topic.STEP, text, was, now)


def _named(placed: _Placed) -> str:
    text = shorten(placed.step.text, 80)
    code = placed.step.statement is not None or placed.step.kind in (StepKind.PROMQL, StepKind.SQL)
    return f"`{text}`" if code else f"“{text}”"


def _does(placed: _Placed) -> str:
    made = placed.step.statement
    return made.effect.value if made is not None else ""
