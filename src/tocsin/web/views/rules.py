"""How somebody is called, for their own screen: what follows from their rules, in words, and the rules as a form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.oncall.personal import MOST_TRIES, find_quiet_end, list_channels, list_tries
from tocsin.oncall.settings import Person, Try
from tocsin.page.contact import Contact
from tocsin.web.views.scene import View
from tocsin.words import Urgency

ROWS = 3
WAITS = {
    Urgency.HIGH: (0, 15, 30, 45, 60, 90, 120, 180, 300, 600),
    Urgency.LOW: (0, 60, 300, 900, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600),
}


class RowView(View, frozen=True, kw_only=True):
    """One attempt in the form; an empty channel is none."""

    channel: str
    after_s: int


class RulesView(View, frozen=True, kw_only=True):
    """Somebody's rules. `says` are the sentences that follow from them, `warns` what may leave them unreached; `is_own`
    if they have set them here and not in the settings. `clock` is what their wall shows now.
    """

    channels: tuple[str, ...]
    high: tuple[RowView, ...]
    low: tuple[RowView, ...]
    waits: dict[str, tuple[tuple[int, str], ...]]
    quiet: str
    timezone: str
    clock: str
    says: tuple[str, ...]
    warns: tuple[str, ...]
    is_own: bool


def show_rules(
    person: Person, contacts: list[Contact], unreachable: str, now: datetime, zone: str, *, is_own: bool
) -> RulesView:
    """The rules as they hold; `zone` is the one in which quiet hours count where none is given."""
    rules = person.rules
    where = ZoneInfo(rules.timezone or zone)
    waits = {urgency.value: tuple((s, spell_wait(s)) for s in _list_waits(person, urgency)) for urgency in Urgency}
    return RulesView(
        channels=person.channels,
        high=_list_rows(rules.high),
        low=_list_rows(rules.low),
        waits=waits,
        quiet="\n".join(rules.quiet),
        timezone=rules.timezone,
        clock=f"{now.astimezone(where):%A %H:%M} in {where.key}",
        says=tuple(_tell(person, now, where)),
        warns=tuple(_warn(person, contacts, unreachable)),
        is_own=is_own,
    )


def _list_waits(person: Person, urgency: Urgency) -> list[int]:
    """What the form offers, and what is set already."""
    return sorted({*WAITS[urgency], *(each.after_s for each in list_tries(person, urgency))})


def _list_rows(tries: tuple[Try, ...]) -> tuple[RowView, ...]:
    rows = [RowView(channel=each.channel, after_s=each.after_s) for each in tries]
    empty = min(max(ROWS - len(rows), 1), MOST_TRIES - len(rows))
    return (*rows, *(RowView(channel="", after_s=60) for _ in range(empty)))


def spell_wait(seconds: int) -> str:
    """``at once``, ``45 s``, ``2 min``, ``4 h``."""
    if seconds % 3600 == 0 and seconds:
        return f"{seconds // 3600} h"
    if seconds % 60 == 0 and seconds:
        return f"{seconds // 60} min"
    return f"{seconds} s" if seconds else "at once"


def _tell(person: Person, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    for urgency, what in ((Urgency.HIGH, "What is urgent"), (Urgency.LOW, "What can wait")):
        tries = list_tries(person, urgency)
        if tries:
            told = [
                f"{tries[0].channel} at once",
                *(f"{each.channel} {spell_after(each.after_s)}" for each in tries[1:]),
            ]
            again = f"; then {tries[-1].channel} again and again" if urgency is Urgency.HIGH else ""
            yield f"{what}: {', '.join(told)}{again}, until somebody acknowledges."
        else:
            channels = ", then ".join(list_channels(person, urgency)) or "the terminal"
            yield f"{what}: {channels}, as fast as the severity demands."
    until = find_quiet_end(person.rules, zone.key, now)
    if until is not None:
        yield f"These are your quiet hours: what can wait is told at {until.astimezone(zone):%A %H:%M}, in one message."


def spell_after(seconds: int) -> str:
    """How long after the attempt before."""
    return f"{spell_wait(seconds)} later" if seconds else "at the same time"


def _warn(person: Person, contacts: list[Contact], unreachable: str) -> Iterator[str]:
    if unreachable:
        yield f"Tonight nobody may reach you: {person.name} {unreachable}."
    confirmed = {each.channel for each in contacts if each.is_confirmed}
    urgent = [each.channel for each in list_tries(person, Urgency.HIGH)] or list(person.channels)
    if not confirmed.intersection(urgent):
        named = ", ".join(dict.fromkeys(urgent))
        yield f"No test page was ever confirmed over any channel that is used for what is urgent ({named}); send one."
