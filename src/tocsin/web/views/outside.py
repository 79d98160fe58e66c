"""Contacts outside as they are shown: to themselves, and to whoever may call them from the room."""

from __future__ import annotations

from datetime import datetime

from tocsin.comms.outside import draft_words, find_leave, is_for
from tocsin.incident.calling import Outside
from tocsin.oncall.outsider import Outsider, make_id, split_id
from tocsin.web.views.scene import Scene, View, Who, clean
from tocsin.words import PageState

SAID = {
    PageState.REQUESTED: "going out",
    PageState.DELIVERED: "handed over",
    PageState.FAILED: "failed",
    PageState.WITHHELD: "withheld",
}


class OutsideView(View, frozen=True, kw_only=True):
    """What a contact sees: the words, who sends them, and whether they have said that they have it."""

    team: str
    number: str
    text: str
    is_open: bool
    answered_at: datetime | None


class CalledView(View, frozen=True, kw_only=True):
    """A contact in the room. `text` is what they would be told; `leave` whose leave that takes, if it takes any;
    `standing` how far the last call came.
    """

    id: str
    name: str
    kind: str
    channels: tuple[str, ...]
    text: str
    fits: bool
    leave: str
    standing: str = ""
    at: datetime | None = None
    by: Who | None = None
    reason: str = ""


class WantedView(View, frozen=True, kw_only=True):
    """A call that waits for leave."""

    id: int
    name: str
    text: str
    by: Who
    role: str


def show_outside(known: Outside, team: str, number: str, *, is_open: bool) -> OutsideView:
    """What a contact sees."""
    text = clean(known.text, 1200)
    return OutsideView(team=clean(team, 100), number=number, text=text, is_open=is_open, answered_at=known.answered_at)


def show_called(scene: Scene) -> tuple[CalledView, ...]:
    """The contacts of the team, those first that are there for what the incident is."""
    found = [_show(name, each, scene) for name, each in scene.book.policy.contacts.items()]
    return tuple(sorted(found, key=lambda each: not each.fits))


def _show(name: str, contact: Outsider, scene: Scene) -> CalledView:
    incident, book = scene.incident, scene.book
    known = incident.outside.get(make_id(book.policy.team, name))
    return CalledView(
        id=name,
        name=clean(contact.name, 100),
        kind=contact.kind,
        channels=contact.channels,
        text=clean(draft_words(contact, incident, book), 1200),
        fits=is_for(contact, incident, book),
        leave=find_leave(contact, incident, book)[0],
        standing=_tell(known, scene) if known is not None else "",
        at=(known.answered_at or known.last_at or known.at) if known is not None else None,
        by=scene.who(known.by) if known is not None else None,
        reason=clean(known.why, 200) if known is not None else "",
    )


def _tell(known: Outside, scene: Scene) -> str:
    """How far it came, and no further than is known."""
    if known.answered_at is not None:
        return "they have it"
    if not known.intent:
        return "not sent: no channel is left"
    reached = scene.incident.reached.get(known.intent, "")
    said = reached if known.state is PageState.DELIVERED and reached else SAID.get(known.state, known.state)
    return f"{said}, {known.channel}"


def show_wanted(scene: Scene) -> tuple[WantedView, ...]:
    """The calls that wait for leave, the oldest first."""
    contacts = scene.book.policy.contacts
    found = []
    for seq, each in scene.incident.wanted.items():
        contact, by = contacts.get(split_id(each.contact)[1]), scene.who(each.by)
        if contact is not None and by is not None:
            text = clean(each.text, 1200)
            found.append(WantedView(id=seq, name=clean(contact.name, 100), text=text, by=by, role=each.role))
    return tuple(found)
