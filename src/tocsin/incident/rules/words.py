"""How what was said changes an incident."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.speech import Recovery
from tocsin.incident.state import Incident, Report, Update
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import Audience


def _keep(incident: Incident, entry: Entry, event: e.Event) -> Incident:
    """A remark changes nothing."""
    return incident


def _update_posted(incident: Incident, entry: Entry, event: e.UpdatePosted) -> Incident:
    update = Update(
        at=entry.at,
        text=event.text,
        by=event.by,
        audiences=event.audiences,
        status=event.status,
        promise_s=event.promise_s,
        seq=entry.seq,
        in_form=event.in_form,
        opened_as=event.opened_as,
    )
    drafts = {key: each for key, each in incident.drafts.items() if key != event.draft}
    is_first = Audience.PUBLIC in event.audiences and bool(incident.unsaid) and not incident.public_updates
    announced = None if is_first else incident.announced  # what shadow mode kept back, followers have not heard
    return replace(incident, updates=(*incident.updates, update), drafts=drafts, announced=announced)


def _update_withheld(incident: Incident, entry: Entry, event: e.UpdateWithheld) -> Incident:
    update = Update(
        at=entry.at, text=event.text, by=event.by, audiences=event.audiences, status=event.status, seq=entry.seq
    )
    return replace(incident, unsaid=(*incident.unsaid, update))


def _announced(incident: Incident, entry: Entry, event: e.AnnouncementRequested) -> Incident:
    return replace(incident, announced=event.status, announced_at=entry.at)


def _postmortem_saved(incident: Incident, entry: Entry, event: e.PostmortemSaved) -> Incident:
    return replace(incident, postmortem=event.text)


def _report_filed(incident: Incident, entry: Entry, event: e.ReportFiled) -> Incident:
    filed = Report(at=entry.at, by=event.by, title=event.title, fields=event.fields)
    return replace(incident, reports={**incident.reports, event.line: filed})


def _recovery_told(incident: Incident, entry: Entry, event: e.RecoveryPointTold) -> Incident:
    """Said again, the newer word stands."""
    told = Recovery(
        at=entry.at,
        by=event.by,
        point=event.point,
        until=event.until,
        note=event.note,
        allowed_s=event.allowed_s,
        line=event.line,
    )
    return replace(incident, recovery=told)


RULES: dict[type[e.Event], Any] = {
    e.UpdatePosted: _update_posted,
    e.UpdateWithheld: _update_withheld,
    e.AnnouncementRequested: _announced,
    e.AnnouncementNotMade: _keep,
    e.PostmortemSaved: _postmortem_saved,
    e.ReportFiled: _report_filed,
    e.RecoveryPointTold: _recovery_told,
    e.NoteAdded: _keep,
    e.UpdateForbidden: _keep,
    e.EvidenceOpened: _keep,
    e.CommandLearned: _keep,
}
