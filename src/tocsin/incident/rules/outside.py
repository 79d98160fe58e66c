"""How the calling of contacts outside changes an incident."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.calling import Outside, Wanted
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import PageState


def _wanted(incident: Incident, entry: Entry, event: e.ContactWanted) -> Incident:
    made = Wanted(contact=event.contact, text=event.text, by=event.by, role=event.role, at=entry.at, line=event.line)
    return replace(incident, wanted={**incident.wanted, entry.seq: made})


def _called(incident: Incident, entry: Entry, event: e.ContactCalled) -> Incident:
    made = Outside(text=event.text, by=event.by, at=entry.at, allowed_by=event.allowed_by)
    wanted = {seq: each for seq, each in incident.wanted.items() if seq != event.wanted}
    return replace(incident, wanted=wanted, outside={**incident.outside, event.contact: made})


def _answered(incident: Incident, entry: Entry, event: e.ContactAnswered) -> Incident:
    known = incident.outside.get(event.contact)
    if known is None or known.intent != event.page:
        return incident
    after = replace(known, answered_at=entry.at)
    return replace(incident, outside={**incident.outside, event.contact: after})


def note_requested(incident: Incident, entry: Entry, event: e.PageRequested) -> Incident:
    """A channel is asked to take the text."""
    pages = {**incident.pages, entry.seq: PageState.REQUESTED}
    known = incident.outside.get(event.responder)
    if known is None:
        return replace(incident, pages=pages)
    after = replace(
        known,
        channel=event.channel,
        intent=entry.seq,
        state=PageState.REQUESTED,
        tried=(*known.tried, event.channel),
        last_at=entry.at,
    )
    return replace(incident, pages=pages, outside={**incident.outside, event.responder: after})


def note_ended(incident: Incident, intent: int, contact: str, state: PageState, why: str) -> Incident:
    """What became of it."""
    known = incident.outside.get(contact)
    if known is None or known.intent != intent:
        return incident
    after = replace(known, state=state, why=why)
    return replace(incident, outside={**incident.outside, contact: after})


RULES: dict[type[e.Event], Any] = {
    e.ContactWanted: _wanted,
    e.ContactCalled: _called,
    e.ContactAnswered: _answered,
}
