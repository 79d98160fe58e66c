"""Who calls a contact outside, with what words, and whose leave it takes.

The words leave the house: nothing of an alert, of evidence or of a room is in them unless a person writes it, and what
looks like a secret is taken out on the way into the record, from which they are sent. A security incident's title is
not told. While words to the outside are locked, whoever opens the lock allows each call, word for word; so does the
role that the settings want asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tocsin.comms.gate import Lock, find_lock
from tocsin.errors import Denied, IllegalMove, NotAuthorised, NotFound
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.role import answers_for
from tocsin.incident.state import Incident
from tocsin.oncall.outsider import Outsider, make_id, split_id
from tocsin.timeline import events as e
from tocsin.timeline.line import fold
from tocsin.words import Permission, Status

MOST_CHARACTERS = 1200
MOST_WANTED = 50


class CallContact(Command, frozen=True, kw_only=True):
    """Call a contact of the team's settings, by their name there, with the text that is drafted, or with `text`: words
    of one's own for the outside need the right to speak.
    """

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    contact: str
    text: str = ""
    roles: tuple[str, ...] = ()

    def needs(self) -> Permission:
        """More for words of one's own."""
        return Permission.SPEAK if self.text.strip() else self.permission


class AllowContact(Command, frozen=True, kw_only=True):
    """The call that was wanted in this entry may go out as it stands."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    wanted: int
    roles: tuple[str, ...] = ()


class AnswerContact(Command, frozen=True, kw_only=True):
    """Whoever holds what the page of this entry came with says that they have it."""

    permission: ClassVar[Permission] = Permission.VIEW
    page: int
    contact: str
    via: str = ""


def draft_words(contact: Outsider, incident: Incident, book: Book) -> str:
    """What a contact is told unless somebody writes it: who asks, how bad, since when; the scenario's own title if that
    may be told, which is not so of a private incident, and never what an alert or a person has called it.
    """
    scenario = book.scenario(incident)
    is_told = find_lock(incident, book) is None and not incident.is_private
    named = scenario.title if scenario is not None and is_told else ""
    what = f"{fold(named, 120)} ({incident.number})" if named else f"incident {incident.number}"
    severity = f", severity {incident.severity}" if incident.severity else ""
    since = f"{incident.started_at:%d %b %H:%M} UTC"
    team = fold(book.policy.name, 100)
    return f"{team} needs your help with {what}{severity}, open since {since}. Please get in touch."


def find_contact(book: Book, name: str) -> Outsider:
    """A contact of the team. Raises `NotFound`."""
    found = book.policy.contacts.get(name)
    if found is None:
        there = ", ".join(book.policy.contacts) or "none: add [teams.ID.contacts.NAME] to tocsin.toml"
        raise NotFound(f"There is no contact {name[:100]!r}; there are {there}.")
    return found


def is_for(contact: Outsider, incident: Incident, book: Book) -> bool:
    """Whether a contact is there for what the incident is."""
    titles = {each.title.casefold() for each in book.scenarios(incident)}
    return not contact.scenarios or any(each.casefold() in titles for each in contact.scenarios)


def find_leave(contact: Outsider, incident: Incident, book: Book) -> tuple[str, Lock | None]:
    """Whose leave a call takes, by the lock on words first; an empty role where it takes none."""
    lock = find_lock(incident, book)
    return (lock.role if lock is not None else contact.approval), lock


def _call(incident: Incident, book: Book, command: CallContact, now: datetime) -> tuple[e.Event, ...]:
    contact, text = find_contact(book, command.contact), command.text.strip()
    if incident.status is Status.CLOSED:
        raise IllegalMove("This incident is closed; nobody is called about it any more.")
    if not contact.channels:
        raise Denied(f"{contact.name} has no channel in tocsin.toml; call them yourself and note it.")
    if not is_for(contact, incident, book):
        raise Denied(f"{contact.name} is there for {', '.join(contact.scenarios)} alone, as the settings say.")
    if contact.who and not _is_named(command.by, command.roles, contact.who):
        raise NotAuthorised(f"{contact.name} is called by {', '.join(contact.who)} alone.")
    text = text or draft_words(contact, incident, book)
    if len(text) > MOST_CHARACTERS:
        raise Denied(f"The text has {len(text)} characters; the limit is {MOST_CHARACTERS}. Say less.")
    responder = make_id(book.policy.team, command.contact)
    role, lock = find_leave(contact, incident, book)
    if not role or _may_allow(command, role, lock):
        allowed = command.by if role else ""
        return (e.ContactCalled(contact=responder, text=text, by=command.by, allowed_by=allowed, role=role),)
    if len(incident.wanted) >= MOST_WANTED:
        raise Denied(f"{MOST_WANTED} calls wait for leave already.")
    line = lock.line if lock is not None else None
    return (e.ContactWanted(contact=responder, text=text, by=command.by, role=role, line=line),)


def _allow(incident: Incident, book: Book, command: AllowContact, now: datetime) -> tuple[e.Event, ...]:
    wanted = incident.wanted.get(command.wanted)
    if wanted is None:
        there = ", ".join(map(str, incident.wanted)) or "none"
        raise NotFound(f"No call that waits was wanted in entry {command.wanted}; there are {there}.")
    if incident.status is Status.CLOSED:
        raise IllegalMove("This incident is closed; nobody is called about it any more.")
    contact = find_contact(book, split_id(wanted.contact)[1])
    role, lock = find_leave(contact, incident, book)
    if role and not _may_allow(command, role, lock):
        why = f"words to the outside are locked by line {lock.line} ({lock.text})" if lock else "the settings want it"
        raise NotAuthorised(f"Only {role} allows this call: {why}.")
    return (
        e.ContactCalled(
            contact=wanted.contact,
            text=wanted.text,
            by=wanted.by,
            wanted=command.wanted,
            allowed_by=command.by,
            role=role,
        ),
    )


def _answer(incident: Incident, book: Book, command: AnswerContact, now: datetime) -> tuple[e.Event, ...]:
    known = incident.outside.get(command.contact)
    if known is None or known.intent != command.page or known.answered_at is not None:
        return ()
    return (e.ContactAnswered(contact=command.contact, page=command.page, via=command.via),)


def _may_allow(command: CallContact | AllowContact, role: str, lock: Lock | None) -> bool:
    """Whether whoever asks gives the leave that it takes: the settings may name a person, a lock has but roles."""
    return _is_named(command.by if lock is None else "", command.roles, (role,))


def _is_named(person: str, roles: tuple[str, ...], who: tuple[str, ...]) -> bool:
    """Whether a person, or one of the roles that they answer to, is among those named."""
    return person in who or any(answers_for(role, each) for role in roles for each in who)


DECISIONS: dict[type[Command], Decision] = {CallContact: _call, AllowContact: _allow, AnswerContact: _answer}
