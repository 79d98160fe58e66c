"""Draft, approve, publish, take back: how words leave the house.

Anybody may draft, an assistant too. A person approves a draft as it stands; while words are locked that is somebody who
answers for security. What is published is exactly what was approved, and goes onto the timeline like every update.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tocsin.comms.blank import list_blanks
from tocsin.comms.commands import PostUpdate, post
from tocsin.comms.fill import fill, flatten
from tocsin.comms.gate import find_lock, opens
from tocsin.comms.offered import find_spared, find_template
from tocsin.errors import Conflict, Denied, IllegalMove, NotAuthorised, NotFound
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.speech import Sketch
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.words import Audience, Permission, Status

MOST_DRAFTS = 50


class DraftUpdate(Command, frozen=True, kw_only=True):
    """This could be said to `audiences`: `text`, or the template on `line` with `fields` in its blanks.

    `replaces` is the draft whose place it takes.
    """

    permission: ClassVar[Permission] = Permission.RESPOND
    audiences: tuple[Audience, ...] = ()
    text: str = ""
    line: int | None = None
    fields: dict[str, str] = {}
    replaces: int | None = None


class ApproveUpdate(Command, frozen=True, kw_only=True):
    """This draft may go out as it stands; `roles` are what the asker answers to."""

    permission: ClassVar[Permission] = Permission.SPEAK
    personal: ClassVar[bool] = True
    draft: int
    roles: tuple[str, ...] = ()


class PublishUpdate(Command, frozen=True, kw_only=True):
    """Say what was approved."""

    permission: ClassVar[Permission] = Permission.SPEAK
    personal: ClassVar[bool] = True
    draft: int


class DropUpdate(Command, frozen=True, kw_only=True):
    """This is not said."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    draft: int
    reason: str = ""


class WithdrawUpdate(Command, frozen=True, kw_only=True):
    """What was said in this entry is taken back."""

    permission: ClassVar[Permission] = Permission.SPEAK
    personal: ClassVar[bool] = True
    update: int
    reason: str


def _draft(incident: Incident, book: Book, command: DraftUpdate, now: datetime) -> tuple[e.Event, ...]:
    if incident.status is Status.CLOSED:
        raise IllegalMove("This incident is closed; nobody is told about it any more.")
    if len(incident.drafts) >= MOST_DRAFTS and command.replaces is None:
        raise Denied(f"There are {MOST_DRAFTS} drafts already. Publish or drop some.")
    if command.replaces is not None:
        _find(incident, command.replaces)
    subject, text, audiences = "", command.text.strip(), command.audiences
    missing: tuple[str, ...] = ()
    if command.line is not None and not text:
        offered = find_template(incident, book, command.line)
        filled = fill(offered.template, incident, book, now, command.fields)
        subject, text = filled.subject, filled.text
        missing = tuple(blank.name for blank in filled.missing)
        audiences = audiences or offered.audiences
    elif command.line is not None:
        blanks = list_blanks(find_template(incident, book, command.line).template)
        missing = tuple(blank.name for blank in blanks if f"[{blank.name}]" in text)
    if not text:
        raise Denied("There is nothing to say: write the draft, or name the line of a template.")
    return (
        e.UpdateDrafted(
            text=text,
            by=command.by,
            audiences=audiences or (Audience.RESPONDERS,),
            subject=flatten(subject),
            line=command.line,
            missing=missing,
            replaces=command.replaces,
            spared=find_spared(text, book),
        ),
    )


def _approve(incident: Incident, book: Book, command: ApproveUpdate, now: datetime) -> tuple[e.Event, ...]:
    sketch = _find(incident, command.draft)
    if sketch.missing:
        raise Denied(f"The draft still has blanks: {', '.join(sketch.missing)}. Fill them, then have it approved.")
    lock = find_lock(incident, book) if is_outside(sketch) else None
    role = ""
    if lock is not None:
        role = opens(lock, command.roles)
        if not role:
            raise NotAuthorised(
                f"Words to the outside are locked by line {lock.line} ({lock.text}): {lock.role} approves them."
            )
    if sketch.approved_by is not None and (not lock or opens(lock, (sketch.approved_as,))):
        return ()
    return (e.UpdateApproved(draft=command.draft, by=command.by, role=role),)


def _publish(incident: Incident, book: Book, command: PublishUpdate, now: datetime) -> tuple[e.Event, ...]:
    """What was approved before words were locked needs the approval of whoever opens the lock now."""
    sketch = _find(incident, command.draft)
    outside = is_outside(sketch)
    if sketch.missing:
        raise Denied(f"The draft still has blanks: {', '.join(sketch.missing)}.")
    if outside and sketch.approved_by is None:
        raise Denied("Nobody has approved this draft; have it approved, then publish it.")
    lock = find_lock(incident, book) if outside else None
    opened = lock is not None and bool(opens(lock, (sketch.approved_as,)))
    said = PostUpdate(by=command.by, text=sketch.text, audiences=sketch.audiences)
    return post(
        incident,
        book,
        said,
        now,
        draft=command.draft,
        subject=sketch.subject,
        opened_as=sketch.approved_as if opened else "",
    )


def _drop(incident: Incident, book: Book, command: DropUpdate, now: datetime) -> tuple[e.Event, ...]:
    _find(incident, command.draft)
    return (e.UpdateDropped(draft=command.draft, by=command.by, reason=command.reason),)


def _withdraw(incident: Incident, book: Book, command: WithdrawUpdate, now: datetime) -> tuple[e.Event, ...]:
    found = next((each for each in incident.updates if each.seq == command.update), None)
    if found is None:
        raise NotFound(f"Entry {command.update} is no update of this incident.")
    if found.withdrawn_at is not None:
        raise Conflict("That update has been taken back already.")
    if not command.reason.strip():
        raise Denied("Say why it is taken back; the reason stands in the timeline.")
    return (e.UpdateWithdrawn(update=command.update, by=command.by, reason=command.reason.strip()),)


def is_outside(sketch: Sketch) -> bool:
    """Whether a draft is for people outside."""
    return any(each.is_outside for each in sketch.audiences)


def _find(incident: Incident, draft: int) -> Sketch:
    found = incident.drafts.get(draft)
    if found is None:
        there = ", ".join(map(str, incident.drafts)) or "none"
        raise NotFound(f"There is no draft {draft}; there are {there}.")
    return found


DECISIONS: dict[type[Command], Decision] = {
    DraftUpdate: _draft,
    ApproveUpdate: _approve,
    PublishUpdate: _publish,
    DropUpdate: _drop,
    WithdrawUpdate: _withdraw,
}
