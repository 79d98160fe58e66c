"""What was asked of chat systems and trackers for an incident, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from tocsin.words import Audience, ChatAct, TicketAct, Way

Standing = Literal["asked", "done", "failed"]


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that was asked: `intent` the last time it was, `text` and `people` with what.

    `tries` counts the failures since it last went well; `passing`: the last one may mend by itself. `withheld`: it was
    decided and not done, in shadow mode.
    """

    intent: int
    at: datetime
    state: Standing = "asked"
    text: str = ""
    people: tuple[str, ...] = ()
    tries: int = 0
    passing: bool = False
    why: str = ""
    withheld: bool = False


class ChatTask(Asked, frozen=True, kw_only=True, gc=False):
    """One thing asked of a chat system."""

    act: ChatAct


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """The incident's own room: known by its `id` in the chat system, whatever it is called by now.

    `message` is the id of the pinned status, `log` the blob of what was said, once that was kept. `joined` are the
    people who were let in, `strangers` those who have no account there. It is the `turn`-th room of the incident: one
    that comes back after its room was archived gets another. `private`: only who was let in can find it.
    """

    system: str
    id: str
    name: str
    link: str
    opened_at: datetime
    message: str = ""
    joined: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    log: str = ""
    archived_at: datetime | None = None
    turn: int = 1
    private: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether nobody finds it who was not let in. The built-in one is the incident's own screen."""
        return self.private or self.system == "web"


class Ticket(Asked, frozen=True, kw_only=True, gc=False):
    """A ticket: `id` and `link` once it is there; `act` is what was last asked, `closed` whether it is shut."""

    act: TicketAct
    tracker: str
    title: str = ""
    id: str = ""
    link: str = ""
    closed: bool = False
    line: int | None = None


class Followed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far words have come of those who follow the status page: `asked` had them in their queues. `is_known`: they
    were counted; until then nobody has said anything of them.
    """

    asked: int
    at: datetime
    sent: int = 0
    refused: int = 0
    waiting: int = 0
    is_known: bool = False

    @property
    def left(self) -> int:
        """Those who followed no more when their turn came."""
        return max(0, self.asked - self.sent - self.refused - self.waiting) if self.is_known else 0


class Delivery(Asked, frozen=True, kw_only=True, gc=False):
    """Words on one way to the readers of an audience; `detail` is what was said of their arrival."""

    update: int
    audience: Audience
    way: Way
    to: str
    detail: str = ""
    withheld: bool = False
