"""One thing that differs between two versions of a playbook, in words."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Weight(StrEnum):
    """How much a change matters to whoever activates the new version: the dangerous first."""

    DANGEROUS = "dangerous"
    NOTABLE = "notable"
    MINOR = "minor"


class Topic(StrEnum):
    """What a change is about."""

    PROHIBITION = "prohibitions"
    APPROVAL = "approvals"
    EFFECT = "effects"
    STATEMENT = "statements"
    PEOPLE = "people"
    CLOCK = "clocks"
    SCENARIO = "scenarios"
    STEP = "steps"
    MESSAGE = "messages"
    DOCUMENT = "document"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change. ``scope`` is the procedure's title, empty for the document; lines are null where there is none."""

    weight: Weight
    topic: Topic
    text: str
    scope: str = ""
    old_line: int | None = None
    new_line: int | None = None


_WEIGHTS = tuple(Weight)
_TOPICS = tuple(Topic)


def urgency(change: Change) -> tuple[int, int, str, int]:
    """The order in which changes are told."""
    line = change.new_line if change.new_line is not None else change.old_line
    return _WEIGHTS.index(change.weight), _TOPICS.index(change.topic), change.scope, line or 0


def shorten(text: str, length: int = 100) -> str:
    """A text on one line."""
    words = " ".join(text.split())
    return words if len(words) <= length else f"{words[: length - 1].rstrip()}…"
