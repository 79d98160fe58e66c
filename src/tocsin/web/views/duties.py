"""The obligation ledger as it is shown: what is owed, by when, and which line says so."""

from __future__ import annotations

from datetime import datetime

from tocsin.incident.state import Obligation
from tocsin.web.views.scene import Cite, Scene, View, Who, clean


class DutyView(View, frozen=True, kw_only=True):
    """One duty; `evidence` is the entry of the timeline that met it. `told` were reminded, `escalated` heard later."""

    key: str
    duty: str
    what: str
    owner: str
    state: str
    is_open: bool
    armed_at: datetime
    due_at: datetime
    line: int | None = None
    cite: Cite | None = None
    met_at: datetime | None = None
    met_by: Who | None = None
    evidence: int | None = None
    reason: str = ""
    told_at: datetime | None = None
    told: tuple[Who, ...] = ()
    escalated_at: datetime | None = None
    escalated: tuple[Who, ...] = ()


def show_duties(scene: Scene) -> tuple[DutyView, ...]:
    """All duties: the open ones first, each group by due time."""
    duties = sorted(scene.incident.obligations.values(), key=lambda each: (not each.is_open, each.due_at))
    return tuple(_show(each, scene) for each in duties)


def find_next_duty(duties: tuple[DutyView, ...]) -> DutyView | None:
    """The open duty that is due first; one that is late comes before all others."""
    return next((each for each in duties if each.is_open), None)


def _show(duty: Obligation, scene: Scene) -> DutyView:
    return DutyView(
        key=duty.key,
        duty=duty.duty,
        what=clean(duty.what, 300),
        owner=clean(duty.owner, 100),
        state=duty.state,
        is_open=duty.is_open,
        armed_at=duty.armed_at,
        due_at=duty.due_at,
        line=duty.line,
        cite=scene.cite(duty.line),
        met_at=duty.met_at,
        met_by=scene.who(duty.met_by),
        evidence=duty.evidence,
        reason=clean(duty.reason, 300),
        told_at=duty.told_at,
        told=_name(duty.told, scene),
        escalated_at=duty.escalated_at,
        escalated=_name(duty.escalated, scene),
    )


def _name(people: tuple[str, ...], scene: Scene) -> tuple[Who, ...]:
    return tuple(who for who in map(scene.who, people) if who is not None)
