"""How rooms, messages and tickets change an incident."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.errand import ChatTask, Room, Ticket
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import ChatAct, TicketAct


def _room_wanted(incident: Incident, entry: Entry, event: e.RoomWanted) -> Incident:
    return replace(incident, room_wanted=True)


def _chat_requested(incident: Incident, entry: Entry, event: e.ChatRequested) -> Incident:
    before = incident.chat.get(event.key)
    task = ChatTask(
        intent=entry.seq,
        at=entry.at,
        act=event.act,
        text=event.text,
        people=event.people,
        tries=before.tries if before is not None and before.state == "failed" else 0,
    )
    chat = {**incident.chat, event.key: task}
    if event.act is ChatAct.OPEN:
        return replace(incident, chat=chat, room_system=event.system)
    return replace(incident, chat=chat)


def _chat_done(incident: Incident, entry: Entry, event: e.ChatDone) -> Incident:
    task = incident.chat.get(event.key)
    if task is None:
        return incident
    done = replace(task, state="done", at=entry.at, tries=0, passing=False, why="")
    changed = replace(incident, chat={**incident.chat, event.key: done})
    if event.act is ChatAct.OPEN:
        opened = Room(
            system=incident.room_system,
            id=event.room,
            name=event.name,
            link=event.link,
            opened_at=entry.at,
            private=event.private,
            turn=incident.room.turn + 1 if incident.room else 1,
        )
        return replace(changed, room=opened)
    if incident.room is None:
        return changed
    return replace(changed, room=_change_room(incident.room, entry, event, task))


def _change_room(room: Room, entry: Entry, event: e.ChatDone, task: ChatTask) -> Room:
    match event.act:
        case ChatAct.INVITE:
            known = [each for each in task.people if each not in event.strangers]
            joined, strangers = (*room.joined, *known), (*room.strangers, *event.strangers)
            return replace(room, joined=tuple(dict.fromkeys(joined)), strangers=tuple(dict.fromkeys(strangers)))
        case ChatAct.PIN:
            return replace(room, message=event.message)
        case ChatAct.EXPORT:
            return replace(room, log=event.log)
        case ChatAct.ARCHIVE:
            return replace(room, archived_at=entry.at)
    return room


def _chat_failed(incident: Incident, entry: Entry, event: e.ChatFailed) -> Incident:
    return _fail_chat(incident, entry, event.key, event.why, passing=event.passing)


def _chat_withheld(incident: Incident, entry: Entry, event: e.ChatWithheld) -> Incident:
    return _fail_chat(incident, entry, event.key, event.why, passing=False, withheld=True)


def _fail_chat(
    incident: Incident, entry: Entry, key: str, why: str, *, passing: bool, withheld: bool = False
) -> Incident:
    task = incident.chat.get(key)
    if task is None:
        return incident
    failed = replace(
        task, state="failed", at=entry.at, tries=task.tries + 1, passing=passing, why=why, withheld=withheld
    )
    return replace(incident, chat={**incident.chat, key: failed})


def _ticket_requested(incident: Incident, entry: Entry, event: e.TicketRequested) -> Incident:
    before = incident.tickets.get(event.key)
    if before is None:
        ticket = Ticket(
            intent=entry.seq,
            at=entry.at,
            act=event.act,
            tracker=event.tracker,
            title=event.title,
            text=event.text,
            line=event.line,
        )
    else:
        tries = before.tries if before.state == "failed" else 0
        ticket = replace(
            before, intent=entry.seq, at=entry.at, act=event.act, text=event.text, state="asked", tries=tries
        )
    return replace(incident, tickets={**incident.tickets, event.key: ticket})


def _ticket_done(incident: Incident, entry: Entry, event: e.TicketDone) -> Incident:
    before = incident.tickets.get(event.key)
    if before is None:
        return incident
    done = replace(
        before,
        state="done",
        at=entry.at,
        tries=0,
        passing=False,
        why="",
        id=event.ticket or before.id,
        link=event.link or before.link,
        closed=event.act is TicketAct.CLOSE,
    )
    return replace(incident, tickets={**incident.tickets, event.key: done})


def _ticket_failed(incident: Incident, entry: Entry, event: e.TicketFailed) -> Incident:
    return _fail_ticket(incident, entry, event.key, event.why, passing=event.passing)


def _ticket_withheld(incident: Incident, entry: Entry, event: e.TicketWithheld) -> Incident:
    return _fail_ticket(incident, entry, event.key, event.why, passing=False)


def _fail_ticket(incident: Incident, entry: Entry, key: str, why: str, *, passing: bool) -> Incident:
    before = incident.tickets.get(key)
    if before is None:
        return incident
    failed = replace(before, state="failed", at=entry.at, tries=before.tries + 1, passing=passing, why=why)
    return replace(incident, tickets={**incident.tickets, key: failed})


RULES: dict[type[e.Event], Any] = {
    e.RoomWanted: _room_wanted,
    e.ChatRequested: _chat_requested,
    e.ChatDone: _chat_done,
    e.ChatFailed: _chat_failed,
    e.ChatWithheld: _chat_withheld,
    e.TicketRequested: _ticket_requested,
    e.TicketDone: _ticket_done,
    e.TicketFailed: _ticket_failed,
    e.TicketWithheld: _ticket_withheld,
}
