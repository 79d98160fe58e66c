"""The ends of whatever is going on, checked before anybody goes on from them.

A few are checked before a server begins. Of very many, that would keep a server that has crashed from paging: it
begins, and they are checked beside its work. What it needs meanwhile is checked first: nobody reads the stream of an
incident, and so nobody goes on with it, before its own end is checked.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, and_, func, select

from tocsin.errors import Corrupt
from tocsin.store import schema
from tocsin.store.rows import ENDED, SEALED, mend_head, read_sealed
from tocsin.timeline import chain
from tocsin.timeline.chain import Flaw, Head
from tocsin.timeline.entry import Sealed

AT_ONCE = 200
LONGEST_PAUSE_S = 0.05
TEAMS = ("team/", "team0")
"""Streams of teams have names between these."""


class Look(Protocol):
    """Does work that changes nothing on a connection, beside whatever else is read: what it sees is of one moment."""

    def __call__(self, work: Callable[[Connection], Any]) -> Awaitable[Any]: ...


def is_team(stream: str) -> bool:
    """Whether a stream is a team's, which is checked before a server begins."""
    return TEAMS[0] <= stream < TEAMS[1]


def count_going(connection: Connection) -> int:
    """How many incidents are going on."""
    c = schema.card
    return connection.execute(select(func.count()).where(c.c.status.not_in(ENDED))).scalar_one()


def check_teams(connection: Connection, key: bytes) -> Iterator[Flaw]:
    """The ends of the streams of teams."""
    h = schema.head
    yield from check_ends(connection, key, _find_heads(connection, and_(h.c.stream >= TEAMS[0], h.c.stream < TEAMS[1])))


def find_going(connection: Connection) -> tuple[list[Head], list[Flaw]]:
    """The last head of each incident that is going on; and those of which no head speaks."""
    c = schema.card
    going = select(c.c.id).where(c.c.status.not_in(ENDED))
    heads = _find_heads(connection, schema.head.c.stream.in_(going))
    unsaid = sorted(set(connection.execute(going).scalars()) - {head.stream for head in heads})
    return heads, [
        Flaw(
            fault="heads",
            stream=stream,
            seq=0,
            text=f"{stream}: the list of incidents names it, and no head speaks of it.",
        )
        for stream in unsaid
    ]


def _find_heads(connection: Connection, those: ColumnElement[bool]) -> list[Head]:
    h = schema.head
    last = select(func.max(h.c.n)).where(those).group_by(h.c.stream)
    return [mend_head(row) for row in connection.execute(select(h).where(h.c.n.in_(last)))]


def check_ends(connection: Connection, key: bytes, heads: Sequence[Head]) -> Iterator[Flaw]:
    """The last entry of each stream against the last head that speaks of it."""
    for at in range(0, len(heads), AT_ONCE):
        some = heads[at : at + AT_ONCE]
        found = _load_ends(connection, [head.stream for head in some])
        for head in some:
            yield from _check_end(key, head, found.get(head.stream, []))


def _load_ends(connection: Connection, streams: Sequence[str]) -> dict[str, list[Sealed]]:
    """The last entry of each stream, and the one before it if there is nothing between them."""
    t = schema.entry
    last = select(t.c.stream, func.max(t.c.seq).label("seq")).where(t.c.stream.in_(streams)).group_by(t.c.stream)
    end = last.subquery()
    both = and_(t.c.stream == end.c.stream, t.c.seq >= end.c.seq - 1)
    found: dict[str, list[Sealed]] = defaultdict(list)
    for row in connection.execute(select(*SEALED).join_from(t, end, both).order_by(t.c.stream, t.c.seq)):
        sealed = read_sealed(row)
        found[sealed.stream].append(sealed)
    return found


def _check_end(key: bytes, head: Head, last: Sequence[Sealed]) -> Iterator[Flaw]:
    """The last entry of a stream, sealed behind the one before it; whether that one holds is for `verify` to say."""
    yield from chain.check_end(head, {each.stream: (each.seq, each.mac) for each in last})
    yield from chain.check_stream(key, last[1:], last[0]) if len(last) > 1 else chain.check_stream(key, last)


class Ends:
    """What is still to be checked of a record that is in use already."""

    def __init__(self, key: bytes, explain: Callable[[Flaw], Corrupt], look: Look) -> None:
        self._key, self._explain, self._look = key, explain, look
        self._finding: asyncio.Future[dict[str, Head]] | None = None
        self._checking: asyncio.Future[None] | None = None
        self.is_done = False

    async def settle(self) -> None:
        """Return once everything is checked. Raises `Corrupt` if anything does not hold, whoever asks."""
        if self._checking is None:
            self._checking = asyncio.ensure_future(self._check_all())
        checking = self._checking
        try:
            await asyncio.shield(checking)
        except Corrupt:
            raise
        except Exception:  # what could not be read is read again by whoever asks next
            self._checking = None
            raise

    async def settle_some(self, streams: Sequence[str]) -> None:
        """Return once the ends of these streams are checked, before all others. Raises `Corrupt` if one does not hold,
        or if there are incidents of which the record says nothing.
        """
        unchecked = await self._find()
        await self._check([unchecked[stream] for stream in streams if stream in unchecked])

    async def _find(self) -> dict[str, Head]:
        """What is not checked yet, by stream; looked for once."""
        if self._finding is None:
            self._finding = asyncio.ensure_future(self._look_for_heads())
        finding = self._finding
        try:
            return await asyncio.shield(finding)
        except Corrupt:
            raise
        except Exception:
            self._finding = None
            raise

    async def _look_for_heads(self) -> dict[str, Head]:
        heads, flaws = await self._look(find_going)
        if flaws:
            raise self._explain(flaws[0])
        return {head.stream: head for head in heads}

    async def _check_all(self) -> None:
        unchecked = await self._find()
        while unchecked:
            begun = time.monotonic()
            await self._check([*islice(unchecked.values(), AT_ONCE)])
            await asyncio.sleep(min(time.monotonic() - begun, LONGEST_PAUSE_S))
        self.is_done = True

    async def _check(self, heads: Sequence[Head]) -> None:
        if not heads:
            return
        flaws = await self._look(partial(self._check_some, heads))
        if flaws:
            raise self._explain(flaws[0])
        unchecked = await self._find()
        for head in heads:
            unchecked.pop(head.stream, None)

    def _check_some(self, heads: Sequence[Head], connection: Connection) -> list[Flaw]:
        """What has gone on since its head was found is compared with its newest one, of the same moment."""
        found = _load_ends(connection, [head.stream for head in heads])
        flaws, gone_on = list[Flaw](), list[str]()
        for head in heads:
            last = found.get(head.stream, [])
            if last and last[-1].seq > head.seq:
                gone_on.append(head.stream)
            else:
                flaws += _check_end(self._key, head, last)
        newest = _find_heads(connection, schema.head.c.stream.in_(gone_on)) if gone_on else []
        return [*flaws, *check_ends(connection, self._key, newest)]
