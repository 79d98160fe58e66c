"""Words on their way out, as they are shown: texts of the playbook to begin with, drafts, and who must allow them."""

from __future__ import annotations

from datetime import datetime

from tocsin.comms.form import find_form
from tocsin.comms.gate import find_lock
from tocsin.comms.offered import find_offered
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


class SpeechView(View, frozen=True, kw_only=True):
    """All of it. `lock` is the line that locks words to the outside, `opened_by` who allows them; `form` is how the
    playbook wants a status told.
    """

    offered: tuple[OfferedView, ...]
    drafts: tuple[DraftView, ...]
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
        lock=Cite(line=lock.line, text=clean(lock.text, 300)) if lock else None,
        opened_by=clean(lock.role, 100) if lock else "",
        form=Cite(line=form[1], text=clean(form[0], 200)) if form else None,
    )
