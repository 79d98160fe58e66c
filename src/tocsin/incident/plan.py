"""What a planner answers: the events that are due now, and when to ask it again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tocsin.timeline.events import Event


class At(msgspec.Struct, frozen=True, gc=False):
    """An event that happened at another moment than the one in which it is noted."""

    event: Event
    at: datetime


Happening = Event | At
"""What decisions and plans give: an event of now, or one with its own moment."""


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What to append, and the moment from which this planner may have more to say (null: not before an event)."""

    events: tuple[Happening, ...] = ()
    wake: datetime | None = None


NOTHING = Plan()


def join(plans: Iterable[Plan]) -> Plan:
    """All events in order, and the earliest wake."""
    plans = tuple(plans)
    wakes = [plan.wake for plan in plans if plan.wake is not None]
    return Plan(tuple(event for plan in plans for event in plan.events), min(wakes, default=None))
