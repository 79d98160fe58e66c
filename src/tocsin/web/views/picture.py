"""What the demonstration's stage says of itself, read leniently: it is another process, perhaps older or younger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Process(msgspec.Struct):
    """One process of the world."""

    service: str
    state: str = ""
    restarts: int = 0


class Fault(msgspec.Struct):
    """What goes wrong; `remedy` is the command that mends it."""

    name: str = ""
    alert: str = ""
    story: str = ""
    remedy: str = ""
    present: bool = False


class Check(msgspec.Struct):
    """One look of the referee."""

    colour: str = "unknown"


class Referee(msgspec.Struct):
    """What the referee knows."""

    colour: str = "unknown"
    since: datetime | None = None
    last_error: str = ""
    lost_orders: int = 0
    history: list[Check] = []


class Times(msgspec.Struct):
    """The moments of the round."""

    begun_at: datetime | None = None
    injected_at: datetime | None = None
    red_at: datetime | None = None
    alert_at: datetime | None = None
    green_at: datetime | None = None


class Server(msgspec.Struct):
    """This very server, as the process that keeps it sees it."""

    pid: int | None = None
    restarts: int = 0
    killed_at: datetime | None = None
    started_at: datetime | None = None


class Page(msgspec.Struct):
    """A page that the phone got; `content` is the message of the webhook."""

    at: datetime
    content: dict[str, Any] = {}

    @property
    def incident(self) -> str:
        """The incident that it is about."""
        return str(self.content.get("incident") or "")


class Picture(msgspec.Struct):
    """Everything that the stage says."""

    world: str = ""
    directory: str = ""
    doing: str = ""
    processes: list[Process] = []
    fault: Fault = msgspec.field(default_factory=Fault)
    referee: Referee = msgspec.field(default_factory=Referee)
    phone: list[Page] = []
    times: Times = msgspec.field(default_factory=Times)
    server: Server = msgspec.field(default_factory=Server)

    @property
    def was_killed(self) -> bool:
        """Whether the server was killed in this round."""
        killed, begun = self.server.killed_at, self.times.begun_at
        return killed is not None and (begun is None or killed >= begun)


def read_picture(state: dict[str, Any]) -> Picture:
    """The picture; an empty one where nothing of it can be understood."""
    try:
        return msgspec.convert(state, Picture, strict=False)
    except msgspec.ValidationError:
        return Picture()


def find_pages(picture: Picture) -> list[Page]:
    """The pages of this round: what an earlier round left behind may still ring, and is not shown."""
    return [page for page in picture.phone if _is_of_round(page, picture.times.begun_at)]


def _is_of_round(page: Page, begun_at: datetime | None) -> bool:
    opened = page.content.get("opened_at")
    try:
        return begun_at is None or opened is None or msgspec.convert(opened, datetime, strict=False) >= begun_at
    except (msgspec.ValidationError, TypeError):
        return True


def find_main(picture: Picture) -> str:
    """The incident that the screen follows: the one of the fault's own alert, else the first; empty for none."""
    pages = find_pages(picture)
    own = (page.incident for page in pages if _name_alert(page) == picture.fault.alert)
    return next(own, "") or (pages[0].incident if pages else "")


def _name_alert(page: Page) -> str:
    labels = page.content.get("labels")
    return str(labels.get("alertname", "")) if isinstance(labels, dict) else ""
