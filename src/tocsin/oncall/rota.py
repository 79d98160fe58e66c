"""Who answers to a name at a given moment.

Playbooks call people by many names ("Primary on-call", "engineering lead", "all-hands"). A name means, in this order:
what the team's settings map it to, a schedule, a person; and beyond these only the few words below that mean everybody.
A name that means nobody gives an empty answer, and whoever asked must say so aloud.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from tocsin.oncall.duty import Duty, Plan, find_duty
from tocsin.oncall.hours import WorkingTime
from tocsin.oncall.override import Override
from tocsin.oncall.settings import Person, Schedule, Staffing

ON_DUTY = re.compile(r"^(all|everyone|everybody|anyone) (who is )?on[- ]call\b")
EVERYBODY = re.compile(
    r"^(((the|emergency) )?(all|entire|whole)[- ](team|hands)( on deck)?|everyone|everybody|(the )?team)$"
)


class Rota(msgspec.Struct, frozen=True, kw_only=True):
    """The people of one team and how they take turns; `overrides` in the order in which they were set."""

    staffing: Staffing
    people: dict[str, Person]
    overrides: tuple[Override, ...] = ()

    def answer(self, name: str, at: datetime) -> tuple[str, ...]:
        """The ids of those who answer to `name` at `at`, without duplicates, in the order of the settings."""
        wanted = _fold(name)
        if wanted in (roles := {_fold(role): names for role, names in self.staffing.roles.items()}):
            return _once(person for each in roles[wanted] for person in self._member(each, at))
        if ON_DUTY.match(wanted) and not self._is_schedule(wanted):
            return self.on_duty(at)
        if EVERYBODY.match(wanted) and not self._is_schedule(wanted):
            return self.everybody()
        return self._member(name, at)

    def _member(self, name: str, at: datetime) -> tuple[str, ...]:
        schedule = self._find_schedule(name)
        if schedule is not None:
            return self.duty(schedule, at).people
        return (name,) if name in self.people else ()

    def _is_schedule(self, wanted: str) -> bool:
        return any(_fold(each) == wanted for each in self.staffing.schedules)

    def _find_schedule(self, name: str) -> str | None:
        """The schedule of exactly that name; else the one that it means without its ``on-call`` or ``engineer``."""
        wanted = _fold(name)
        folded = {_fold(each): each for each in reversed(self.staffing.schedules)}
        return folded.get(wanted) or folded.get(_plain(wanted))

    def behind(self, name: str) -> tuple[str, ...]:
        """Everybody who may answer to `name`, whoever's turn it is."""
        wanted = _fold(name)
        if wanted in (roles := {_fold(role): names for role, names in self.staffing.roles.items()}):
            return _once(person for each in roles[wanted] for person in self._turns(each))
        if self._is_schedule(wanted):
            return self._turns(name)
        if ON_DUTY.match(wanted):
            return _once(person for schedule in self.staffing.schedules for person in self._turns(schedule))
        return self.everybody() if EVERYBODY.match(wanted) else self._turns(name)

    def _turns(self, name: str) -> tuple[str, ...]:
        schedule = self._find_schedule(name)
        if schedule is not None:
            read = (stretch.person for stretch in self.staffing.calendars.get(schedule, ()))
            return _once([*list_members(self.staffing.schedules[schedule]), *read])
        return (name,) if name in self.people else ()

    def behind_all(self, names: Iterable[str]) -> tuple[str, ...]:
        """Everybody who may answer to any of `names`."""
        return _once(person for name in names for person in self.behind(name))

    def answer_all(self, names: tuple[str, ...], at: datetime) -> tuple[str, ...]:
        """Those who answer to any of `names`."""
        return _once(person for name in names for person in self.answer(name, at))

    def knows(self, name: str) -> bool:
        """Whether the name means anybody, whoever's turn it is."""
        return not self.find_unknown([name])

    def find_unknown(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the names that mean nobody, whoever's turn it is."""
        schedules = {_fold(schedule) for schedule in self.staffing.schedules}
        known = schedules | {_fold(role) for role in self.staffing.roles}
        return frozenset(
            name
            for name, wanted in ((name, _fold(name)) for name in names)
            if not (wanted in known or name in self.people or _plain(wanted) in schedules)
            and not (ON_DUTY.match(wanted) or EVERYBODY.match(wanted))
        )

    @property
    def working(self) -> WorkingTime:
        """The team's working hours."""
        return find_working(self.staffing)

    def duty(self, schedule: str, at: datetime) -> Duty:
        """Who has the duty of one schedule at `at`, and until when that may change."""
        return find_duty(self.plan(schedule), at)

    def plan(self, schedule: str) -> Plan:
        """A schedule with everything that lies over it."""
        found = self.staffing.schedules[schedule]
        return Plan(
            name=schedule,
            schedule=found,
            zone=ZoneInfo(found.timezone or self.staffing.timezone),
            stretches=self.staffing.calendars.get(schedule, ()),
            overrides=tuple(each for each in self.overrides if each.schedule == schedule) if self.overrides else (),
        )

    def on_duty(self, at: datetime) -> tuple[str, ...]:
        """Everybody whose turn it is in any schedule of the team."""
        return _once(person for schedule in self.staffing.schedules for person in self.duty(schedule, at).people)

    def everybody(self) -> tuple[str, ...]:
        """Everybody whom the team's schedules, ladder and roles name."""
        staffing = self.staffing
        named = [person for schedule in staffing.schedules.values() for person in list_members(schedule)]
        named += [each.person for stretches in staffing.calendars.values() for each in stretches]
        named += [name for level in staffing.levels for name in level]
        named += [name for names in staffing.roles.values() for name in names]
        return _once(name for name in named if name in self.people)

    def channels(self, person: str) -> tuple[str, ...]:
        """The channels of a person, the weakest first; the terminal where none is set."""
        found = self.people.get(person)
        return (found.channels if found else ()) or ("terminal",)


def find_working(staffing: Staffing) -> WorkingTime:
    """The working hours of a team, in its zone."""
    return WorkingTime(staffing.hours, ZoneInfo(staffing.timezone))


def means_everybody(name: str) -> bool:
    """Whether a name is one of the few words that mean everybody."""
    wanted = _fold(name)
    return bool(ON_DUTY.match(wanted) or EVERYBODY.match(wanted))


def list_members(schedule: Schedule) -> tuple[str, ...]:
    """Everybody whom a schedule names, in its order."""
    layers = [person for layer in schedule.layers for person in layer.people]
    return _once([*schedule.people, *layers, *(schedule.holidays.who if schedule.holidays is not None else ())])


@lru_cache(maxsize=1000)
def _fold(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip().casefold()


def _plain(name: str) -> str:
    """``primary on-call engineer`` is the schedule ``primary``."""
    return re.sub(r"\b(on[- ]?call|engineer|rotation|schedule)\b", "", name).strip(" -")


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
