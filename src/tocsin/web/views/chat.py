"""The incident's own room in the team's chat, its tickets, and the bridge."""

from __future__ import annotations

from datetime import datetime

from tocsin.incident.errand import Asked
from tocsin.web.views.scene import Scene, View, clean
from tocsin.words import ChatAct

SAFE = ("https://", "http://")


class TicketView(View, frozen=True, kw_only=True):
    """A ticket: `id` once it is there, `fault` while it is not."""

    id: str
    title: str
    link: str = ""
    is_closed: bool = False
    fault: str = ""


class ChatView(View, frozen=True, kw_only=True):
    """The room as it is called, and where it is; `fault` says why it is not open though it should be.

    `may_open`: there is none, and somebody may want one. `is_closed`: it was archived; `log` is what was said
    in it, as evidence.
    """

    name: str = ""
    link: str = ""
    is_closed: bool = False
    log: str = ""
    fault: str = ""
    strangers: tuple[str, ...] = ()
    may_open: bool = False
    tickets: tuple[TicketView, ...] = ()


class BridgeView(View, frozen=True, kw_only=True):
    """The team's conference, once it is open: its address, and as a link if it is one of the web."""

    opened_at: datetime | None = None
    address: str = ""
    link: str = ""


def show_bridge(scene: Scene) -> BridgeView:
    """The bridge, for as long as there is anything to talk of."""
    opened_at, address = scene.incident.bridge_at, scene.book.policy.bridge
    if opened_at is None or not scene.incident.is_open:
        return BridgeView()
    return BridgeView(opened_at=opened_at, address=clean(address, 2048), link=_keep_link(address))


def show_chat(scene: Scene) -> ChatView:
    """What there is of both."""
    incident, room = scene.incident, scene.incident.room
    opening = next((each for each in incident.chat.values() if each.act is ChatAct.OPEN), None)
    tickets = tuple(
        TicketView(
            id=clean(each.id, 100),
            title=clean(each.title, 300),
            link=_keep_link(each.link),
            is_closed=each.closed,
            fault=_tell_fault(each),
        )
        for each in incident.tickets.values()
    )
    if room is None:
        may_open = bool(scene.book.policy.war_room) and incident.is_open and opening is None
        fault = _tell_fault(opening) if opening is not None else ""
        return ChatView(may_open=may_open and not incident.room_wanted, fault=fault, tickets=tickets)
    return ChatView(
        name=clean(room.name, 100),
        link=_keep_link(room.link),
        is_closed=room.archived_at is not None,
        log=room.log,
        strangers=tuple(scene.name(each) for each in room.strangers),
        tickets=tickets,
    )


def _keep_link(link: str) -> str:
    """Only addresses of the web become links."""
    return link if link.startswith(SAFE) else ""


def _tell_fault(asked: Asked) -> str:
    return clean(asked.why, 300) if asked.state == "failed" else ""
