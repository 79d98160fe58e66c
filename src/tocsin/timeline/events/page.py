"""The calling of people."""

from __future__ import annotations

from datetime import datetime

from tocsin.timeline.events.kinds import Fact, Intent, Outcome
from tocsin.words import Reached, Share


class LevelJoined(Fact, frozen=True, kw_only=True):
    """A rung of the ladder, a line of the playbook or the last resort was called in. `key` names it once for all.

    `responders` may be empty: nobody answers to that name, and the last resort is told.
    """

    key: str
    who: tuple[str, ...]
    responders: tuple[str, ...]
    why: str
    line: int | None = None
    late_s: int = 0


class EscalationAsked(Fact, frozen=True, kw_only=True):
    """A person says that those are needed whom the escalation on `line` names; `on` is the line of what holds."""

    line: int
    by: str
    reason: str = ""
    on: int | None = None


class EscalationDeclined(Fact, frozen=True, kw_only=True):
    """A person says that the condition on line `on`, of the escalation on `line`, does not hold."""

    line: int
    on: int
    by: str
    reason: str = ""


class AnswerCorrected(Fact, frozen=True, kw_only=True):
    """The yes that `said_by` gave to what stands on line `on`, of the escalation on `line`, was wrong. `role` is by
    what they may say so; it `calls_off` those whom nothing else calls.
    """

    line: int
    on: int
    by: str
    reason: str
    said_by: str = ""
    role: str = ""
    calls_off: bool = False


class PageRequested(Intent, frozen=True, kw_only=True):
    """Call `responder` on `channel`, for the `round`-th time; `line` is the playbook line that demands it.

    One that only `informs` wants no answer: it is sent once to somebody who has the incident already. One that `waited`
    was put off; `beside` are the other incidents that are told in the same message, as it is sent. `duties` are the
    keys of those that it reminds of.
    """

    responder: str
    channel: str
    round: int
    why: str
    line: int | None = None
    late_s: int = 0
    informs: bool = False
    waited: bool = False
    beside: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()


class PagePutOff(Fact, frozen=True, kw_only=True):
    """It is not urgent and `responder` has quiet hours, by their own rules: they are told of it when these end."""

    responder: str
    channel: str
    until: datetime
    why: str
    line: int | None = None
    informs: bool = False


class PagingHeld(Fact, frozen=True, kw_only=True):
    """The team is under maintenance as a whole: nobody is paged in its incidents until that ends."""

    window: str
    by: str
    comment: str
    until: datetime


class PagingFreed(Fact, frozen=True, kw_only=True):
    """The maintenance of the whole team has ended: the calling begins anew where it is still needed."""

    window: str


class PageDelivered(Outcome, frozen=True, kw_only=True):
    """The channel took it. `repeat`: it had been sent before a crash and was sent again with the same key."""

    responder: str
    channel: str
    detail: str = ""
    repeat: bool = False


class PageReported(Fact, frozen=True, kw_only=True):
    """What the vendor that took the page of entry `page` said of it since: it arrived, was opened, or failed."""

    page: int
    responder: str
    channel: str
    reached: Reached
    detail: str = ""


class PageFailed(Outcome, frozen=True, kw_only=True):
    """The channel did not take it. `passing`: not for good, so it is asked again as soon as it takes anything."""

    responder: str
    channel: str
    why: str
    passing: bool = False


class PageWithheld(Outcome, frozen=True, kw_only=True):
    """Decided and shown, but nobody was called: shadow mode, or somebody had answered by then."""

    responder: str
    channel: str
    why: str


class SharingRequested(Intent, frozen=True, kw_only=True):
    """Tell the pager behind `channel`, which was called, that somebody has acknowledged here, or that it is over."""

    channel: str
    act: Share


class Shared(Outcome, frozen=True, kw_only=True):
    """The other pager knows."""

    channel: str
    act: Share


class SharingFailed(Outcome, frozen=True, kw_only=True):
    """The other pager was not told. `passing`: patience may mend it, and it is told later."""

    channel: str
    act: Share
    why: str
    passing: bool = False
