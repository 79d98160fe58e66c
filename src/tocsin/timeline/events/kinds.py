"""What an event is: a fact, an intent or an outcome."""

from __future__ import annotations

from typing import ClassVar

import msgspec


def _tag(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag=_tag, gc=False):
    """Something that has happened. `version` rises when a class changes its shape (old shapes: `upcast.py`)."""

    version: ClassVar[int] = 1

    @property
    def kind(self) -> str:
        """The stable name under which this event is stored."""
        return str(self.__struct_config__.tag)


class Fact(Event, frozen=True, kw_only=True):
    """Something a person did, an alert showed, or a planner noted."""


class Intent(Event, frozen=True, kw_only=True):
    """Something tocsin has resolved to ask of the outside world; performed at least once."""


class Outcome(Event, frozen=True, kw_only=True):
    """What the world answered to the intent with sequence number `answers` in the same stream."""

    closes: ClassVar[bool] = True
    answers: int
