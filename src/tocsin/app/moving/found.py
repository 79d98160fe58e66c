"""What an export holds, in our own words, and a remark for everything of it that has no equivalent here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tocsin.app.check import OURS
from tocsin.errors import BadInput
from tocsin.oncall.settings import MOST_AFTER_S, Layer

DAY, WEEK = 86_400, 604_800
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Human(msgspec.Struct, kw_only=True):
    """A person: `key` is what the export calls them, `id` what they are called here."""

    key: str
    id: str
    name: str
    mail: str = ""
    phone: str = ""


class Plan(msgspec.Struct, kw_only=True):
    """A schedule: its layers from the lowest up, or the address of its calendar; people by the export's keys."""

    key: str
    name: str
    zone: str
    layers: list[Layer] = []
    ics: str = ""


class Rung(msgspec.Struct, kw_only=True):
    """A level of a policy: schedules and people by the export's keys, and when it joins, in seconds from the start."""

    schedules: list[str] = []
    people: list[str] = []
    after_s: int = 0


class Policy(msgspec.Struct, kw_only=True):
    """An escalation policy; what two files say of the same one, by its key, is taken once."""

    key: str = ""
    name: str
    rungs: list[Rung]


class Found(msgspec.Struct, kw_only=True):
    """All that the files hold. `remarks` name each thing without an equivalent, with what to do instead; `blocked` are
    people, by their keys, whom the other pager calls no more: they are taken over only where something names them;
    `partial` are schedules of which only the names were in a file.
    """

    people: dict[str, Human] = {}
    blocked: dict[str, str] = {}
    schedules: dict[str, list[Plan]] = {}
    partial: dict[str, str] = {}
    policies: list[Policy] = []
    remarks: list[str] = []

    def add_person(self, key: str, name: str, mail: str = "", phone: str = "") -> None:
        """Somebody; two of the same name are told apart."""
        wanted = slug(mail.partition("@")[0]) or slug(name) or "person"
        made = tell_apart(wanted, {each.id for known, each in self.people.items() if known != key} | OURS)
        self.people[key] = Human(key=key, id=made, name=name or mail or key, mail=mail, phone=phone)

    def remark(self, text: str) -> None:
        """Note what has no equivalent, once."""
        if text not in self.remarks:
            self.remarks.append(text)

    def add_policy(self, policy: Policy) -> None:
        """A policy; the same one again, of a page that overlaps another, takes the place of the one before."""
        self.policies = [each for each in self.policies if not policy.key or each.key != policy.key] + [policy]

    def leave_out(self) -> None:
        """Say who is not taken over since they are blocked, and which schedules lack; once all files are read."""
        for key, name in self.partial.items():
            self.remark(
                f"schedule {name}: the file has no layers of it; export /schedules/{key} and give that file too"
            )
        for key, name in self.blocked.items():
            if key not in self.people:
                self.remark(f"person {name}: blocked, and left out")

    def require_person(self, key: str, name: str = "", mail: str = "") -> str:
        """The key of a person whom another part of the export names; who is in no list of people is made up of that."""
        if key not in self.people and key in self.blocked:
            self.add_person(key, self.blocked[key], mail)
            self.remark(
                f"person {self.blocked[key]}: blocked there, yet named in a rotation or a policy, and taken over so "
                "that the turns keep their order; put somebody in their place"
            )
        if key not in self.people:
            self.add_person(key, name or mail or key, mail)
            self.remark(f"person {name or mail or key}: the files have no list of people with them; add mail and phone")
        return key


def slug(text: str) -> str:
    """A name that can stand in settings and addresses."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:60]


def tell_apart(wanted: str, taken: Container[str]) -> str:
    """A name that is not taken: the wanted one, or the first free of `wanted-2`, `wanted-3` …"""
    made, number = wanted, 2
    while made in taken:
        made, number = f"{wanted}-{number}", number + 1
    return made


def list_of(value: Any) -> list[dict[str, Any]]:
    """The tables of a list; anything else is none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def table_of(value: Any) -> dict[str, Any]:
    """A table; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """A text, or a number as one; anything else is empty."""
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def number_of(value: Any, default: int = 0) -> int:
    """A whole number; anything else is the default."""
    return (
        int(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 else default
    )


def read_zone(found: Found, name: str, what: str) -> str:
    """A time zone; where there is none such, UTC and a remark."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        found.remark(f"{what}: its time zone {name!r} is unknown here and became UTC; mend it")
        return "UTC"
    return name


def read_moment(text: str, zone: str) -> datetime:
    """A moment as the export writes it, as the wall of `zone` shows it. Raises `BadInput`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no moment; export the file again.") from error
    return found.astimezone(ZoneInfo(zone)) if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def turn(length_s: int, start: datetime) -> dict[str, Any]:
    """The fields of a layer whose turns last so long, from the wall-clock moment `start` on."""
    clock = f"{start:%H:%M}"
    given: dict[str, Any] = {"start": start.date(), "handoff": clock}
    if length_s % WEEK == 0:
        weekly = f"{WEEKDAYS[start.weekday()]} {clock}"
        return {**given, "rotation": "weekly", "handoff": weekly, "every": length_s // WEEK}
    if length_s % DAY == 0:
        return {**given, "rotation": "daily", "every": length_s // DAY}
    if length_s % 3600 == 0:
        return {**given, "rotation": "hourly", "every": length_s // 3600}
    return {**given, "rotation": "custom", "length": f"{length_s // 60}m"}


def span(weekday: int, start_s: int, length_s: int) -> str:
    """A stretch of the week as a restriction says it; `weekday` from 0, `start_s` since midnight."""
    first = timedelta(seconds=start_s)
    last = timedelta(days=weekday) + first + timedelta(seconds=length_s)
    return f"{WEEKDAYS[weekday][:3]} {clock_of(start_s)} - {WEEKDAYS[last.days % 7][:3]} {clock_of(last.seconds)}"


def clock_of(seconds: int) -> str:
    """Seconds since midnight as the wall shows them."""
    return f"{seconds % DAY // 3600:02}:{seconds % 3600 // 60:02}"


def daily(start_s: int, length_s: int, days: Iterable[int] = ()) -> str:
    """The same time of each day, or of some days, as a restriction says it."""
    named = ",".join(WEEKDAYS[day][:3] for day in days)
    return f"{named} {clock_of(start_s)}-{clock_of(start_s + length_s)}".strip()


def bound_wait(found: Found, policy: str, after_s: int) -> int:
    """How long a level may stay away here."""
    if after_s > MOST_AFTER_S:
        found.remark(f"policy {policy}: a level waits longer than {MOST_AFTER_S // DAY} days; it joins after these")
    return min(after_s, MOST_AFTER_S)
