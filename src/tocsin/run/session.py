"""What the lines of a scenario leave in a person's shell for a later one: its directory, and variables.

Within a fence everything that is set holds for the lines below. From earlier fences, as in the shell that a person
keeps open, the directory is kept, exported values are, and a variable is where the later line names it. A fence that
goes to a directory of its own begins where the person began (``cd 4.5/docker`` stands in three fences of one playbook,
and means the same directory each time), unless it goes on from there (``cd ../security``). What stands on another way
sets nothing here. Options (``set -e``) hold in their fence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile

import msgspec

from tocsin.incident.book import number_steps
from tocsin.pattern import compile_late
from tocsin.playbook.model import Procedure, Statement, Step
from tocsin.run.setting import Tangle, find_setting
from tocsin.words import Effect, StepKind, Tag

_MOVES = compile_late(r"(?:^|[;&|\n]\s*)(?:cd|pushd|popd)\b")
_GOES_ON = compile_late(r"\s*(?:popd\b|cd\s+-(?:\s|$)|(?:cd|pushd)\s+(?:--\s+)?[\"']?\.\.?(?:[/\"'\s]|$))")
_MOVES_AT_ONCE = compile_late(r"\s*(?:cd|pushd)\b")
_SETS = compile_late(r"(?:^|[\s;&])(?P<name>[A-Za-z_]\w*)\+?=")
_ONLY_SETS = compile_late(r"\s*[A-Za-z_]\w*=")
_EXPORTS = compile_late(r"\s*(?:export|declare\s+-\w*x\w*)\s")


class _Line(msgspec.Struct, frozen=True):
    """A line above that sets something, and the fence that it stands in."""

    fence: int
    setting: Statement | Tangle
    text: str


@lru_cache(maxsize=2048)
def find_session(procedure: Procedure, step_id: str) -> tuple[Statement | Tangle, ...]:
    """What stands in front of a step's statement, in order. A `Tangle` is where nobody can tell what is set."""
    numbered = number_steps(procedure)
    step = next((each for found, each in numbered if found == step_id), None)
    fence = _fence_of(procedure, step) if step is not None else None
    if step is None or step.statement is None or fence is None:
        return ()
    above = (each for _, each in takewhile(lambda pair: pair[0] != step_id, numbered))
    lines = [line for each in above if _holds(each, step, procedure) for line in _read(each, procedure)]
    inside = [line for line in lines if line.fence == fence]
    inside = list(_drop_unused(inside, step.statement))
    outside = list(_from_fences([line for line in lines if line.fence != fence], step.statement, inside))
    own = next((line.text for line in inside if _moves(line.text)), step.statement.text)
    if _MOVES_AT_ONCE.match(own) and not _GOES_ON.match(own):
        outside = [line for line in outside if not _moves(line.text)]
    return tuple(line.setting for line in (*outside, *inside))


def _read(step: Step, procedure: Procedure) -> Iterator[_Line]:
    fence = _fence_of(procedure, step)
    if step.statement is None or fence is None or Tag.SESSION_STATE not in step.statement.tags:
        return
    setting = find_setting(step.statement)
    if setting is not None:
        text = setting.text if isinstance(setting, Statement) else step.statement.text
        yield _Line(fence, setting, text)


def _from_fences(lines: list[_Line], statement: Statement, inside: list[_Line]) -> Iterator[_Line]:
    """What earlier fences leave: the last way to a directory, exported values, variables that are named."""
    kept = _last_moves(lines)
    used = "\n".join([statement.text, *(line.text for line in inside)])
    needed: list[_Line] = []
    for line in reversed(lines):
        if _moves(line.text):
            chosen = line in kept
        elif (
            isinstance(line.setting, Tangle) or not _EXPORTS.match(line.text) or line.setting.effect is not Effect.NOOP
        ):
            chosen = _is_used(line.text, used)
        else:
            chosen = True
        if chosen:
            needed.append(line)
            used = f"{used}\n{line.text}"
    yield from reversed(needed)


def _drop_unused(lines: list[_Line], statement: Statement) -> Iterator[_Line]:
    """Without values that are fetched for lines that name them: nobody fetches them again for one that does not."""
    used, kept = statement.text, list[_Line]()
    for line in reversed(lines):
        is_plain = isinstance(line.setting, Statement) and _ONLY_SETS.match(line.text) is not None
        fetched = isinstance(line.setting, Statement) and line.setting.effect is not Effect.NOOP
        if is_plain and fetched and not _is_used(line.text, used):
            continue
        kept.append(line)
        used = f"{used}\n{line.text}"
    yield from reversed(kept)


def _last_moves(lines: list[_Line]) -> list[_Line]:
    """The moves since the last fence that went somewhere from where the person began; of unclear ones none."""
    kept: list[_Line] = []
    fence = 0
    for line in lines:
        if not _moves(line.text) or isinstance(line.setting, Tangle):
            continue
        if line.fence != fence and not _GOES_ON.match(line.text):
            kept = []
        fence = line.fence
        kept.append(line)
    return kept


def _is_used(text: str, used: str) -> bool:
    names = {found["name"] for found in _SETS.finditer(text)}
    return any(re.search(rf"\$\{{?[#!]?{name}\b|(?<![\w$]){name}(?=\s*[-+*/<>)])", used) for name in names)


def _moves(text: str) -> bool:
    return _MOVES.search(text) is not None


def _fence_of(procedure: Procedure, step: Step) -> int | None:
    return next((each.line for each in procedure.fences if each.line < step.line <= each.end_line), None)


def _holds(above: Step, step: Step, procedure: Procedure) -> bool:
    """Whether what is done in one step has been done when the other's turn comes: not if it is on another path."""
    paths = (branch for branch in procedure.branches if branch.line == above.branch)
    same = above.branch in (None, step.branch) or any(path.line <= step.line <= path.end_line for path in paths)
    return same and above.kind is StepKind.STATEMENT
