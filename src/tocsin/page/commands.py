"""What a vendor says of a page that it has taken, decided: it may come twice, late, and in any order; and another
pager, of who has it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.line import fold
from tocsin.words import PageState, Permission, Reached, Status

_ORDER = (Reached.ARRIVED, Reached.FAILED, Reached.OPENED)
"""What says more: a call that was picked up has got through, however it ended."""


class ReportPage(Command, frozen=True, kw_only=True):
    """The page of entry `page` has come so far."""

    permission: ClassVar[Permission] = Permission.VIEW
    page: int
    responder: str
    channel: str
    reached: Reached
    detail: str = ""


class LapseAcknowledgement(Command, frozen=True, kw_only=True):
    """The other pager behind `channel` says, and `why`, that nobody has it any more. `removed` if a person did that
    there; else its own time ran out, which ends what was taken there alone: who has taken it here still has it.
    """

    permission: ClassVar[Permission] = Permission.VIEW
    channel: str
    why: str
    removed: bool = False


def _lapse(incident: Incident, book: Book, command: LapseAcknowledgement, now: datetime) -> tuple[e.Event, ...]:
    taken_there = incident.acknowledged_via == command.channel
    if incident.status is not Status.ACKNOWLEDGED or not (taken_there or command.removed):
        return ()
    return (e.AcknowledgementExpired(by=incident.acknowledged_by or "", why=fold(command.why, 200)),)


def _report(incident: Incident, book: Book, command: ReportPage, now: datetime) -> tuple[e.Event, ...]:
    if incident.pages.get(command.page) in (None, PageState.WITHHELD):
        return ()
    before = incident.reached.get(command.page)
    if before is not None and _ORDER.index(before) >= _ORDER.index(command.reached):
        return ()
    return (
        e.PageReported(
            page=command.page,
            responder=command.responder,
            channel=command.channel,
            reached=command.reached,
            detail=fold(command.detail, 200),
        ),
    )


DECISIONS: dict[type[Command], Decision] = {ReportPage: _report, LapseAcknowledgement: _lapse}
