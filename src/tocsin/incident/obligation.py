"""Which event keeps which duty.

A duty is armed by the planner of the room it belongs to; it is kept by a fact, not by a planner: whoever acknowledges
has thereby met the duty to acknowledge, and the entry that did it is the evidence.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.incident.state import Obligation
from tocsin.timeline.events import Acknowledged, Event, UpdatePosted
from tocsin.words import Audience, ObligationState, PublicStatus

ACKNOWLEDGE = "acknowledge"
STATUS_PAGE = "status_page"
UPDATE = "update"
BRIDGE = "bridge"
REVIEW = "review"
STATUS_PAGE_RESOLVED = "status_page_resolved"


def kept_by(event: Event) -> tuple[str, ...]:
    """The kinds of duty that `event` keeps."""
    match event:
        case Acknowledged():
            return (ACKNOWLEDGE,)
        case UpdatePosted(audiences=audiences, status=status):
            public = Audience.PUBLIC in audiences
            done = public and status is PublicStatus.RESOLVED
            return (UPDATE, *((STATUS_PAGE,) if public else ()), *((STATUS_PAGE_RESOLVED,) if done else ()))
    return ()


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
