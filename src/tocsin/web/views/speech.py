"""Words on their way out, as they are shown: texts of the playbook to begin with, drafts, and who must allow them."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from tocsin.comms.form import find_form
from tocsin.comms.gate import find_lock
from tocsin.comms.offered import find_offered
from tocsin.comms.outdated import list_doubts
from tocsin.incident.errand import Delivery, Followed
from tocsin.incident.followed import find_state, find_way_state, list_announced, tell_followed
from tocsin.incident.speech import Update
from tocsin.web.views.scene import Cite, Scene, View, Who, clean
from tocsin.words import Audience, Way


class OfferedView(View, frozen=True, kw_only=True):
    """A text of the playbook, and whom it is for."""

    line: int
    name: str
    audiences: tuple[str, ...]
    cite: Cite | None = None


class DraftView(View, frozen=True, kw_only=True):
    """A draft. `missing` are blanks without a value; `approved_by` allowed it as it stands; `doubts` are sentences to
    read before it goes out.
    """

    id: int
    at: datetime
    by: Who
    text: str
    subject: str
    audiences: tuple[str, ...]
    line: int | None = None
    missing: tuple[str, ...] = ()
    approved_by: Who | None = None
    doubts: tuple[str, ...] = ()


class CountsView(View, frozen=True, kw_only=True):
    """Of those who follow the status page: `asked` had the words in their queues; `left` follow no more."""

    asked: int
    sent: int
    refused: int
    waiting: int
    left: int


class DeliveryView(View, frozen=True, kw_only=True):
    """What became of words on one way to an audience: ``on its way``, ``sent``, ``failed``, ``withheld``;
    for followers ``queued`` until they were counted."""

    audience: str
    way: str
    to: str
    state: str
    at: datetime
    detail: str = ""
    why: str = ""
    again: bool = False
    counts: CountsView | None = None


class SaidView(View, frozen=True, kw_only=True):
    """What was said, in which entry of the timeline, and how it came to its readers."""

    entry: int
    at: datetime
    by: Who
    text: str
    audiences: tuple[str, ...]
    withdrawn_at: datetime | None = None
    deliveries: tuple[DeliveryView, ...] = ()


class SpeechView(View, frozen=True, kw_only=True):
    """All of it. `lock` is the line that locks words to the outside, `opened_by` who allows them; `form` is how the
    playbook wants a status told.
    """

    offered: tuple[OfferedView, ...]
    drafts: tuple[DraftView, ...]
    said: tuple[SaidView, ...] = ()
    lock: Cite | None = None
    opened_by: str = ""
    form: Cite | None = None


def show_speech(scene: Scene) -> SpeechView:
    """What can be said and what waits to be."""
    incident, book = scene.incident, scene.book
    lock, form = find_lock(incident, book), find_form(incident, book)
    return SpeechView(
        offered=tuple(
            OfferedView(
                line=each.template.line,
                name=clean(each.template.name, 120),
                audiences=tuple(audience.value for audience in each.audiences),
                cite=scene.cite(each.template.line),
            )
            for each in find_offered(incident, book)
        ),
        drafts=tuple(
            DraftView(
                id=number,
                at=each.at,
                by=Who(id=each.by, name=scene.name(each.by)),
                text=clean(each.text, 4000),
                subject=clean(each.subject, 300),
                audiences=tuple(audience.value for audience in each.audiences),
                line=each.line,
                missing=tuple(clean(name, 100) for name in each.missing),
                approved_by=scene.who(each.approved_by),
                doubts=tuple(clean(doubt, 300) for doubt in list_doubts(each, incident, book, scene.now)),
            )
            for number, each in sorted(incident.drafts.items(), reverse=True)
        ),
        said=tuple(_show_said(each, scene) for each in reversed(incident.updates)),
        lock=Cite(line=lock.line, text=clean(lock.text, 300)) if lock else None,
        opened_by=clean(lock.role, 100) if lock else "",
        form=Cite(line=form[1], text=clean(form[0], 200)) if form else None,
    )


def _show_said(update: Update, scene: Scene) -> SaidView:
    incident = scene.incident
    sent = [each for each in incident.deliveries.values() if each.update == update.seq]
    told = [_show_delivery(each, incident.followers.get(each.intent)) for each in sent]
    announced = (_show_announced(each) for each in list_announced(incident, update))
    return SaidView(
        entry=update.seq,
        at=update.at,
        by=Who(id=update.by, name=scene.name(update.by)),
        text=clean(update.text, 4000),
        audiences=tuple(audience.value for audience in update.audiences),
        withdrawn_at=update.withdrawn_at,
        deliveries=(*told, *announced),
    )


def _show_delivery(sent: Delivery, followed: Followed | None) -> DeliveryView:
    if followed is not None and followed.is_known:
        shown = _show_announced(followed)
        return replace(shown, audience=sent.audience.value, to=clean(sent.to, 200))
    return DeliveryView(
        audience=sent.audience,
        way=sent.way,
        to=clean(sent.to, 200),
        state=find_way_state(sent),
        at=sent.at,
        detail=clean(sent.detail, 200),
        why=clean(sent.why, 300),
        again=sent.state == "failed" and sent.passing,
    )


def _show_announced(followed: Followed) -> DeliveryView:
    """How far words have come of those who follow the status page."""
    return DeliveryView(
        audience=Audience.PUBLIC.value,
        way=Way.FOLLOWERS.value,
        to="followers of the status page",
        state=find_state(followed),
        at=followed.at,
        detail=tell_followed(followed),
        counts=CountsView(
            asked=followed.asked,
            sent=followed.sent,
            refused=followed.refused,
            waiting=followed.waiting if followed.is_known else followed.asked,
            left=followed.left,
        ),
    )
