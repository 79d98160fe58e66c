"""What a document wants said, kept and at hand: the incident's room, tickets, the status page, notices, resources."""

from __future__ import annotations

from tocsin.playbook.value import Value
from tocsin.words import Audience, RoomWish


class RoomDuty(Value, frozen=True, kw_only=True):
    """What the document wants of an incident's own room, as written on `line`.

    It falls due between `starts_s` and `ends_s` seconds after the alert (null: not given); `keep_s` is how long the
    room stays open after the service was restored. No severity means any.
    """

    what: RoomWish
    line: int
    text: str
    severities: tuple[str, ...] = ()
    starts_s: int | None = None
    ends_s: int | None = None
    keep_s: int | None = None


class TicketDuty(Value, frozen=True, kw_only=True):
    """That work is kept in a ticket: while the incident goes on, or (`follow_up`) for what is left to do after it.

    `tracker` is the system that the line names, if it does. No severity means any.
    """

    line: int
    text: str
    severities: tuple[str, ...] = ()
    tracker: str | None = None
    follow_up: bool = False


class StatusDuty(Value, frozen=True, kw_only=True):
    """When the status page must say a phase: ``within_s`` seconds after the incident, or on the event in ``text``."""

    phase: str
    line: int
    text: str
    within_s: int | None = None


class Resource(Value, frozen=True, kw_only=True):
    """Something at hand (a tool, a page, a document) and where it is: an address, a path, a command."""

    title: str
    line: int
    value: str = ""


class Notice(Value, frozen=True, kw_only=True):
    """How customers are told at some levels, and at these in no other way: once it has lasted ``after_s`` seconds."""

    line: int
    text: str
    audience: Audience
    severities: tuple[str, ...] = ()
    after_s: int = 0


class AudienceWay(Value, frozen=True, kw_only=True):
    """How an audience is told, in the document's words ("Coordinate through PR team"), whatever the severity."""

    audience: Audience
    line: int
    text: str
