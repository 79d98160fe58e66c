"""Which event keeps which duty.

A duty is armed by the planner of the room it belongs to; it is kept by a fact, not by a planner: whoever acknowledges
has thereby met the duty to acknowledge, and the entry that did it is the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from tocsin.incident.state import Obligation
from tocsin.timeline.events import (
    Acknowledged,
    AnnouncementRequested,
    BridgeOpened,
    ChatDone,
    ChatWithheld,
    Event,
    ObligationDropped,
    ObligationLate,
    ObligationMet,
    ObligationWaived,
    RecoveryPointTold,
    ReportFiled,
    UpdatePosted,
    UpdateWithheld,
)
from tocsin.words import Audience, ChatAct, ObligationState, PublicStatus

ACKNOWLEDGE = "acknowledge"
STATUS_PAGE = "status_page"
UPDATE = "update"
ROLE = "role"
LEAD = "lead"
VERIFY = "verify"
BRIDGE = "bridge"
ROOM = "room"
ROOM_CLOSED = "room_closed"
REVIEW = "review"
REPORT = "report"
RECOVERY_POINT = "recovery_point"
RECOVERY_TIME = "recovery_time"
PHASE = "phase"
STATUS_PAGE_IDENTIFIED = "status_page_identified"
STATUS_PAGE_MONITORING = "status_page_monitoring"
STATUS_PAGE_RESOLVED = "status_page_resolved"
TELL = "tell"
NOTIFICATION = "notification"


_PAGE = (STATUS_PAGE, STATUS_PAGE_IDENTIFIED, STATUS_PAGE_MONITORING, STATUS_PAGE_RESOLVED)
_SAID = {status: _PAGE[: at + 1] for at, status in enumerate(PublicStatus)}
"""Whoever has told the public that it is over has also told it whatever it was to hear before."""
ENDING = frozenset({PublicStatus.MONITORING, PublicStatus.RESOLVED})


def name_telling(audience: Audience, *, ending: bool = False) -> str:
    """The kind of the duty to tell an audience: while it goes on, or (`ending`) that it is over."""
    return f"{TELL}_{audience}_{'ending' if ending else 'going_on'}"


TELLINGS = frozenset(name_telling(each, ending=ending) for each in Audience for ending in (False, True))
KINDS = TELLINGS | {
    ACKNOWLEDGE, UPDATE, ROLE, LEAD, VERIFY, BRIDGE, ROOM, ROOM_CLOSED, REVIEW, REPORT, PHASE, NOTIFICATION,
    RECOVERY_POINT, RECOVERY_TIME, *_PAGE,
}  # fmt: skip
"""Every kind of duty."""


class Stated(Protocol):
    """A duty as the ledger has it, or as it was armed."""

    @property
    def what(self) -> str:
        """In words."""

    @property
    def line(self) -> int | None:
        """Where the playbook states it."""

    @property
    def due_at(self) -> datetime:
        """Until when."""


def put_in_words(event: Event, duties: Mapping[str, Stated]) -> Event:
    """The event with the words and the line of its duty, where an earlier version has noted the key alone."""
    if not isinstance(event, ObligationLate | ObligationDropped | ObligationMet | ObligationWaived) or event.words:
        return event
    duty = duties.get(event.key)
    if duty is None:
        return event
    due = {"due_at": duty.due_at} if isinstance(event, ObligationLate) else {}
    return msgspec.structs.replace(event, words=duty.what, line=duty.line, **due)


def kept_by(event: Event) -> tuple[str, ...]:
    """The kinds of duty that `event` keeps."""
    match event:
        case Acknowledged():
            return (ACKNOWLEDGE,)
        case ChatDone(act=ChatAct.OPEN) | ChatWithheld(act=ChatAct.OPEN):  # live it would be open
            return (ROOM,)
        case ChatDone(act=ChatAct.ARCHIVE):
            return (ROOM_CLOSED,)
        case AnnouncementRequested(status=status):
            return _SAID[status]
        case ReportFiled():
            return (REPORT,)
        case RecoveryPointTold():
            return (RECOVERY_POINT,)
        case BridgeOpened():
            return (BRIDGE,)
        case UpdatePosted(audiences=audiences, status=status, in_form=in_form):
            public = _SAID[status] if Audience.PUBLIC in audiences else ()
            return (*((UPDATE,) if in_form else ()), *public, *_told(audiences, status))
        case UpdateWithheld(audiences=audiences, status=status):  # live it keeps them, and nobody is asked to
            return (UPDATE, *_SAID[status], *_told(audiences, status))
    return ()


def _told(audiences: tuple[Audience, ...], status: PublicStatus) -> tuple[str, ...]:
    """Whoever hears that it is over has heard of it; the other way round not."""
    over = (name_telling(each, ending=True) for each in audiences if status in ENDING)
    return (*(name_telling(each) for each in audiences), *over)


def keep(
    obligations: dict[str, Obligation], duties: tuple[str, ...], at: datetime, by: str, seq: int
) -> dict[str, Obligation]:
    """The ledger after the open duties of these kinds were met at `at` by entry `seq`."""
    return {
        key: meet(each, at, by, seq) if each.is_open and each.duty in duties else each
        for key, each in obligations.items()
    }


def meet(obligation: Obligation, at: datetime, by: str, seq: int) -> Obligation:
    """The duty, met. It stays `late` if it was due before `at`."""
    late = at > obligation.due_at
    state = ObligationState.LATE if late else ObligationState.MET
    return msgspec.structs.replace(obligation, state=state, met_at=at, met_by=by, evidence=seq)
