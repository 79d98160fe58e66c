"""What the settings file says about people and turns; the tables `[people.ID]` and `[teams.ID.schedules.NAME]`."""

from __future__ import annotations

from datetime import date

import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who can be called. `channels` are ids of channels, the weakest first: repeats climb them.

    An `assistant` is a script or a model that acts under a name of its own: it may propose, never approve.
    """

    name: str
    mail: str = ""
    channels: tuple[str, ...] = ("terminal",)
    assistant: bool = False


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People who take turns.

    `rotation` is `none` (everybody, always), `daily` or `weekly`; a turn ends at `handoff` (``"Monday 09:00"``, for
    daily ``"09:00"``), wall-clock time in `timezone` (default: the team's). `start` is the day of the first turn.
    """

    people: tuple[str, ...]
    rotation: str = "none"
    handoff: str = "Monday 09:00"
    timezone: str | None = None
    start: date = date(2024, 1, 1)


MOST_AFTER_S = 7 * 24 * 3600
"""How long a level of the ladder may stay away."""


class Staffing(msgspec.Struct, frozen=True, kw_only=True):
    """How one team is reached.

    `levels` is the ladder: each rung lists schedules, roles or people. `level_after_s` gives rungs, by their number
    from 1, a time of their own in seconds after the start; the others follow the one before by the severity's clock.
    `roles` says who answers to a name that the playbook uses ("engineering lead"). `last_resort` is told whenever
    nobody else can be.
    """

    timezone: str = "UTC"
    schedules: dict[str, Schedule] = {}
    levels: tuple[tuple[str, ...], ...] = ()
    level_after_s: dict[str, int] = {}
    roles: dict[str, tuple[str, ...]] = {}
    last_resort: tuple[str, ...] = ()
