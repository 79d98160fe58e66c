"""What the settings file says about people and turns; the tables `[people.ID]` and `[teams.ID.schedules.NAME]`."""

from __future__ import annotations

from datetime import date, datetime

import msgspec


class Try(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One attempt of somebody's rule: over which channel, so many seconds after the attempt before."""

    channel: str
    after_s: int = 0


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How somebody wants to be called: the attempts for `high` and for `low` urgency, the first at once.

    Without any, their channels are climbed at the severity's own pace. In `quiet` hours, written as a layer's `during`,
    low urgency waits; they count in `timezone`, or in the team's where it is empty.
    """

    high: tuple[Try, ...] = ()
    low: tuple[Try, ...] = ()
    quiet: tuple[str, ...] = ()
    timezone: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who can be called. `channels` are ids of channels, the weakest first: repeats climb them.

    `phone` is for calls and SMS, in the form ``+4930123456``; `pagerduty` is their id there. An `assistant` is a script
    or a model that acts under a name of its own: it may propose, never approve. `rules` say which channels are used
    when.
    """

    name: str
    mail: str = ""
    phone: str = ""
    pagerduty: str = ""
    channels: tuple[str, ...] = ("terminal",)
    assistant: bool = False
    rules: Rules = Rules()


class Layer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People who take turns; of two layers of a schedule the later lies above, and wins wherever it has somebody.

    `rotation` is `none` (everybody, always), `hourly`, `daily`, `weekly`, `monthly`, or `custom` with its `length`
    (``"36h"``, ``"10d"``); a turn lasts `every` so many of these. It ends at `handoff`, wall-clock time in the
    schedule's zone: ``"Monday 09:00"``, ``"09:00"``, for monthly ``"1 09:00"`` (the day of the month; the last one
    where the month is shorter). `start` is the day of the first turn. Outside `during` (``"Mon-Fri 09:00-17:00"``,
    ``"22:00-06:00"``, ``"Fri 17:00 - Mon 09:00"``), before `begins` and from `ends` on it has nobody.
    """

    people: tuple[str, ...] = ()
    rotation: str = "none"
    handoff: str = "Monday 09:00"
    start: date = date(2024, 1, 1)
    every: int = 1
    length: str = ""
    during: tuple[str, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None


class Holidays(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Public holidays of a `country` (``"DE"``) and perhaps its `region` (``"BY"``), from midnight to midnight.

    `who` has the duty on them, all of these; where it is empty nobody has, and that is reported as a gap.
    """

    country: str
    region: str | None = None
    who: tuple[str, ...] = ()


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is on duty. The fields that a `Layer` has too are its lowest layer; `layers` lie above it.

    `timezone` is the team's where it is not given. With `ics`, shifts come from a calendar: a file of the workspace, or
    an address that the operator names here. They lie above the layers. With `pagerduty`, the id of a schedule there,
    they are read from PagerDuty.
    """

    people: tuple[str, ...] = ()
    rotation: str = "none"
    handoff: str = "Monday 09:00"
    timezone: str | None = None
    start: date = date(2024, 1, 1)
    every: int = 1
    length: str = ""
    during: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()
    holidays: Holidays | None = None
    ics: str = ""
    pagerduty: str = ""


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The working hours of a team, in its zone, written as a layer's `during`. None begin on a day of `closed`, nor on
    a public holiday of `holidays` (whose `who` says nothing here).
    """

    during: tuple[str, ...] = ("Mon-Fri 09:00-17:00",)
    holidays: Holidays | None = None
    closed: tuple[date, ...] = ()


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A shift that stands in a calendar of somebody else's: a person, and from when until when."""

    person: str
    starts_at: datetime
    ends_at: datetime


MOST_AFTER_S = 7 * 24 * 3600
"""How long a level of the ladder may stay away."""


class Staffing(msgspec.Struct, frozen=True, kw_only=True):
    """How one team is reached.

    `levels` is the ladder: each rung lists schedules, roles or people. `level_after_s` gives rungs, by their number
    from 1, a time of their own in seconds after the start; the others follow the one before by the severity's clock.
    `roles` says who answers to a name that the playbook uses ("engineering lead"). `last_resort` is told whenever
    nobody else can be. In `hours` what may wait is counted. `calendars` are the shifts of schedules with `ics` or
    `pagerduty`, as read last.
    """

    timezone: str = "UTC"
    schedules: dict[str, Schedule] = {}
    levels: tuple[tuple[str, ...], ...] = ()
    level_after_s: dict[str, int] = {}
    roles: dict[str, tuple[str, ...]] = {}
    last_resort: tuple[str, ...] = ()
    calendars: dict[str, tuple[Stretch, ...]] = {}
    hours: Hours = Hours()
