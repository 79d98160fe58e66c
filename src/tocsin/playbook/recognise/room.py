"""What the document wants of an incident's own room: opened when, with whom, kept how long, closed how.

Such lines are steps of a general procedure ("Create Slack channel …", "Keep incident channel open for 1 hour") or
columns of a chart drawn inside a fence. They take the severities of the procedure, narrowed by the condition that they
stand under ("For SEV-1/SEV-2:"), and the clock of the phase.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.draft import Draft
from tocsin.playbook.duration import durations
from tocsin.playbook.model import Phase, Procedure, RoomDuty, Step
from tocsin.playbook.recognise.chart import Column, read_columns
from tocsin.words import RoomWish, StepKind

_ROOM = r"(?:(?:slack|chat|teams|discord|incident|dedicated|own|new|temporary)\s+)*(?:channel|war[- ]?room|room)\b"
_WISHES: tuple[tuple[RoomWish, re.Pattern[str]], ...] = (
    (RoomWish.WITHOUT, compile_late(rf"\bno\s+{_ROOM}|\bwithout\s+(?:an?\s+)?{_ROOM}", re.IGNORECASE)),
    (RoomWish.KEEP, compile_late(rf"\b(?:keep|leave)\b.*\b{_ROOM}.*\bopen\b", re.IGNORECASE)),
    (RoomWish.CLOSE, compile_late(rf"\b(?:close|archive)\b[^.]*\b{_ROOM}", re.IGNORECASE)),
    (
        RoomWish.OPEN,
        compile_late(
            rf"\b(?:create|open|start|set up|spin up|launch)\b[^.]*\b{_ROOM}"
            rf"|\b{_ROOM}\s+(?:is\s+)?(?:created|opened|started)",
            re.IGNORECASE,
        ),
    ),
    (RoomWish.PIN, compile_late(r"\bpin\b.*\b(?:updates?|status|summary|messages?)\b", re.IGNORECASE)),
    (RoomWish.RECORD, compile_late(rf"\b(?:document|record|log|post)\b.*\bactions?\b.*\b{_ROOM}", re.IGNORECASE)),
    (RoomWish.INVITE, compile_late(r"^\W*(?:invite|add)\b(?=.*[^\W\d_]{3,})", re.IGNORECASE)),
    (RoomWish.SAY, compile_late(r"^\W*post\b.*\b(?:initial|first)\b.*\b(?:status|message|update)\b", re.IGNORECASE)),
    (RoomWish.WATCH, compile_late(r"^\W*(?:monitor|watch)\b(?!.*\bstatus page\b)", re.IGNORECASE)),
)
"""What a line wants, the first that fits; those without the word for a room count only in a procedure that has one."""
_DOING = frozenset({StepKind.MANUAL, StepKind.CHECKLIST})


def recognise(draft: Draft) -> None:
    """Find them in the general procedures."""
    found = [duty for process in draft.processes for duty in _read(draft, process)]
    found += [_of_column(column) for column in read_columns(draft) if _wish(column.text) is RoomWish.OPEN]
    draft.rooms = sorted(found, key=lambda duty: duty.line)


def _read(draft: Draft, process: Procedure) -> Iterator[RoomDuty]:
    wishes = [(step, _wish(step.text)) for step in process.steps if step.kind in _DOING]
    first = next((step.line for step, wish in wishes if wish in (RoomWish.OPEN, RoomWish.KEEP, RoomWish.WITHOUT)), None)
    kept = next((step.line for step, wish in wishes if wish is RoomWish.KEEP), None)
    for step, wish in wishes:
        if wish is None or first is None or step.line < first:
            continue
        if wish is RoomWish.WATCH and (kept is None or step.line < kept):
            continue
        starts_s, ends_s = _find_clock(process.phases, step.line)
        yield RoomDuty(
            what=wish,
            line=step.line,
            text=step.text,
            severities=narrow(draft, process, step),
            starts_s=starts_s,
            ends_s=ends_s,
            keep_s=_longest(step.text) if wish is RoomWish.KEEP else None,
        )


def _of_column(column: Column) -> RoomDuty:
    return RoomDuty(
        what=RoomWish.OPEN,
        line=column.line,
        text=column.text,
        severities=column.severities,
        starts_s=column.starts_s,
        ends_s=column.ends_s,
    )


def _wish(text: str) -> RoomWish | None:
    return next((wish for wish, pattern in _WISHES if pattern.search(text)), None)


def _longest(text: str) -> int | None:
    return max((each.high for each in durations(text)), default=None)


def narrow(draft: Draft, process: Procedure, step: Step) -> tuple[str, ...]:
    """The severities of a step: those of the condition that it stands under, else those of its procedure."""
    condition = next((each.condition for each in process.branches if each.line == step.branch), "")
    return tuple(draft.levels.find(condition)) or process.severities


def _find_clock(phases: tuple[Phase, ...], line: int) -> tuple[int | None, int | None]:
    """When the phase starts that a line stands in, and when it ends: with the next one, where it does not say."""
    around = next((phase for phase in reversed(phases) if phase.line <= line), None)
    if around is None or around.starts_s is None:
        return None, None
    start = around.starts_s
    after = (each.starts_s for each in phases if each.line > around.line and (each.starts_s or 0) > start)
    return start, around.ends_s if around.ends_s is not None else next(after, None)
