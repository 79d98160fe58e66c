"""The incident's own room, the standing channels and the tickets: what is asked of chat systems and trackers."""

from __future__ import annotations

from tocsin.timeline.events.kinds import Fact, Intent, Outcome
from tocsin.words import ChatAct, TicketAct


class RoomWanted(Fact, frozen=True, kw_only=True):
    """A person wants the incident's room now, whatever the playbook says."""

    by: str


class ChatRequested(Intent, frozen=True, kw_only=True):
    """Do `act` in the chat `system`; `key` names it once for all within the incident.

    `to` is a room's id, the name of one to be opened or of a standing channel. `message` is the pinned message that the
    text takes the place of; `here` calls on everybody who is in the room; `line` is the playbook line that demands it.
    `asks` is the line of a question that the text asks, which is answered with yes or no.
    `private`: the room that is opened is for those who are let in.
    """

    act: ChatAct
    system: str
    key: str
    to: str
    text: str = ""
    people: tuple[str, ...] = ()
    message: str = ""
    here: bool = False
    line: int | None = None
    asks: int | None = None
    private: bool = False


class ChatDone(Outcome, frozen=True, kw_only=True):
    """It was done. `room` is the room's id in its system, `name` what it is called there, `link` where it is.

    `message` is the id of the message that is pinned; `strangers` are people without an account there; `log` is the
    blob of what was said in the room. `repeat`: it may have been done before a crash and was done again. `private`: the
    room that was opened is found only by whoever was let in.
    """

    act: ChatAct
    key: str
    by: str = "tocsin"
    room: str = ""
    name: str = ""
    link: str = ""
    message: str = ""
    strangers: tuple[str, ...] = ()
    log: str = ""
    detail: str = ""
    repeat: bool = False
    private: bool = False


class ChatFailed(Outcome, frozen=True, kw_only=True):
    """It was not done. `passing`: it is tried again."""

    act: ChatAct
    key: str
    why: str
    passing: bool = False


class ChatWithheld(Outcome, frozen=True, kw_only=True):
    """Decided and shown, but not done: shadow mode."""

    act: ChatAct
    key: str
    why: str


class TicketRequested(Intent, frozen=True, kw_only=True):
    """Do `act` in the `tracker`; `key` names the ticket within the incident, `ticket` is its id there once it has one.

    `line` is the playbook line that demands it. `labels` are put on a new one.
    """

    act: TicketAct
    tracker: str
    key: str
    title: str = ""
    text: str = ""
    ticket: str = ""
    labels: tuple[str, ...] = ()
    line: int | None = None


class TicketDone(Outcome, frozen=True, kw_only=True):
    """It was done. `found`: the ticket was there already, made by a try of which nobody had heard the end."""

    act: TicketAct
    key: str
    ticket: str = ""
    link: str = ""
    found: bool = False


class TicketFailed(Outcome, frozen=True, kw_only=True):
    """It was not done. `passing`: it is tried again."""

    act: TicketAct
    key: str
    why: str
    passing: bool = False


class TicketWithheld(Outcome, frozen=True, kw_only=True):
    """Decided and shown, but not done: shadow mode."""

    act: TicketAct
    key: str
    why: str
