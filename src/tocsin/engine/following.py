"""What follows a status page: somebody's mailbox or program, and the notices on their way there."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from tocsin.words import PublicStatus

Way = Literal["mail", "webhook"]


class Follower(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asked to hear of a team's public changes; null `confirmed_at`: they have not said yes yet."""

    id: str
    team: str
    way: Way
    address: str
    asked_at: datetime
    confirmed_at: datetime | None = None


class Announcement(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="announcement"):
    """One change of what the public is told of an incident; `text` is what was said of that status, if anything was."""

    team: str
    page: str
    incident: str
    title: str
    status: PublicStatus
    at: datetime
    text: str


class Invitation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="invitation"):
    """Do you want to follow this page? `page` is its title."""

    team: str
    page: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something on its way to a follower. `key` is the same at each attempt and at no other notice of theirs."""

    n: int
    follower: Follower
    key: str
    attempts: int
    what: Announcement | Invitation


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the notices of one key; `untried` of the `waiting` nobody has tried yet."""

    sent: int = 0
    refused: int = 0
    waiting: int = 0
    untried: int = 0


class Followers(Protocol):
    """Who follows, and what is on its way to them."""

    async def ask(self, team: str, way: Way, address: str, invitation: Invitation, now: datetime) -> Follower | None:
        """Somebody wants to follow; null where they do already, or were asked a moment ago."""
        ...

    async def find(self, id_: str) -> Follower | None: ...

    async def confirm(self, id_: str, now: datetime) -> bool:
        """They said yes; whether there is such a follower."""
        ...

    async def leave(self, id_: str) -> bool:
        """Forget them, and everything on its way to them; whether there was anybody."""
        ...

    async def announce(self, key: str, what: Announcement) -> int:
        """Put it into the queue of everybody who followed by then, once each; how many that are."""
        ...

    async def take(self, now: datetime, until: datetime, limit: int, way: Way | None = None) -> list[Notice]:
        """Notices that are due, this process's until then; of one follower's only the oldest. Null `way`: of both."""
        ...

    async def end(self, n: int, now: datetime, said: str) -> None:
        """It is delivered."""
        ...

    async def refuse(self, n: int, now: datetime, said: str) -> None:
        """It is given up."""
        ...

    async def tally(self, key: str) -> Tally:
        """How far what was announced under this key has come."""
        ...

    async def list_ended(self, since: datetime) -> list[str]:
        """The keys of which a notice has ended since then."""
        ...

    async def postpone(self, n: int, due_at: datetime, said: str) -> None:
        """Try it again later."""
        ...
