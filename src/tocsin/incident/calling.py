"""How far the calling of people is: of each responder, of what is put off, and of another pager behind a channel."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.words import PageState, Share


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The calling of one responder: everything paged so far and whether somebody may stop.

    `failures` counts the channels that failed in a row, the last of them only for a while if it is `passing`;
    `answered_at` ends the calling; `withheld` says why the last page was decided and not sent. One that is put off has
    its `why`, and `until` when; of one that was, `waited` says so until a channel has taken it. `besides` its
    line, something else wants them called.
    """

    responder: str
    first_at: datetime
    last_at: datetime
    round: int
    channel: str
    intent: int
    state: PageState = PageState.REQUESTED
    failures: int = 0
    line: int | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    withheld: str = ""
    passing: bool = False
    why: str = ""
    until: datetime | None = None
    waited: bool = False
    besides: bool = False


class PutOff(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What somebody is told once their quiet hours are over, which was then thought to be `until`; `page` is the entry
    of the page that tells it, once there is one.
    """

    why: str
    line: int | None
    until: datetime
    page: int = 0


class Sharing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What another pager was last told, or is being told since `at`; `failures` in a row, `lost` if for good."""

    act: Share
    at: datetime
    intent: int = 0
    failures: int = 0
    is_done: bool = False
    is_lost: bool = False


class Wanted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call to a contact outside that waits for the leave of whoever answers to `role`."""

    contact: str
    text: str
    by: str
    role: str
    at: datetime
    line: int | None = None


class Outside(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last call to a contact outside: its text, who asked and allowed it, the channels that were asked so far, how
    far the last page came, and when they said that they have it.
    """

    text: str
    by: str
    at: datetime
    allowed_by: str = ""
    channel: str = ""
    intent: int = 0
    state: PageState = PageState.REQUESTED
    tried: tuple[str, ...] = ()
    last_at: datetime | None = None
    why: str = ""
    answered_at: datetime | None = None
