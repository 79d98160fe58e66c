"""Calling contacts outside: one channel after the other, until one takes the text. They are called once, not again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from tocsin.incident.book import Book
from tocsin.incident.calling import Outside
from tocsin.incident.plan import Plan
from tocsin.incident.state import Incident
from tocsin.incident.urgency import Ways
from tocsin.oncall.finding import Finding
from tocsin.oncall.outsider import Outsider, split_id
from tocsin.oncall.rota import Rota
from tocsin.playbook.model import Playbook
from tocsin.timeline.events import Event, LevelJoined, PageRequested
from tocsin.timeline.line import fold
from tocsin.words import PageState

MOST_NAMED = 3
LEAVE = "leave:"
"""How the key begins under which somebody was asked to allow a call."""
AGAIN = 2
"""So often every channel is asked, if none takes it."""


def plan_outside(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """The pages to contacts that are due now, and whoever is to be asked for leave."""
    if not incident.outside and not incident.wanted:
        return Plan()
    return Plan((*_find_pages(incident, book), *_ask_leave(incident, book, rota, now)))


def _ask_leave(incident: Incident, book: Book, rota: Rota, now: datetime) -> Iterator[Event]:
    """Whoever may allow a call is told once that it waits, at any hour, since a person wants it; where nobody answers
    to that role, the last resort is.
    """
    ways = Ways(incident, book, rota)
    for seq, wanted in incident.wanted.items():
        if f"{LEAVE}{seq}" in incident.joined:
            continue
        why = f"leave is wanted to call the contact {split_id(wanted.contact)[1]}: allow it in the room, or do not"
        found = tuple(who for who in rota.answer(wanted.role, now) if who != wanted.by)
        yield LevelJoined(key=f"{LEAVE}{seq}", who=(wanted.role,), responders=found, why=why)
        for who in found or rota.answer_all(rota.staffing.last_resort, now):
            channel = ways.channels(who)[0]  # no line is 0: a page without any says that a source has gone silent
            yield PageRequested(responder=who, channel=channel, round=1, why=why, line=wanted.line or 0, informs=True)


def _find_pages(incident: Incident, book: Book) -> Iterator[PageRequested]:
    for contact, known in incident.outside.items():
        channel = _choose(known, book, contact)
        if channel:
            turn = len(known.tried) + 1
            yield PageRequested(responder=contact, channel=channel, round=turn, why=known.text, informs=True)


def _choose(known: Outside, book: Book, contact: str) -> str:
    """The channel that is asked next; empty while one is being asked, has taken it, or all were asked in vain."""
    settings = book.policy.contacts.get(split_id(contact)[1])
    channels = settings.channels if settings is not None else ()
    if known.intent and known.state is not PageState.FAILED:
        return ""
    if not channels or len(known.tried) >= AGAIN * len(channels):
        return ""
    return channels[len(known.tried) % len(channels)]


def find_unfilled(team: str, playbook: Playbook, contacts: Mapping[str, Outsider]) -> Iterator[Finding]:
    """The contacts of the playbook that have no address there, and none in the settings either; all in one."""
    known = {entry.casefold() for each in contacts.values() for entry in each.entries}
    known |= {each.name.casefold() for each in contacts.values()}
    missing = [each for each in playbook.contacts if each.placeholder and each.title.casefold() not in known]
    if missing:
        named = ", ".join(f"{fold(each.title, 60)} (line {each.line})" for each in missing[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        text = f"the playbook gives no address for {named}{more}; write it there, or add [teams.{team}.contacts.NAME]"
        yield Finding(kind="contact", text=text, team=team)
