"""Rotations: who takes turns being on call, and when they hand over."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.model import Handoff, Rotation
from tocsin.playbook.sentence import lines_of
from tocsin.playbook.topics import Topic, name_topic

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = compile_late(rf"\b({'|'.join(_DAYS)}|mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)s?\b", re.IGNORECASE)
_TIME = compile_late(
    r"\b(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>am|pm|a\.m\.|p\.m\.)|(?P<h24>[01]?\d|"
    r"2[0-3])[:h](?P<m24>[0-5]\d)|(?P<noon>noon|midday|midnight))",
    re.IGNORECASE,
)
_HANDS_OVER = compile_late(
    r"hand-?\s?(?:off|over)|shift|rotat|week|change-?over|starts?|begins?|turn|"
    r"duration",
    re.IGNORECASE,
)
_TAKES_OVER = compile_late(r"hand-?\s?(?:off|over)|takes? over|change-?over|incoming", re.IGNORECASE)
_SUMS_UP = compile_late(r"\b(?:summar(?:y|ies|i[sz]e\w*)|recap|digest|report)\b", re.IGNORECASE)
_NAMED = compile_late(
    r"`([\w .-]+)`\s+(?:schedule|rotation|roster|rota|on-?call)\b|"
    r"\b(?:schedule|rotation|rota|roster)\s*:?\s*`([\w .-]+)`",
    re.IGNORECASE,
)


def recognise(draft: Draft) -> None:
    """Find the rotations: headings about one, and schedules that the document names."""
    found = [
        Rotation(title=inline.name(part.title), line=part.line, handoff=_handoff(part), summary=_summary(part))
        for block in draft.headings
        if block is not draft.title and name_topic(block.title) is Topic.ROTATION and _is_rotation(draft, block)
        for part in _turns(block)
    ]
    found += list(_named(draft))
    draft.rotations = sorted(found, key=lambda rotation: rotation.line)


def _is_rotation(draft: Draft, block: Block) -> bool:
    if draft.procedure_of(block) is not None or not block.children:
        return False
    return not any(
        above.kind is Kind.HEADING and above.level and name_topic(above.title) is Topic.ROTATION
        for above in block.ancestors()
    )


def _turns(block: Block) -> list[Block]:
    """The rotations under a heading: its parts where at least two have an hour of their own, else itself."""
    parts = [part for part in block.of(Kind.HEADING, Kind.LABEL) if part.children and _handoff(part) is not None]
    return parts if len(parts) >= 2 else [block]


def _named(draft: Draft) -> Iterator[Rotation]:
    for line, raw in enumerate(draft.outline.lines):
        if "`" in raw and (match := _NAMED.search(raw)):
            yield Rotation(title=(match.group(1) or match.group(2)).strip(), line=line + 1)


def _handoff(block: Block) -> Handoff | None:
    """Day and hour of the hand-over: the line that gives both, else a day from one line about it and an hour from
    another.
    """
    day = time = None
    for _, text, _ in lines_of(block):
        if not _HANDS_OVER.search(text) and not _DAY.search(text):
            continue
        days, hours = _DAY.search(text), _TIME.search(text)
        day = day or (_full(days.group(1)) if days else None)
        time = time or (_clock(hours) if hours and days else None)
    return Handoff(weekday=day, time=time) if day and time else None


def _summary(block: Block) -> int | None:
    """The line that wants the time before summed up for whoever takes over."""
    return next((line for line, text, _ in lines_of(block) if _SUMS_UP.search(text) and _TAKES_OVER.search(text)), None)


def _full(day: str) -> str:
    return next(name for name in _DAYS if name.startswith(day.lower()[:3])).capitalize()


def _clock(match: re.Match[str]) -> str | None:
    if match["noon"]:
        return "00:00" if match["noon"].lower() == "midnight" else "12:00"
    if match["h24"]:
        return f"{int(match['h24']):02d}:{match['m24']}"
    hour = int(match["hour"])
    if not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if match["half"].lower().startswith("p") else 0)
    return f"{hour:02d}:{match['minute'] or '00'}"
