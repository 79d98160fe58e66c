"""Rooms, messages and tickets, each event as one sentence."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.timeline import events as e
from tocsin.words import ChatAct, TicketAct

Name = Callable[[str], str]
MOST_SAID = 160
_ASKED = {
    ChatAct.TOPIC: "Setting the room's topic",
    ChatAct.PIN: "Pinning where it stands",
    ChatAct.EXPORT: "Keeping the room's log",
    ChatAct.ARCHIVE: "Closing the room",
}
_DONE = {
    ChatAct.TOPIC: "The room's topic is set",
    ChatAct.PIN: "Where it stands is pinned in the room",
    ChatAct.EXPORT: "The room's log is kept",
    ChatAct.ARCHIVE: "The room is closed",
}
_TRIED = {
    ChatAct.OPEN: "opening the room",
    ChatAct.INVITE: "letting people into the room",
    ChatAct.TOPIC: "setting the room's topic",
    ChatAct.PIN: "pinning where it stands",
    ChatAct.SAY: "telling it in chat",
    ChatAct.EXPORT: "keeping the room's log",
    ChatAct.ARCHIVE: "closing the room",
}
_TICKETS = {TicketAct.CREATE: "Opening", TicketAct.COMMENT: "Telling", TicketAct.CLOSE: "Closing"}
_TICKETED = {TicketAct.CREATE: "is open", TicketAct.COMMENT: "was told", TicketAct.CLOSE: "is closed"}


def tell_chat(event: e.Event, name: Name) -> str | None:
    """What the event says, as a sentence without a full stop; null for any other event."""
    match event:
        case e.RoomWanted(by=by):
            return f"{name(by)} wants a room for it"
        case e.ChatRequested():
            return _tell_asked(event, name)
        case e.ChatDone():
            return _tell_done(event, name)
        case e.ChatFailed(act=act, why=why, passing=passing):
            again = "; it is tried again" if passing else ""
            return f"Failed at {_TRIED[act]}: {why}{again}"
        case e.ChatWithheld(act=act, why=why):
            return f"Withheld {_TRIED[act]}: {why}"
    return _tell_ticket(event)


def _tell_asked(event: e.ChatRequested, name: Name) -> str:
    line = f" (line {event.line})" if event.line else ""
    match event.act:
        case ChatAct.OPEN:
            return f"Opening the room #{event.to}{line}"
        case ChatAct.INVITE:
            return f"Letting into the room: {', '.join(map(name, event.people))}{line}"
        case ChatAct.SAY:
            where = event.to if event.to.startswith("#") else "the room"
            first = event.text.splitlines()[0] if event.text else ""
            return f"Saying in {where}: {first[:MOST_SAID]}{line}"
    return f"{_ASKED[event.act]}{line}"


def _tell_done(event: e.ChatDone, name: Name) -> str:
    again = " (done again after a restart)" if event.repeat else ""
    match event.act:
        case ChatAct.OPEN:
            return f"The room #{event.name} is open{again}"
        case ChatAct.INVITE:
            strangers = ", ".join(map(name, event.strangers))
            return f"They are in the room{f', but without an account there: {strangers}' if strangers else ''}{again}"
        case ChatAct.SAY:
            return f"Told in chat{again}"
    return f"{_DONE[event.act]}{again}"


def _tell_ticket(event: e.Event) -> str | None:
    match event:
        case e.TicketRequested(act=act, tracker=tracker, title=title, ticket=ticket, line=line):
            what = f"a ticket in {tracker}: {title}" if act is TicketAct.CREATE else f"ticket {ticket} in {tracker}"
            return f"{_TICKETS[act]} {what}{f' (line {line})' if line else ''}"
        case e.TicketDone(act=act, ticket=ticket, found=found):
            return f"Ticket {ticket} {_TICKETED[act]}{' (it was there already)' if found else ''}"
        case e.TicketFailed(act=act, why=why, passing=passing):
            return f"Failed at a ticket ({act}): {why}{'; it is tried again' if passing else ''}"
        case e.TicketWithheld(act=act, why=why):
            return f"Withheld a ticket ({act}): {why}"
    return None
