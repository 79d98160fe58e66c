"""Words on their way out, as they are shown: texts of the playbook to begin with, drafts, and who must allow them."""

from __future__ import annotations

from datetime import datetime

from tocsin.comms.form import find_form
from tocsin.comms.gate import find_lock
from tocsin.comms.offered import find_offered
from tocsin.incident.errand import Delivery
from tocsin.incident.speech import Update
from tocsin.web.views.scene import Cite, Scene, View, Who, clean


class OfferedView(View, frozen=True, kw_only=True):
    """A text of the playbook, and whom it is for."""

    line: int
    name: str
    audiences: tuple[str, ...]
    cite: Cite | None = None


class DraftView(View, frozen=True, kw_only=True):
    """A draft. `missing` are blanks without a value; `approved_by` allowed it as it stands."""

    id: int
    at: datetime
    by: Who
    text: str
    subject: str
    audiences: tuple[str, ...]
    line: int | None = None
    missing: tuple[str, ...] = ()
    approved_by: Who | None = None


class DeliveryView(View, frozen=True, kw_only=True):
    """What became of words on one way to an audience: ``on its way``, ``sent``, ``failed``, ``withheld``."""

    audience: str
    way: str
    to: str
    state: str
    at: datetime
    detail: str = ""
    why: str = ""
    again: bool = False


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
            )
            for number, each in sorted(incident.drafts.items(), reverse=True)
        ),
        said=tuple(_show_said(each, scene) for each in reversed(incident.updates)),
        lock=Cite(line=lock.line, text=clean(lock.text, 300)) if lock else None,
        opened_by=clean(lock.role, 100) if lock else "",
        form=Cite(line=form[1], text=clean(form[0], 200)) if form else None,
    )


def _show_said(update: Update, scene: Scene) -> SaidView:
    sent = [each for each in scene.incident.deliveries.values() if each.update == update.seq]
    return SaidView(
        entry=update.seq,
        at=update.at,
        by=Who(id=update.by, name=scene.name(update.by)),
        text=clean(update.text, 4000),
        audiences=tuple(audience.value for audience in update.audiences),
        withdrawn_at=update.withdrawn_at,
        deliveries=tuple(_show_delivery(each) for each in sent),
    )


def _show_delivery(sent: Delivery) -> DeliveryView:
    known = {"asked": "on its way", "done": "sent", "failed": "withheld" if sent.withheld else "failed"}
    return DeliveryView(
        audience=sent.audience,
        way=sent.way,
        to=clean(sent.to, 200),
        state=known[sent.state],
        at=sent.at,
        detail=clean(sent.detail, 200),
        why=clean(sent.why, 300),
        again=sent.state == "failed" and sent.passing,
    )
