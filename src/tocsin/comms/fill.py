"""A template filled from the incident: what is known is put in, what is not is asked for, and no value is read again.

A value is text and nothing else: it is put in once, on one line, and whatever in it looks like a slot, a command or a
mark stays what it is. There is no language in a template in which anything could be computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from tocsin.comms.blank import Blank, list_blanks, take_apart
from tocsin.incident.book import Book
from tocsin.incident.obligation import REVIEW
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Template
from tocsin.words import PublicStatus, Status, StepState

DEFAULT_UPDATE_S = 1800
"""Where a text promises a next update and no line says how often there is one."""
MOST_VALUE = 600
_CHOICE = compile_late(r"^\s*\w[\w -]*(?:\s*[/|]\s*\w[\w -]*)+\s*$")


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A template with its values. `missing` are the blanks that nobody has filled."""

    text: str
    subject: str = ""
    values: dict[str, str]
    missing: tuple[Blank, ...] = ()


def fill(
    template: Template,
    incident: Incident,
    book: Book,
    now: datetime,
    given: Mapping[str, str],
    name: Callable[[str], str] = str,
) -> Filled:
    """The template with what is known of the incident; what people have `given`, by names of blanks, comes first."""
    wanted = {key.casefold().strip(): value for key, value in given.items()}
    values: dict[str, str] = {}
    missing: list[Blank] = []
    for blank in list_blanks(template):
        said = wanted.get(blank.name.casefold(), "").strip() or find_value(blank, template, incident, book, now, name)
        if said:
            values[blank.name] = flatten(said)
        else:
            missing.append(blank)
    parts = (_put(part, values) for part in take_apart(template))
    text = "".join(parts).strip()
    subject, body = _split_subject(text)
    return Filled(text=body, subject=subject, values=values, missing=tuple(missing))


def flatten(value: str) -> str:
    """A value on one line, without anything but printing characters, at most so long."""
    return re.sub(r"\s+", " ", "".join(sign if sign.isprintable() else " " for sign in value)).strip()[:MOST_VALUE]


def _put(part: str | Blank, values: Mapping[str, str]) -> str:
    if isinstance(part, Blank):
        return values.get(part.name, f"[{part.name}]")
    return part


def _split_subject(text: str) -> tuple[str, str]:
    first, _, rest = text.partition("\n")
    found = re.match(r"\W*subject\W*:\s*(.+)$", first, re.IGNORECASE)
    return (found[1].strip(), rest.strip()) if found else ("", text)


def find_value(
    blank: Blank, template: Template, incident: Incident, book: Book, now: datetime, name: Callable[[str], str] = str
) -> str:
    """What the incident says of a blank; empty if it says nothing."""
    if _CHOICE.match(blank.hint):
        chosen = choose(blank.hint, incident)
        if chosen:
            return chosen
    asked = f"{blank.name} {blank.hint if template.slot_texts else ''}".casefold()
    for pattern, answer in _KNOWN:
        if pattern.search(asked):
            return answer(incident, book, now, name)
    return ""


def choose(choice: str, incident: Incident) -> str:
    """The one of several words that holds: the incident's severity, or its status in the team's own words."""
    words = [each.strip() for each in re.split(r"[/|]", choice)]
    if incident.severity in words:
        return incident.severity or ""
    by_fold = {each.casefold(): each for each in words}
    return next((by_fold[each] for each in say_status(incident) if each in by_fold), "")


def say_status(incident: Incident) -> tuple[str, ...]:
    """Words for where an incident stands, the best first: a team that does not know one has another."""
    match incident.public_status:
        case PublicStatus.INVESTIGATING:
            return ("investigating", "open", "active")
        case PublicStatus.IDENTIFIED:
            return ("identified", "mitigating", "in progress", "investigating")
        case PublicStatus.MONITORING:
            return ("monitoring", "mitigated", "mitigating", "watching")
    return ("resolved", "closed")


Answer = Callable[[Incident, Book, datetime, Callable[[str], str]], str]


def _next_update(incident: Incident, book: Book, now: datetime, name: Callable[[str], str]) -> str:
    """The moment and how far it is, as the playbook's cadence has it; where none is stated, half an hour."""
    severity = book.severity(incident)
    every = (severity.update_every_s if severity else None) or DEFAULT_UPDATE_S
    if incident.status in (Status.RESOLVED, Status.CLOSED):
        return "none, this is over"
    at = now + timedelta(seconds=every)
    return f"{at:%Y-%m-%d %H:%M} UTC ({every // 60} minutes)"


def _review(incident: Incident, book: Book, now: datetime, name: Callable[[str], str]) -> str:
    owed = [each for each in incident.obligations.values() if each.duty == REVIEW]
    due = min((each.due_at for each in [each for each in owed if each.is_open] or owed), default=None)
    return f"by {due:%Y-%m-%d %H:%M} UTC" if due else ""


def _answered(*asked: str) -> Answer:
    """What people have answered to a question of the playbook that says one of these words."""

    def find(incident: Incident, book: Book, now: datetime, name: Callable[[str], str]) -> str:
        for procedure in book.procedures(incident):
            for step in procedure.steps:
                record = incident.steps.get(f"L{step.line}")
                fits = any(word in step.text.casefold() for word in asked)
                if fits and step.text.endswith("?") and record is not None and record.state is StepState.OK:
                    return record.why
        return ""

    return find


def _first(*answers: Answer) -> Answer:
    def find(incident: Incident, book: Book, now: datetime, name: Callable[[str], str]) -> str:
        return next((said for each in answers if (said := each(incident, book, now, name))), "")

    return find


def _impact(incident: Incident, book: Book, now: datetime, name: Callable[[str], str]) -> str:
    scenario = book.scenario(incident)
    return (scenario.impact or "") if scenario else ""


def _title(incident: Incident, book: Book, now: datetime, name: Callable[[str], str]) -> str:
    return incident.title


def _clock(moment: datetime | None) -> str:
    return f"{moment:%H:%M}" if moment else ""


_KNOWN: tuple[tuple[re.Pattern[str], Answer], ...] = tuple(
    (re.compile(pattern), answer)
    for pattern, answer in (
        (r"next update", _next_update),
        (r"review|scheduled time", _review),
        (r"^severity|^level", lambda incident, *_: incident.severity or ""),
        (r"^(?:current )?status", lambda incident, *_: say_status(incident)[0].capitalize()),
        (r"incident (?:id|number)", lambda incident, *_: incident.number),
        (r"^(?:ic|incident commander)\b", lambda incident, book, now, name: name(incident.commander or "")),
        (r"start time|timestamp", lambda incident, *_: f"{incident.opened_at:%Y-%m-%d %H:%M} UTC"),
        (r"^from\b", lambda incident, *_: _clock(incident.opened_at)),
        (r"^(?:to|until)\b", lambda incident, *_: _clock(incident.mitigated_at or incident.resolved_at)),
        (r"^date", lambda incident, *_: f"{incident.opened_at:%Y-%m-%d}"),
        (r"root cause|what happened|the issue was", lambda incident, *_: incident.cause or ""),
        (r"brief description|^issue|^incident\b|^title|^summary", _first(_answered("broken"), _title)),
        (r"^impact", _first(_impact, _answered("affected"))),
        (r"^number", _answered("how many users")),
        (r"^description$|^description description$", lambda incident, *_: incident.cause or ""),
    )
)
