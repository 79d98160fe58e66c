"""Calling contacts outside: one channel after the other, until one takes the text. They are called once, not again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from tocsin.incident.book import Book
from tocsin.incident.calling import Outside
from tocsin.incident.lack import MAIL, Ground, Lack, Mend, add_mail, list_quoted, quote, state
from tocsin.incident.plan import Plan
from tocsin.incident.sight import keep_readers
from tocsin.incident.state import Incident
from tocsin.incident.urgency import Ways
from tocsin.oncall.finding import Finding
from tocsin.oncall.outsider import Outsider, split_id
from tocsin.oncall.rota import Rota
from tocsin.playbook.model import Contact as PlaybookContact
from tocsin.playbook.model import Playbook
from tocsin.timeline.events import Event, LevelJoined, PageRequested
from tocsin.timeline.line import fold
from tocsin.words import PageState

MOST_NAMED = 3
LEAVE = "leave:"
"""How the key begins under which somebody was asked to allow a call."""
LOST = "lost:"
"""How the key begins under which whoever had a contact called was told that no channel takes it."""
AGAIN = 2
"""So often every channel is asked, if none takes it."""


def plan_outside(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """The pages to contacts that are due now, whoever is to be asked for leave, and who is told that one is lost."""
    if not incident.outside and not incident.wanted:
        return Plan()
    asked = _ask_leave(incident, book, rota, now)
    return Plan((*_find_pages(incident, book), *asked, *_tell_lost(incident, book, rota, now)))


def list_channels(book: Book, contact: str) -> tuple[str, ...]:
    """The channels of a contact, in the order in which they are asked; none where the settings know it no more."""
    settings = book.policy.contacts.get(split_id(contact)[1])
    return settings.channels if settings is not None else ()


def goes_on_outside(
    incident: Incident, page: PageRequested, channels: Sequence[str], hopeful: Collection[str], *, tried: bool
) -> bool:
    """Whether a page to a contact whose channel takes nothing now has failed, so that the next is asked. The last that
    there is waits for its channel: an outage loses no call.
    """
    known = incident.outside.get(page.responder)
    if known is None or page.channel not in channels:
        return True
    if len(known.tried) >= AGAIN * len(channels):
        return False
    fresh = tried and len(known.tried) < len(channels)
    return fresh or any(each in hopeful and each != page.channel for each in channels)


def _tell_lost(incident: Incident, book: Book, rota: Rota, now: datetime) -> Iterator[Event]:
    """Whoever had a contact called is told once that all its channels refused; else the last resort is."""
    ways = Ways(incident, book, rota)
    for contact, known in incident.outside.items():
        key = f"{LOST}{known.intent}"
        if known.state is not PageState.FAILED or key in incident.joined or _choose(known, book, contact):
            continue
        why = f"the contact {split_id(contact)[1]} was not reached, no channel took it; call them yourself"
        found = (known.by,) if known.by in rota.people else ()
        yield LevelJoined(key=key, who=(known.by,), responders=found, why=why)
        for who in found or rota.answer_all(rota.staffing.last_resort, now):
            yield PageRequested(responder=who, channel=ways.channels(who)[0], round=1, why=why, line=0, informs=True)


def _ask_leave(incident: Incident, book: Book, rota: Rota, now: datetime) -> Iterator[Event]:
    """Whoever may allow a call is told once that it waits, at any hour, since a person wants it; where nobody answers
    to that role, the last resort is. Of a private incident none but those who see it, behind all others security.
    """
    ways = Ways(incident, book, rota)
    for seq, wanted in incident.wanted.items():
        if f"{LEAVE}{seq}" in incident.joined:
            continue
        why = f"leave is wanted to call the contact {split_id(wanted.contact)[1]}: allow it in the room, or do not"
        asked = keep_readers(rota.answer(wanted.role, now), incident, book.policy)
        found = tuple(who for who in asked if who != wanted.by)
        yield LevelJoined(key=f"{LEAVE}{seq}", who=(wanted.role,), responders=found, why=why)
        last = rota.answer_all(rota.staffing.last_resort, now)
        security = book.policy.security if incident.is_private else ()
        for who in found or keep_readers((*last, *security), incident, book.policy):
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
    channels = list_channels(book, contact)
    if known.intent and known.state is not PageState.FAILED:
        return ""
    if not channels or len(known.tried) >= AGAIN * len(channels):
        return ""
    return channels[len(known.tried) % len(channels)]


def find_unfilled(team: str, playbook: Playbook, contacts: Mapping[str, Outsider]) -> Iterator[Finding]:
    """The contacts of the playbook that have no address there, and none in the settings either; all in one."""
    missing = _list_unfilled(playbook, contacts)
    if missing:
        named = ", ".join(f"{fold(each.title, 60)} (line {each.line})" for each in missing[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        text = f"the playbook gives no address for {named}{more}; write it there, or add [teams.{team}.contacts.NAME]"
        yield Finding(kind="contact", text=text, team=team)


def find_contact_lacks(ground: Ground) -> Iterator[Lack]:
    """The same as duties that cannot be kept, each with the lines that give an address."""
    team = ground.policy.team
    for each in _list_unfilled(ground.playbook, ground.policy.contacts):
        if ground.rota.behind(each.title):
            continue  # the team's own, who are called by the settings
        name = re.sub(r"[^a-z0-9]+", "-", each.title.lower()).strip("-") or f"line-{each.line}"
        lines = (
            f"name = {quote(each.title)}",
            f"mail = {quote(f'{name}@example.org')}",
            f"channels = {list_quoted([ground.policy.mail_channel or MAIL[0]])}",
            f"entries = {list_quoted([each.title])}",
        )
        yield Lack(
            team=team,
            kind="contact",
            why=f"Nobody can call {fold(each.title, 60)}: neither the playbook nor the settings have an address.",
            duties=(state(each.line, f"{each.title}: {each.value}" if each.value else each.title),),
            mends=(Mend(table=f"teams.{team}.contacts.{name}", lines=lines), *add_mail(ground.policy)),
        )


def _list_unfilled(playbook: Playbook, contacts: Mapping[str, Outsider]) -> list[PlaybookContact]:
    known = {entry.casefold() for each in contacts.values() for entry in each.entries}
    known |= {each.name.casefold() for each in contacts.values()}
    return [each for each in playbook.contacts if each.placeholder and each.title.casefold() not in known]
