"""A page as its link shows it: what a responder needs on a phone at 3 a.m., and whether there is a button to press."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tocsin.page.link import Ticket
from tocsin.page.message import PageMessage
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Acknowledged
from tocsin.web.views.people import find_next_call
from tocsin.web.views.scene import Cite, Scene, View, clean

MOST_EVIDENCE = 4


class EvidenceView(View, frozen=True, kw_only=True):
    """The first lines of what a step found."""

    command: str
    head: str
    exit_code: int | None
    fault: str = ""


class PageView(View, frozen=True, kw_only=True):
    """One page. `standing` says who has taken it or why there is no button; `may_take` whether there is one."""

    number: str
    team: str
    title: str
    severity: str
    responder: str
    why: str
    opened_at: datetime
    now: datetime
    symptoms: tuple[Cite, ...]
    first_command: Cite | None
    evidence: tuple[EvidenceView, ...]
    next_who: tuple[str, ...]
    next_at: datetime | None
    next_unless: str
    summary: str
    room: str
    standing: str
    may_take: bool


def show_page(scene: Scene, message: PageMessage, ticket: Ticket, paged: Entry, since: Sequence[Entry]) -> PageView:
    """The page that `ticket` stands for: `paged` is its entry, `since` is everything after it."""
    standing, may_take = _find_standing(scene, ticket, paged, since)
    ran = {each.command for each in message.evidence}
    ahead = find_next_call(scene) if not scene.incident.is_private else None
    first = message.first_command if message.first_command and message.first_command.text not in ran else None
    return PageView(
        number=clean(message.number, 100),
        team=clean(message.team, 100),
        title=clean(message.title, 300),
        severity=clean(message.severity, 40),
        responder=scene.name(ticket.responder),
        why=clean(message.why, 300),
        opened_at=message.opened_at,
        now=scene.now,
        symptoms=tuple(Cite(line=each.line, text=clean(each.text, 300)) for each in message.symptoms),
        first_command=Cite(line=first.line, text=clean(first.text, 1000)) if first else None,
        evidence=tuple(
            EvidenceView(
                command=clean(each.command, 300),
                head=clean(each.head, 1200),
                exit_code=each.exit_code,
                fault=clean(each.fault, 300),
            )
            for each in message.evidence[:MOST_EVIDENCE]
        ),
        next_who=(tuple(who.name for who in ahead.who) or ahead.names) if ahead else (),
        next_at=ahead.at if ahead else None,
        next_unless=ahead.unless if ahead else "",
        summary=clean(message.annotations.get("summary") or message.annotations.get("description") or "", 400),
        room=message.room,
        standing=standing,
        may_take=may_take,
    )


def _find_standing(scene: Scene, ticket: Ticket, paged: Entry, since: Sequence[Entry]) -> tuple[str, bool]:
    """A link is good for one acknowledgement of the page that it came with, not for what comes later."""
    incident = scene.incident
    if not incident.is_open:
        ended = incident.resolved_at or incident.closed_at
        return f"It is {incident.status}{f' since {_clock(ended)}' if ended else ''}. There is nothing to take.", False
    own = next((entry for entry in since if _is_by(entry, ticket.responder)), None)
    if own is not None:
        return f"You acknowledged this page at {_clock(own.at)}.", False
    if incident.reopened_at is not None and paged.at < incident.reopened_at:
        return f"It came back at {_clock(incident.reopened_at)}, after this page. Open the newest page.", False
    if incident.acknowledged_at is None or incident.acknowledged_by is None:
        return "", True
    taken = f"Already acknowledged by {scene.name(incident.acknowledged_by)} at {_clock(incident.acknowledged_at)}."
    call = incident.calls.get(ticket.responder)
    called = call is not None and call.answered_at is None
    return (f"{taken} You are still being called; acknowledge to say that you are here." if called else taken), called


def _is_by(entry: Entry, responder: str) -> bool:
    return isinstance(entry.event, Acknowledged) and entry.event.by == responder


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M} UTC"
