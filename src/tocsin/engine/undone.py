"""What an intent leaves behind that was not done: withheld before anything happened, or failed."""

from __future__ import annotations

from tocsin.errors import TocsinError, Unavailable
from tocsin.incident.state import Incident
from tocsin.page.plan import find_answer
from tocsin.run.stop import find_stop
from tocsin.timeline import events as e

PAGE_S = 10.0
"""How long a channel may take over one page."""
OTHERS_S = 60.0
"""How long a chat system or a tracker may take: to read a long room takes many calls."""


def find_reason(incident: Incident, intent: e.Intent, seq: int) -> str:
    """Why something that was decided is not wanted any more; empty where it is."""
    if isinstance(intent, e.PageRequested):
        return find_answer(incident, intent, seq)
    return find_stop(incident, intent.step, seq) if isinstance(intent, e.StepRequested) else ""


def withhold(seq: int, intent: e.Intent, why: str) -> e.Outcome:
    """What is decided and not done is for each kind of intent: nothing has happened."""
    if isinstance(intent, e.PageRequested):
        return e.PageWithheld(answers=seq, responder=intent.responder, channel=intent.channel, why=why)
    if isinstance(intent, e.ChatRequested):
        return e.ChatWithheld(answers=seq, act=intent.act, key=intent.key, why=why)
    if isinstance(intent, e.TicketRequested):
        return e.TicketWithheld(answers=seq, act=intent.act, key=intent.key, why=why)
    if isinstance(intent, e.AnnouncementRequested):
        return e.AnnouncementNotMade(answers=seq, why=why)
    if isinstance(intent, e.DeliveryRequested):
        return e.DeliveryWithheld(answers=seq, key=intent.key, why=why)
    if isinstance(intent, e.SharingRequested):
        return e.SharingFailed(answers=seq, channel=intent.channel, act=intent.act, why=why)
    assert isinstance(intent, e.StepRequested)
    return e.StepNotRun(answers=seq, step=intent.step, why=why)


def fail(seq: int, intent: e.Intent, why: str, *, passing: bool = False) -> e.Outcome:
    """What a failure is for each kind of intent. A changing step that was started is in doubt, never simply failed."""
    if isinstance(intent, e.PageRequested):
        return e.PageFailed(answers=seq, responder=intent.responder, channel=intent.channel, why=why, passing=passing)
    if isinstance(intent, e.ChatRequested):
        return e.ChatFailed(answers=seq, act=intent.act, key=intent.key, why=why, passing=passing)
    if isinstance(intent, e.TicketRequested):
        return e.TicketFailed(answers=seq, act=intent.act, key=intent.key, why=why, passing=passing)
    if isinstance(intent, e.AnnouncementRequested):
        return e.AnnouncementNotMade(answers=seq, why=why)
    if isinstance(intent, e.DeliveryRequested):
        return e.DeliveryFailed(answers=seq, key=intent.key, why=why, passing=passing)
    if isinstance(intent, e.SharingRequested):
        return e.SharingFailed(answers=seq, channel=intent.channel, act=intent.act, why=why, passing=passing)
    assert isinstance(intent, e.StepRequested)
    if intent.changes:
        return e.StepInDoubt(answers=seq, step=intent.step, why=why)
    return e.StepNotRun(answers=seq, step=intent.step, why=why)


def name_kind(intent: e.Intent) -> str:
    """The first part of the failpoints' names."""
    if isinstance(intent, e.StepRequested):
        return "change" if intent.changes else "read"
    if isinstance(intent, e.ChatRequested | e.DeliveryRequested):
        return "chat"
    if isinstance(intent, e.SharingRequested):
        return "share"
    return "ticket" if isinstance(intent, e.TicketRequested) else "page"


def find_limit(intent: e.Intent) -> float | None:
    """How long a performer may take over it, in seconds; null where a step's own limit holds.

    A channel's own time-outs count each read, and a drip never ends.
    """
    if isinstance(intent, e.PageRequested):
        return PAGE_S
    return None if isinstance(intent, e.StepRequested) else OTHERS_S


def is_final(error: BaseException) -> bool:
    """Whether an outcome that could not be written down for this is not to be written down later either."""
    if isinstance(error, Unavailable):  # there was no room for it just then
        return False
    return isinstance(error, TocsinError) or not isinstance(error, Exception)
