"""The planner of an incident's own room: opened when the playbook says, kept in step with the incident, and closed.

One thing is asked of a room at a time, so that it reads in order and a chat system is not flooded; what failed for a
while is asked again before anything else. Which chat it is, the team's settings say (`war_room`); without, the room is
nobody's to open here. The log is kept before the room is archived, or it is not archived. The room of a private
incident is private, and called by its number; one that was open to all before says no more of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from tocsin.comms.asking import find_again
from tocsin.comms.room_duty import SPEAKING, RoomPlan, find_end, find_room
from tocsin.comms.room_text import list_sayings, write_status, write_topic
from tocsin.incident.book import Book
from tocsin.incident.errand import ChatTask, Room
from tocsin.incident.plan import NOTHING, Plan
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.timeline.events import ChatRequested
from tocsin.timeline.sink import veil_text
from tocsin.words import ChatAct, Mode, PageState

_SPLIT = re.compile(r",|;|/|&|\band\b|\+")
_LEAD = re.compile(r"^\W*(?:invite|add)\b:?", re.IGNORECASE)
_TAIL = re.compile(r"\bto (?:the )?(?:incident )?(?:channel|room|war room)\b.*$", re.IGNORECASE)
_ON_CALL = re.compile(r"\bon[- ]call\b", re.IGNORECASE)


class Asks(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is to be so in the room. `again`: it is asked anew when its text has changed."""

    act: ChatAct
    key: str
    to: str
    text: str = ""
    people: tuple[str, ...] = ()
    message: str = ""
    here: bool = False
    line: int | None = None
    asks: int | None = None
    again: bool = False
    private: bool = False


def plan_room(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """The next thing to ask of the room, and when to look again."""
    system = book.policy.war_room
    if not system:
        return NOTHING
    room = incident.room
    if room is None or (room.archived_at is not None and incident.status in SPEAKING):
        return _plan_opening(incident, book, system, now)
    if room.archived_at is not None:
        return NOTHING
    end = find_end(incident, book)
    plan = _ask_first(incident, room.system, _list_asks(incident, book, rota, room, now), now)
    if plan is not None:
        return plan
    if end is None or end > now:
        return NOTHING if end is None else Plan((), end)
    return _ask_first(incident, room.system, _list_last(incident, room), now) or NOTHING


def is_owed(incident: Incident) -> bool:
    """Whether the room of an incident that is closed still stands open."""
    return incident.room is not None and incident.room.archived_at is None


def _plan_opening(incident: Incident, book: Book, system: str, now: datetime) -> Plan:
    wanted = find_room(incident, book) if incident.status in SPEAKING else None
    if wanted is None:
        return NOTHING
    if wanted.opens_at > now:
        return Plan((), wanted.opens_at)
    turn = (incident.room.turn if incident.room else 0) + 1
    topic = write_topic(incident, bare=incident.is_private)
    asks = Asks(
        act=ChatAct.OPEN,
        key=_key("open", turn),
        to=wanted.name,
        text=topic,
        line=wanted.line,
        private=incident.is_private,
    )
    if _is_due_now(incident.chat.get(asks.key), book):
        return Plan((_request(system, asks),))
    return _ask_first(incident, system, [asks], now) or NOTHING


def _is_due_now(task: ChatTask | None, book: Book) -> bool:
    """Whether shadow mode kept back what a team that is live by now wants done."""
    return task is not None and task.state == "failed" and task.withheld and book.policy.mode is not Mode.SHADOW


def _ask_first(incident: Incident, system: str, asks: list[Asks], now: datetime) -> Plan | None:
    """The first that is not so yet; null where all are."""
    for each in asks:
        task = incident.chat.get(each.key)
        if task is not None and task.state == "asked":
            return NOTHING
        if task is not None and task.state == "done" and not _has_changed(task, each):
            continue
        if _may_ask(task, each):
            return Plan((_request(system, each),))
        is_now, at = find_again(task, now)
        if is_now:
            return Plan((_request(system, each),))
        if at is not None:
            return Plan((), at)
    return None


def _may_ask(task: ChatTask | None, wanted: Asks) -> bool:
    return task is None or (_has_changed(task, wanted) and not task.passing)


def _has_changed(task: ChatTask, wanted: Asks) -> bool:
    """Whether the room shows another text than it should, as the record keeps it: without secrets."""
    return wanted.again and task.text != veil_text(wanted.text)


def _request(system: str, asks: Asks) -> ChatRequested:
    return ChatRequested(
        act=asks.act,
        system=system,
        key=asks.key,
        to=asks.to,
        text=asks.text,
        people=asks.people,
        message=asks.message,
        here=asks.here,
        line=asks.line,
        asks=asks.asks,
        private=asks.private,
    )


def _list_asks(incident: Incident, book: Book, rota: Rota, room: Room, now: datetime) -> list[Asks]:
    plan, bare = find_room(incident, book), incident.is_private and not room.is_hidden
    pin = Asks(
        act=ChatAct.PIN,
        key=_key("pin", room.turn),
        to=room.id,
        text=write_status(incident, book, bare=bare),
        message=room.message,
        again=True,
    )
    topic = write_topic(incident, bare=bare)
    head = (pin, Asks(act=ChatAct.TOPIC, key=_key("topic", room.turn), to=room.id, text=topic, again=True))
    if bare:  # others read it: what it says on top is taken back, and nothing more is said
        return [*head]
    return [
        *_invite(incident, rota, room, plan, now),
        *head,
        *(
            Asks(
                act=ChatAct.SAY,
                key=_key(each.key, room.turn),
                to=room.id,
                text=each.text,
                here=each.here,
                line=each.line,
                asks=each.asks,
            )
            for each in list_sayings(incident, book, plan, room.opened_at)
        ),
    ]


def _list_last(incident: Incident, room: Room) -> list[Asks]:
    asks = [Asks(act=ChatAct.EXPORT, key=_key("export", room.turn), to=room.id)]
    if room.log:
        asks.append(Asks(act=ChatAct.ARCHIVE, key=_key("archive", room.turn), to=room.id))
    return asks


def _invite(incident: Incident, rota: Rota, room: Room, plan: RoomPlan | None, now: datetime) -> Iterator[Asks]:
    """Those whom the playbook names, once, as the room opens; whoever is called or takes a role, as that happens.

    Into the room of a private incident nobody is let for standing in a list.
    """
    asked = [task for key, task in incident.chat.items() if key.startswith("invite") and _turn(key) == room.turn]
    known = {person for task in asked for person in task.people}
    for number, task in enumerate(asked, 1):
        key = _key(f"invite:{number}", room.turn)
        yield Asks(act=ChatAct.INVITE, key=key, to=room.id, people=task.people)
    beside = (person for others in incident.beside.values() for person in others)
    called = (who for who, call in incident.calls.items() if call.state is not PageState.PUT_OFF)
    let_in = incident.privacy.invited if incident.privacy is not None and incident.is_private else ()
    wanted = [*called, *incident.roles.values(), *beside, *let_in]
    line = plan.invite.line if plan and plan.invite else None
    if not asked and plan is not None and plan.invite is not None and not incident.is_private:
        wanted = [*_name_people(plan.invite.text, rota, now), *wanted]
    new = tuple(dict.fromkeys(each for each in wanted if each in rota.people and each not in known))
    if new:
        key = _key(f"invite:{len(asked) + 1}", room.turn)
        yield Asks(act=ChatAct.INVITE, key=key, to=room.id, people=new, line=line)


def _name_people(text: str, rota: Rota, now: datetime) -> Iterator[str]:
    """Those whom a line names: "Invite Incident Commander, on-call engineer, stakeholders"."""
    for name in _SPLIT.split(_TAIL.sub("", _LEAD.sub("", text))):
        wanted = name.strip(" .:*_`")
        found = rota.answer(wanted, now) if wanted else ()
        yield from found or (rota.on_duty(now) if _ON_CALL.search(wanted) else ())


def _key(name: str, turn: int) -> str:
    """The key of something asked of the `turn`-th room of the incident."""
    return name if turn == 1 else f"{name}@{turn}"


def _turn(key: str) -> int:
    _, _, turn = key.rpartition("@")
    return int(turn) if "@" in key else 1
