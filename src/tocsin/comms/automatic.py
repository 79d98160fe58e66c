"""What a playbook has happen by itself when an alert opens an incident, and its lines that are done by then.

"Status page auto-updated (Investigating)" is the one case of public words that are no person's: the playbook says that
the page speaks by itself, so it does, with one plain sentence and nothing of the alert. Whatever forbids or locks words
beats that, so does privacy, and the settings can turn it off. Only an alert does it, at the severity whose procedure
has the line, and once: words that were taken back stay taken back. Where a name sounds of security nothing is said
before a person has looked, since no scenario that would lock words may have been found yet. In shadow mode it is
decided and not said: its duties count as kept, since nobody would have been asked to keep them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from tocsin.comms.following import HEADLINES
from tocsin.comms.gate import find_lock
from tocsin.incident.book import Book, number_steps
from tocsin.incident.plan import Plan
from tocsin.incident.privacy import sounds_of_security
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Procedure, Step
from tocsin.timeline import events as e
from tocsin.words import Audience, Mode, PublicStatus, Status, StepKind, StepState

ITSELF = "tocsin"
_AUTOMATIC = compile_late(r"\bauto(?:matic(?:ally)?|-?\s?(?:updat|post|set|publish)\w*)\b", re.IGNORECASE)
_PAGE = compile_late(r"\bstatus[ -]?page\b", re.IGNORECASE)
_OTHER_STATUS = compile_late(r"\b(?:identified|monitoring|resolved)\b|\b(?:except|unless|not)\b", re.IGNORECASE)
_CALLED = compile_late(
    r"^(?:the )?on-?call(?: engineer| responder| person)? (?:(?:is|gets|was) )?(?:auto(?:matically|-)? ?)?"
    r"(?:paged|called|alerted)$",
    re.IGNORECASE,
)
_TOLD = compile_late(r"\bauto(?:matically)?[- ]?(?:notified|told|posted|informed)\b", re.IGNORECASE)
_CHANNEL = compile_late(r"#[a-z0-9][a-z0-9_-]{0,79}", re.IGNORECASE)


def plan_automatic(incident: Incident, book: Book) -> Plan:
    """The status page's first word where the playbook has it speak by itself, and its lines that are done."""
    if not incident.alerts or incident.status not in (Status.ACTIVE, Status.ACKNOWLEDGED):
        return Plan()
    return Plan((*_speak(incident, book), *_tick(incident, book)))


def find_automatic(incident: Incident, book: Book) -> Step | None:
    """The line by which the status page says by itself that somebody is looking into it."""
    lines = (step for _, step in _list_open(incident, book, ticked=bool(incident.unsaid)))
    return next((step for step in lines if _speaks_of_page(step.text)), None)


def _speaks_of_page(text: str) -> bool:
    return bool(_AUTOMATIC.search(text) and _PAGE.search(text)) and not _OTHER_STATUS.search(text)


def _speak(incident: Incident, book: Book) -> Iterator[e.Event]:
    is_shadow = book.policy.mode is Mode.SHADOW
    said = (*incident.updates, *incident.unsaid) if is_shadow else incident.updates
    is_new = not any(Audience.PUBLIC in each.audiences for each in said)
    may = book.policy.automatic_status and incident.severity is not None
    if not (is_new and may) or _is_delicate(incident) or incident.public_status is not PublicStatus.INVESTIGATING:
        return
    if find_automatic(incident, book) is not None and find_lock(incident, book) is None:
        speak = e.UpdateWithheld if is_shadow else e.UpdatePosted
        yield speak(
            text=HEADLINES[PublicStatus.INVESTIGATING],
            by=ITSELF,
            audiences=(Audience.PUBLIC,),
            status=PublicStatus.INVESTIGATING,
        )


def _is_delicate(incident: Incident) -> bool:
    names = (incident.title, *incident.candidates, *(each.seen.name for each in incident.alerts.values()))
    return incident.is_private or any(map(sounds_of_security, names))


def _tick(incident: Incident, book: Book) -> Iterator[e.StepDone]:
    """The lines that say what happens by itself, once it has."""
    for step_id, step in _list_open(incident, book):
        note = _find_done(step.text, incident)
        if note:
            yield e.StepDone(step=step_id, by=ITSELF, note=note)


def _find_done(text: str, incident: Incident) -> str:
    """What did it, empty if it is not done."""
    if _speaks_of_page(text) and incident.public_updates:
        return "the status page says that it is being looked into"
    if _speaks_of_page(text) and incident.unsaid:
        return "the status page would say that it is being looked into; shadow mode"
    if _CALLED.search(text.strip(" .")) and incident.paged:
        return "whoever is on call was paged"
    channel = _CHANNEL.search(text) if _TOLD.search(text) else None
    said = incident.chat.get(f"{channel[0]}:opened") if channel else None
    return f"{channel[0]} was told" if channel and said is not None and said.state == "done" else ""


def _list_open(incident: Incident, book: Book, *, ticked: bool = False) -> Iterator[tuple[str, Step]]:
    """The lines that are not done, or all: what was ticked in shadow mode is done once the team is live."""
    for process in book.processes(incident):
        for step_id, step in _find_lines(process):
            known = incident.steps.get(step_id)
            if ticked or known is None or known.state is StepState.PLANNED:
                yield step_id, step


@lru_cache(maxsize=256)
def _find_lines(process: Procedure) -> tuple[tuple[str, Step], ...]:
    """The lines that speak of what happens by itself. Remembered, since every plan of every incident asks."""
    manual = ((step_id, step) for step_id, step in number_steps(process) if step.kind is StepKind.MANUAL)
    return tuple((step_id, step) for step_id, step in manual if _is_automatic(step.text))


def _is_automatic(text: str) -> bool:
    return _speaks_of_page(text) or _CALLED.search(text.strip(" .")) is not None or _TOLD.search(text) is not None
