"""The rows of how people are reached: test pages and what became of them, and phones that take Web Push.

They are no part of any record: addresses are personal data, and go when their person wants it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from tocsin.page.contact import Contact, Standing, Subscription, says_more
from tocsin.store import schema
from tocsin.store.sessions import Rows
from tocsin.timeline.codec import stamp, unstamp

MOST_SUBSCRIPTIONS = 10
"""Of one person; an older one makes room."""


class Contacts:
    """Test pages by person and channel."""

    def __init__(self, store: Rows) -> None:
        self._store = store

    async def list_all(self) -> list[Contact]:
        """Every channel of a person that was ever tested."""
        query = select(schema.contact)
        return [_read(row) for row in await self._store.read(lambda c: c.execute(query).all())]

    async def begin(self, person: str, channel: str, now: datetime, sent_to: str = "") -> Contact:
        """A test page is about to go out; the contact with its number. `sent_to` is the digest of its address."""

        def work(connection: Connection) -> Contact:
            before = _find(connection, person, channel)
            values = {"page": (before.page if before else 0) + 1, "standing": Standing.SENT.value, "detail": "",
                      "sent_at": stamp(now), "sent_to": sent_to}  # fmt: skip
            _write(connection, person, channel, values, is_new=before is None)
            found = _find(connection, person, channel)
            assert found is not None
            return found

        return await self._store.in_transaction(work)

    async def tell(self, person: str, channel: str, page: int, standing: Standing, detail: str, now: datetime) -> bool:
        """How far the test page `page` has come; whether that was news. An older page's is none."""

        def work(connection: Connection) -> bool:
            before = _find(connection, person, channel)
            if before is None or before.page != page or not says_more(before.standing, standing):
                return False
            values: dict[str, Any] = {"standing": standing.value, "detail": detail}
            if standing is Standing.CONFIRMED:
                values |= {"confirmed_at": stamp(now), "confirmed_to": before.sent_to}
            _write(connection, person, channel, values, is_new=False)
            return True

        return await self._store.in_transaction(work)


def _find(connection: Connection, person: str, channel: str) -> Contact | None:
    t = schema.contact
    row = connection.execute(select(t).where(t.c.person == person, t.c.channel == channel)).first()
    return None if row is None else _read(row)


def _write(connection: Connection, person: str, channel: str, values: dict[str, Any], *, is_new: bool) -> None:
    t = schema.contact
    if is_new:
        connection.execute(insert(t).values(person=person, channel=channel, **values))
    else:
        connection.execute(update(t).where(t.c.person == person, t.c.channel == channel).values(**values))


def _read(row: Any) -> Contact:
    return Contact(
        person=row.person,
        channel=row.channel,
        page=row.page,
        standing=Standing(row.standing),
        detail=row.detail,
        sent_at=unstamp(row.sent_at),
        confirmed_at=None if row.confirmed_at is None else unstamp(row.confirmed_at),
        sent_to=row.sent_to,
        confirmed_to=row.confirmed_to,
    )


class Subscriptions:
    """Phones and browsers by person."""

    def __init__(self, store: Rows) -> None:
        self._store = store

    async def list_of(self, person: str) -> list[Subscription]:
        """Those of a person, the oldest first."""
        t = schema.subscription
        query = select(t).where(t.c.person == person).order_by(t.c.since, t.c.digest)
        rows = await self._store.read(lambda c: c.execute(query).all())
        return [
            Subscription(
                person=row.person, endpoint=row.endpoint, p256dh=row.p256dh, auth=row.auth, label=row.label,
                since=unstamp(row.since),
            )
            for row in rows
        ]  # fmt: skip

    async def put(self, subscription: Subscription) -> None:
        """Keep one. A browser has one subscription, and it is whose it was made for last."""
        t, digest = schema.subscription, _digest(subscription.endpoint)

        def work(connection: Connection) -> None:
            connection.execute(delete(t).where(t.c.digest == digest))
            kept = select(t.c.digest).where(t.c.person == subscription.person).order_by(t.c.since.desc())
            for row in connection.execute(kept.offset(MOST_SUBSCRIPTIONS - 1)).all():
                connection.execute(delete(t).where(t.c.digest == row.digest))
            connection.execute(
                insert(t).values(
                    digest=digest,
                    person=subscription.person,
                    endpoint=subscription.endpoint,
                    p256dh=subscription.p256dh,
                    auth=subscription.auth,
                    label=subscription.label,
                    since=stamp(subscription.since),
                )
            )

        await self._store.in_transaction(work)

    async def remove(self, endpoint: str, person: str | None = None) -> None:
        """Forget one: its vendor says that it is gone, or its person (whose it must then be) wants no more."""
        t = schema.subscription
        gone = delete(t).where(t.c.digest == _digest(endpoint))
        gone = gone if person is None else gone.where(t.c.person == person)
        await self._store.in_transaction(lambda c: c.execute(gone))


def _digest(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()
