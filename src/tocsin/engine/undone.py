"""What an intent leaves behind that was not done: withheld before anything happened, or failed."""

from __future__ import annotations

from tocsin.errors import TocsinError, Unavailable
from tocsin.timeline import events as e


def withhold(seq: int, intent: e.Intent, why: str) -> e.Outcome:
    """What is decided and not done is for each kind of intent: nothing has happened."""
    if isinstance(intent, e.PageRequested):
        return e.PageWithheld(answers=seq, responder=intent.responder, channel=intent.channel, why=why)
    assert isinstance(intent, e.StepRequested)
    return e.StepNotRun(answers=seq, step=intent.step, why=why)


def fail(seq: int, intent: e.Intent, why: str, *, passing: bool = False) -> e.Outcome:
    """What a failure is for each kind of intent. A changing step that was started is in doubt, never simply failed."""
    if isinstance(intent, e.PageRequested):
        return e.PageFailed(answers=seq, responder=intent.responder, channel=intent.channel, why=why, passing=passing)
    assert isinstance(intent, e.StepRequested)
    if intent.changes:
        return e.StepInDoubt(answers=seq, step=intent.step, why=why)
    return e.StepNotRun(answers=seq, step=intent.step, why=why)


def name_kind(intent: e.Intent) -> str:
    """The first part of the failpoints' names."""
    if isinstance(intent, e.StepRequested):
        return "change" if intent.changes else "read"
    return "page"


def is_final(error: BaseException) -> bool:
    """Whether an outcome that could not be written down for this is not to be written down later either."""
    if isinstance(error, Unavailable):  # there was no room for it just then
        return False
    return isinstance(error, TocsinError) or not isinstance(error, Exception)
