"""Who is called and when, in two versions: severities with their clocks, escalation, roles, contacts, rotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tocsin.playbook import anchor
from tocsin.playbook.difference.change import Change, Topic, Weight, shorten
from tocsin.playbook.difference.pairing import pair
from tocsin.playbook.duration import say
from tocsin.playbook.model import Contact, Escalation, Playbook, Response, Role, Rotation, Severity, Trigger
from tocsin.words import Calendar, TriggerClock

T = TypeVar("T")


def compare_people(old: Playbook, new: Playbook) -> Iterator[Change]:
    """Changes of levels and of the people behind them."""
    for was, now in pair(old.severities, new.severities, (lambda each: each.id,), lambda each: each.name):
        yield from _compare_severity(was, now)
    keys = (_rung, _who, _when)
    for rung, other in pair(old.escalation, new.escalation, keys, lambda each: ", ".join(each.who)):
        yield from _compare_escalation(rung, other)
    yield from _compare_named("The role", old.roles, new.roles, _tell_role)
    yield from _compare_named("The contact", old.contacts, new.contacts, _tell_contact)
    yield from _compare_named("The rotation", old.rotations, new.rotations, _tell_rotation)


def _change(weight: Weight, topic: Topic, text: str, was: int | None, now: int | None, scope: str = "") -> Change:
    return Change(weight=weight, topic=topic, text=text, scope=scope, old_line=was, new_line=now)


# -- severities -------------------------------------------------------------------------------------------------------


def _compare_severity(was: Severity | None, now: Severity | None) -> Iterator[Change]:
    if was is None and now is not None:
        yield _change(
            Weight.NOTABLE, Topic.CLOCK, f"{now.id} is a new level: {_respond(now.response)}.", None, now.line
        )
    elif now is None and was is not None:
        yield _change(Weight.DANGEROUS, Topic.CLOCK, f"{was.id} is no level any more.", was.line, None)
    elif was is not None and now is not None:
        yield from _compare_level(was, now)


def _compare_level(was: Severity, now: Severity) -> Iterator[Change]:
    if was.id != now.id:
        yield _change(Weight.NOTABLE, Topic.CLOCK, f"{was.id} is called {now.id} now.", was.line, now.line)
    if was.rank != now.rank:
        text = f"{now.id} is level {now.rank + 1} from the worst now (was {was.rank + 1})."
        yield _change(Weight.NOTABLE, Topic.CLOCK, text, was.line, now.line)
    if was.response != now.response:
        weight = Weight.DANGEROUS if _waits(now.response) > _waits(was.response) else Weight.NOTABLE
        text = f"{now.id}: {_respond(now.response)} now (was: {_respond(was.response)})."
        yield _change(weight, Topic.CLOCK, text, was.response_line, now.response_line)
    yield from _compare_clocks(was, now)
    if was.page != now.page:
        lost = [who for who in was.page if who not in now.page]
        before, after = (", ".join(each.page) or "nobody by name" for each in (was, now))
        weight = Weight.DANGEROUS if lost else Weight.NOTABLE
        text = f"{now.id} pages {after} now (was {before})."
        yield _change(weight, Topic.PEOPLE, text, was.page_line, now.page_line)


def _compare_clocks(was: Severity, now: Severity) -> Iterator[Change]:
    clocks = (
        ("an update is owed every", was.update_every_s, now.update_every_s, was.update_line, now.update_line),
        ("the status page is owed within", was.status_page_within_s, now.status_page_within_s,
         was.status_page_line, now.status_page_line),
        ("the bridge is owed within", was.bridge_within_s, now.bridge_within_s, was.bridge_line, now.bridge_line),
    )  # fmt: skip
    for words, before, after, old_line, new_line in clocks:
        if before != after:
            text = f"{now.id}: {words} {_time(after)} now (was {_time(before)})."
            slower = after is None or (before is not None and after > before)
            yield _change(Weight.DANGEROUS if slower else Weight.NOTABLE, Topic.CLOCK, text, old_line, new_line)
    if was.status_page != now.status_page:
        before_word, after_word = (each.status_page or "not mentioned" for each in (was, now))
        text = f"{now.id}: the status page is {after_word} now (was {before_word})."
        yield _change(Weight.NOTABLE, Topic.CLOCK, text, was.status_page_line, now.status_page_line)


def _time(seconds: int | None) -> str:
    return "no given time" if seconds is None else say(seconds)


def _waits(response: Response) -> int:
    """Seconds that an incident may wait; what only says "immediately" waits none, what says nothing waits for ever."""
    if response.calendar is Calendar.NEXT_BUSINESS_DAY:
        return 10**7
    if response.within_s is None:
        return 0 if response.immediate else 10**8
    return response.within_s * (3 if response.calendar is Calendar.BUSINESS_HOURS else 1)


def _respond(response: Response) -> str:
    if response.calendar is Calendar.NEXT_BUSINESS_DAY:
        return "respond on the next business day"
    if response.within_s is None:
        return "respond immediately, no bound" if response.immediate else "no response time"
    hours = " of business hours" if response.calendar is Calendar.BUSINESS_HOURS else ""
    return f"respond within {say(response.within_s)}{hours}"


# -- escalation -------------------------------------------------------------------------------------------------------


def _rung(found: Escalation) -> tuple[str, int, tuple[str, ...]] | None:
    return (found.scope, found.level, ()) if found.level is not None else None


def _who(found: Escalation) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return (found.scope, found.who, tuple(map(_tell_trigger, found.triggers)))


def _when(found: Escalation) -> tuple[str, tuple[str, ...]] | None:
    return (found.scope, tuple(map(_tell_trigger, found.triggers))) if found.level is None else None


def _compare_escalation(was: Escalation | None, now: Escalation | None) -> Iterator[Change]:
    scope = next((each.scope for each in (now, was) if each is not None and each.scope != "document"), "")
    lines = (was.line if was else None, now.line if now else None)
    if now is None and was is not None:
        text = f"Nobody calls {_tell_rung(was)} any more."
        yield _change(Weight.DANGEROUS, Topic.PEOPLE, text, *lines, scope)
    elif was is None and now is not None:
        yield _change(Weight.NOTABLE, Topic.PEOPLE, f"Called now: {_tell_rung(now)}.", *lines, scope)
    elif was is not None and now is not None:
        place = f"Level {now.level}" if now.level is not None else "The escalation"
        if (was.who, was.via) != (now.who, now.via):
            text = f"{place} calls {_tell_who(now)} now (was {_tell_who(was)})."
            yield _change(Weight.NOTABLE, Topic.PEOPLE, text, *lines, scope)
        before, after = tuple(map(_tell_trigger, was.triggers)), tuple(map(_tell_trigger, now.triggers))
        if before != after:
            text = f"{place} ({_tell_who(now)}) is called {_list(after)} now (was {_list(before)})."
            yield _change(_slower(was.triggers, now.triggers), Topic.CLOCK, text, *lines, scope)


def _slower(old: Sequence[Trigger], new: Sequence[Trigger]) -> Weight:
    """Dangerous where somebody is called later than before, or on fewer occasions."""
    fewer = len(new) < len(old)
    later = min((each.after_s for each in new), default=10**9) > min((each.after_s for each in old), default=10**9)
    return Weight.DANGEROUS if fewer or later else Weight.NOTABLE


def _tell_rung(found: Escalation) -> str:
    level = f" (level {found.level})" if found.level is not None else ""
    return f"{_tell_who(found)}{level} {_list(tuple(map(_tell_trigger, found.triggers)))}"


def _tell_who(found: Escalation) -> str:
    via = f" by {', '.join(found.via)}" if found.via else ""
    return f"{', '.join(found.who)}{via}"


def _tell_trigger(trigger: Trigger) -> str:
    level = f"{trigger.severity}: " if trigger.severity else ""
    if trigger.condition:
        return f"{level}when “{shorten(trigger.condition, 60)}”"
    if trigger.clock is TriggerClock.IMMEDIATE or not trigger.after_s:
        return f"{level}at once"
    return f"{level}{'if unresolved ' if trigger.clock is TriggerClock.UNRESOLVED else ''}after {say(trigger.after_s)}"


def _list(triggers: tuple[str, ...]) -> str:
    return "; ".join(triggers) or "at no given time"


# -- roles, contacts, rotations ---------------------------------------------------------------------------------------

Named = TypeVar("Named", Role, Contact, Rotation)


def _compare_named(
    word: str, old: Sequence[Named], new: Sequence[Named], tell: Callable[[Named], str]
) -> Iterator[Change]:
    for was, now in pair(old, new, (lambda each: anchor.fold(each.title),), lambda each: each.title):
        lines = (was.line if was else None, now.line if now else None)
        if now is None and was is not None:
            yield _change(Weight.NOTABLE, Topic.PEOPLE, f"{word} “{was.title}” is gone.", *lines)
        elif was is None and now is not None:
            yield _change(Weight.MINOR, Topic.PEOPLE, f"{word} “{now.title}” is new{tell(now)}.", *lines)
        elif was is not None and now is not None and (was.title, tell(was)) != (now.title, tell(now)):
            text = f"{word} “{now.title}” reads{tell(now) or ': nothing'} now (was “{was.title}”{tell(was)})."
            yield _change(Weight.NOTABLE, Topic.PEOPLE, text, *lines)


def _tell_role(role: Role) -> str:
    duties = "; ".join(shorten(duty.text, 60) for duty in role.duties[:4])
    return f": {duties}" if duties else ""


def _tell_contact(contact: Contact) -> str:
    return f": {contact.value or 'no value'}"


def _tell_rotation(rotation: Rotation) -> str:
    return f": hand-over {rotation.handoff.weekday} {rotation.handoff.time}" if rotation.handoff else ""
