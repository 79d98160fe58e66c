"""The shifts of a schedule at PagerDuty, with its overrides in, as its REST API renders them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from tocsin.integrations.post import ask, read_json, require_yes
from tocsin.oncall.settings import Person, Stretch

VENDOR = "PagerDuty"
ID = re.compile(r"[A-Z0-9]{4,32}")


class _User(msgspec.Struct, frozen=True):
    id: str = ""
    summary: str = ""


class _Shift(msgspec.Struct, frozen=True):
    start: datetime
    end: datetime
    user: _User | None = None


class _Final(msgspec.Struct, frozen=True):
    rendered_schedule_entries: tuple[_Shift, ...]


class _Schedule(msgspec.Struct, frozen=True):
    final_schedule: _Final


class _Answer(msgspec.Struct, frozen=True):
    schedule: _Schedule


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What was read: shifts of people whom we know, and the names of those whom we do not."""

    stretches: tuple[Stretch, ...]
    strangers: tuple[str, ...] = ()


async def read_schedule(
    api: str, token: str, schedule: str, people: Mapping[str, Person], since: datetime, until: datetime
) -> Read:
    """The shifts of a schedule between two moments. Raises `Unavailable` and `Rejected`.

    `overflow` has those at the bounds whole: else the first one begins when it is asked for, another time each minute.
    """
    answer = await ask(
        VENDOR,
        f"{api}/schedules/{schedule}",
        method="GET",
        headers={"Authorization": f"Token token={token}", "Accept": "application/vnd.pagerduty+json;version=2"},
        params={"since": since.isoformat(), "until": until.isoformat(), "time_zone": "UTC", "overflow": "true"},
    )
    require_yes(VENDOR, answer)
    shifts = read_json(VENDOR, answer, _Answer).schedule.final_schedule.rendered_schedule_entries
    stretches, strangers = list[Stretch](), dict[str, None]()
    for shift in shifts:
        user = shift.user or _User()
        person = find_person(people, user.id, user.summary)
        if person is None:
            strangers[f"{user.summary or 'somebody'} ({user.id})"] = None
        elif shift.start < shift.end:
            stretches.append(Stretch(person=person, starts_at=shift.start, ends_at=shift.end))
    return Read(stretches=tuple(stretches), strangers=tuple(strangers))


def find_person(people: Mapping[str, Person], user: str, name: str) -> str | None:
    """Who somebody at PagerDuty is here: by their id there, else by a name that only one person has.

    Anybody there can call themselves by any name: whose id is known is nobody else by it.
    """
    for person, each in people.items():
        if each.pagerduty and each.pagerduty == user:
            return person
    unnumbered = {person: each for person, each in people.items() if not each.pagerduty}
    same = [person for person, each in unnumbered.items() if each.name.casefold() == name.casefold()]
    return same[0] if len(same) == 1 else None
