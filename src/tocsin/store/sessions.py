"""Who is signed in: sessions, one-time links and API tokens, kept by the hash of their secret only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.store import schema
from tocsin.timeline.codec import stamp

T = TypeVar("T")


class Rows(Protocol):
    """A store whose rows can be read and changed, whichever database it is."""

    async def in_transaction(self, work: Callable[[Connection], T]) -> T: ...

    async def read(self, work: Callable[[Connection], T]) -> T: ...


class Sessions:
    """Secrets that stand for a person, each for a while and for one purpose: `link`, `session`, `token`, `known`,
    `unblocked`.
    """

    def __init__(self, store: Rows) -> None:
        self._store = store

    async def begin(self, purpose: str, person: str, until: datetime) -> str:
        """Make a secret that stands for `person` until `until`; this is the only time that it is seen."""
        secret = secrets.token_urlsafe(32)
        await self.keep(purpose, person, secret, until)
        return secret

    async def keep(self, purpose: str, person: str, secret: str, until: datetime) -> None:
        """Let a secret that is known already stand for `person`, from now on until then."""
        row = {"digest": _digest(secret), "person": person, "purpose": purpose, "expires_at": stamp(until)}

        def work(c: Connection) -> None:
            t = schema.session
            c.execute(delete(t).where(t.c.digest == row["digest"]))
            make = postgresql.insert if c.dialect.name == "postgresql" else sqlite.insert
            c.execute(make(t).values(**row).on_conflict_do_nothing())

        await self._store.in_transaction(work)

    async def whose(self, purpose: str, secret: str, now: datetime) -> str | None:
        """The person that a secret stands for; null for one that is unknown, over, or for something else."""
        t = schema.session
        query = select(t.c.person).where(
            t.c.digest == _digest(secret), t.c.purpose == purpose, t.c.expires_at > stamp(now)
        )
        return await self._store.read(lambda c: c.execute(query).scalar())

    async def ends_at(self, purpose: str, secret: str, now: datetime) -> str | None:
        """When a secret's time is over, as the database has it; null for one that is unknown or over."""
        t = schema.session
        query = select(t.c.expires_at).where(
            t.c.digest == _digest(secret), t.c.purpose == purpose, t.c.expires_at > stamp(now)
        )
        return await self._store.read(lambda c: c.execute(query).scalar())

    async def spend(self, purpose: str, secret: str, now: datetime) -> str | None:
        """As `whose`, and the secret is used up: of two who try at once, one gets the answer."""
        t = schema.session
        gone = (
            delete(t)
            .where(t.c.digest == _digest(secret), t.c.purpose == purpose, t.c.expires_at > stamp(now))
            .returning(t.c.person)
        )
        return await self._store.in_transaction(lambda c: c.execute(gone).scalar())

    async def end(self, secret: str) -> None:
        """Forget a secret."""
        gone = delete(schema.session).where(schema.session.c.digest == _digest(secret))
        await self._store.in_transaction(lambda c: c.execute(gone))

    async def sweep(self, now: datetime) -> None:
        """Forget everything whose time is over."""
        gone = delete(schema.session).where(schema.session.c.expires_at <= stamp(now))
        await self._store.in_transaction(lambda c: c.execute(gone))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
