"""Telling people: an update for the responders, or for the public if the playbook lets anybody speak."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tocsin.comms.form import find_form, is_in_form
from tocsin.comms.gate import Lock, find_lock, find_refusal
from tocsin.comms.offered import find_spared
from tocsin.comms.promise import find_promise
from tocsin.comms.recovery import DECISIONS as RECOVERY
from tocsin.comms.report import FileReport, decide_report
from tocsin.comms.silence import find_silence
from tocsin.errors import Denied, IllegalMove, Prohibited
from tocsin.incident.authority import require_human
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.words import Audience, Permission, Status

MOST_CHARACTERS = 4000


class PostUpdate(Command, frozen=True, kw_only=True):
    """Tell `audiences` where things stand."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    text: str
    audiences: tuple[Audience, ...] = (Audience.RESPONDERS,)

    def needs(self) -> Permission:
        """Words for anybody but the responders are those of whoever may speak."""
        only_us = all(each is Audience.RESPONDERS for each in self.audiences)
        return Permission.RESPOND if only_us else Permission.SPEAK


class OpenRoom(Command, frozen=True, kw_only=True):
    """The incident needs a room of its own now, whatever the playbook says."""

    permission: ClassVar[Permission] = Permission.RESPOND


def _open_room(incident: Incident, book: Book, command: OpenRoom, now: datetime) -> tuple[e.Event, ...]:
    if not incident.is_open:
        raise IllegalMove(f"This incident is {incident.status}; no room is opened for it any more.")
    if not book.policy.war_room:
        raise Denied(
            f"Team {book.policy.name} has no chat for rooms; set `war_room` in tocsin.toml (docs/war-room.md)."
        )
    return () if incident.room_wanted or incident.room is not None else (e.RoomWanted(by=command.by),)


def _post(incident: Incident, book: Book, command: PostUpdate, now: datetime) -> tuple[e.Event, ...]:
    return post(incident, book, command, now)


def post(
    incident: Incident,
    book: Book,
    command: PostUpdate,
    now: datetime,
    *,
    draft: int | None = None,
    subject: str = "",
    opened_as: str = "",
) -> tuple[e.Event, ...]:
    """Say it. `opened_as`: in that role somebody who opens the lock on words approved these. Raises `Denied`."""
    text = command.text.strip()
    if not text:
        raise Denied("There is nothing to say: write the update.")
    if not command.audiences:
        raise Denied("Say who is to read it: the responders, the public, or both.")
    if len(text) > MOST_CHARACTERS:
        raise Denied(f"The update has {len(text)} characters; the limit is {MOST_CHARACTERS}. Say less.")
    if incident.status is Status.CLOSED:
        raise IllegalMove("This incident is closed; nobody is told about it any more.")
    if any(each.is_outside for each in command.audiences):
        require_human(book.policy, command.by)
        _require_speech(incident, book, command, now, opened=bool(opened_as))
    form = find_form(incident, book) if Audience.RESPONDERS in command.audiences else None
    return (
        e.UpdatePosted(
            text=text,
            by=command.by,
            audiences=command.audiences,
            status=incident.public_status,
            promise_s=find_promise(text, now),
            in_form=form is None or is_in_form(text, form[0]),
            draft=draft,
            subject=subject,
            spared=find_spared(text, book),
            opened_as=opened_as,
        ),
    )


def _require_speech(incident: Incident, book: Book, command: PostUpdate, now: datetime, *, opened: bool) -> None:
    named = book.policy.media
    if Audience.MEDIA in command.audiences and command.by not in named:
        raise Denied(_explain_media(named, book))
    refusal = find_refusal(incident, book, command.audiences, now)
    if refusal is not None:
        raise Prohibited(refusal[1], line=refusal[0])
    lock = None if opened else find_lock(incident, book)
    if lock is None:
        return
    record = e.UpdateForbidden(text=command.text, by=command.by, line=lock.line, incident=lock.incident)
    raise Prohibited(_explain(lock, incident, book), line=lock.line, record=(record,))


def _explain_media(named: tuple[str, ...], book: Book) -> str:
    who = f"only {', '.join(named)} may" if named else "nobody may: name them in the team's `media` in tocsin.toml"
    way = next((each for each in book.playbook.audience_ways if each.audience is Audience.MEDIA), None)
    said = f" Line {way.line} says of them: {way.text}." if way is not None else ""
    return f"The media are told by named people; {who}.{said}"


def _explain(lock: Lock, incident: Incident, book: Book) -> str:
    where = f" while {lock.incident} is open" if lock.incident else ""
    silence = find_silence(incident, book)
    if silence is None:
        way = f"Draft it, and have {lock.role} approve it."
        return f"This is a security incident (line {lock.line}: {lock.text}); words to the outside are locked. {way}"
    way_out = f" {silence.lifted_by} may lift it." if silence.lifted_by else ""
    return f"Line {lock.line} forbids it{where}: {lock.text}.{way_out}"


DECISIONS: dict[type[Command], Decision] = {
    PostUpdate: _post,
    FileReport: decide_report,
    OpenRoom: _open_room,
    **RECOVERY,
}
