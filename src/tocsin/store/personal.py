"""The rows of how people want to be called, as they have set it themselves. No part of any record: they are theirs."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import delete, insert, select

from tocsin.oncall.settings import Rules
from tocsin.store import schema
from tocsin.store.sessions import Rows
from tocsin.timeline.codec import stamp


class Personal:
    """Rules by person."""

    def __init__(self, store: Rows) -> None:
        self._store = store

    async def list_all(self) -> dict[str, Rules]:
        """Everybody's who has set some."""
        query = select(schema.personal)
        rows = await self._store.read(lambda c: c.execute(query).all())
        return {row.person: msgspec.json.decode(row.rules, type=Rules) for row in rows}

    async def put(self, person: str, rules: Rules, now: datetime) -> None:
        """Keep somebody's, in place of those before."""
        t, text = schema.personal, msgspec.json.encode(rules).decode()
        gone = delete(t).where(t.c.person == person)
        new = insert(t).values(person=person, rules=text, since=stamp(now))
        await self._store.in_transaction(lambda c: (c.execute(gone), c.execute(new)))

    async def remove(self, person: str) -> None:
        """Forget somebody's: those of the settings hold again."""
        t = schema.personal
        await self._store.in_transaction(lambda c: c.execute(delete(t).where(t.c.person == person)))
