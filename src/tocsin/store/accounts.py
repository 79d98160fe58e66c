"""Accounts and API tokens: a password by its slow hash, a token by its digest. Neither can be read back."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from tocsin.store import schema
from tocsin.store.sessions import Rows
from tocsin.timeline.codec import stamp, unstamp

PREFIX = "tocsin_"
"""How tokens begin, so that scanners for leaked secrets know one."""


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token: never its secret. `scope` bounds what it may be used for."""

    id: str
    person: str
    name: str
    scope: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class Accounts:
    """Rows by person, and tokens by id."""

    def __init__(self, store: Rows) -> None:
        self._store = store

    async def find_password(self, person: str) -> str | None:
        """The hash of somebody's password; null where they have none."""
        t = schema.account
        found: str | None = await self._store.read(
            lambda c: c.execute(select(t.c.password).where(t.c.person == person)).scalar()
        )
        return found

    async def set_password(self, person: str, hashed: str, now: datetime) -> None:
        """Keep a password's hash. In the same transaction all of the person's sessions and links end."""
        t = schema.account

        def work(c: Connection) -> None:
            values = {"password": hashed, "changed_at": stamp(now)}
            if c.execute(update(t).where(t.c.person == person).values(**values)).rowcount == 0:
                c.execute(insert(t).values(person=person, **values))
            _end_sessions(c, person)

        await self._store.in_transaction(work)

    async def forget(self, person: str, now: datetime) -> bool:
        """Take somebody's password, sessions and tokens away; whether they had a password."""
        t, tokens = schema.account, schema.api_token

        def work(c: Connection) -> bool:
            _end_sessions(c, person)
            mine = update(tokens).where(tokens.c.person == person, tokens.c.revoked_at.is_(None))
            c.execute(mine.values(revoked_at=stamp(now)))
            return c.execute(delete(t).where(t.c.person == person)).rowcount > 0

        return await self._store.in_transaction(work)

    async def make_token(
        self, person: str, name: str, scope: str, until: datetime, now: datetime
    ) -> tuple[ApiToken, str]:
        """A new token, and its text: this is the only time that it is seen."""
        id_, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        text = f"{PREFIX}{id_}_{secret}"
        made = ApiToken(id=id_, person=person, name=name, scope=scope, made_at=now, expires_at=until)
        row = {
            "id": id_,
            "digest": _digest(text),
            "person": person,
            "name": name,
            "scope": scope,
            "made_at": stamp(now),
            "expires_at": stamp(until),
        }
        await self._store.in_transaction(lambda c: c.execute(insert(schema.api_token).values(**row)))
        return made, text

    async def find_token(self, text: str, now: datetime) -> ApiToken | None:
        """The token with this text, if it is good now."""
        t = schema.api_token
        good = (t.c.digest == _digest(text), t.c.expires_at > stamp(now), t.c.revoked_at.is_(None))
        row = await self._store.read(lambda c: c.execute(select(t).where(*good)).first())
        return None if row is None else _read(row)

    async def list_tokens(self, person: str | None = None) -> list[ApiToken]:
        """Somebody's tokens, or everybody's, the newest first; those that are over too."""
        t = schema.api_token
        query = select(t).order_by(t.c.made_at.desc(), t.c.id)
        query = query if person is None else query.where(t.c.person == person)
        return [_read(row) for row in await self._store.read(lambda c: c.execute(query).all())]

    async def revoke(self, id_: str, now: datetime) -> ApiToken | None:
        """End a token; null where there is no such one that is good."""
        t = schema.api_token

        def work(c: Connection) -> Any:
            row = c.execute(select(t).where(t.c.id == id_, t.c.revoked_at.is_(None))).first()
            c.execute(update(t).where(t.c.id == id_, t.c.revoked_at.is_(None)).values(revoked_at=stamp(now)))
            return row

        row = await self._store.in_transaction(work)
        return None if row is None else _read(row)


def _end_sessions(c: Connection, person: str) -> None:
    t = schema.session
    c.execute(delete(t).where(t.c.person == person, t.c.purpose.in_(("session", "link", "known"))))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(row: Any) -> ApiToken:
    return ApiToken(
        id=row.id,
        person=row.person,
        name=row.name,
        scope=row.scope,
        made_at=unstamp(row.made_at),
        expires_at=unstamp(row.expires_at),
        revoked_at=None if row.revoked_at is None else unstamp(row.revoked_at),
    )
