"""The truth about a world, from outside: does a real order go through, is it in the file, and is none lost?

The referee never asks the playbook's own checks, and it does not believe the order service either: it reads the order
back from the database's file. Orders that customers had placed must stay; who restores an old backup over them has
mended nothing.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Self

import httpx
import msgspec

from tocsin.drill.demo.world.server import REFEREE
from tocsin.drill.world import World

EVERY_SECONDS = 1.0
PATIENCE_SECONDS = 3.0
HISTORY = 300
"""Checks remembered: five minutes."""


class Colour(StrEnum):
    """The referee's verdict; unknown until the first check."""

    UNKNOWN = "unknown"
    GREEN = "green"
    RED = "red"


class Check(msgspec.Struct, frozen=True):
    """One order placed and read back: when that was known, how long it took, and what was wrong, empty for nothing."""

    at: datetime
    colour: Colour
    seconds: float
    error: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the referee knows: the colour, since when, and when it last turned red and, after that, green again."""

    colour: Colour
    since: datetime | None
    last_error: str
    checks: int
    failures: int
    lost_orders: int
    red_at: datetime | None
    green_at: datetime | None
    history: tuple[Check, ...]


class Referee:
    """Places an order each second. Use it as ``async with Referee(world) as referee``."""

    def __init__(
        self, world: World, *, every: float = EVERY_SECONDS, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._world = world
        self._every = every
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._turned = asyncio.Event()
        self._known = 0
        self._history: deque[Check] = deque(maxlen=HISTORY)
        self.begin()

    def begin(self) -> None:
        """Begin a drill: forget the past, except how many orders customers have placed."""
        self._colour = Colour.UNKNOWN
        self._since: datetime | None = None
        self._red_at: datetime | None = None
        self._green_at: datetime | None = None
        self._checks = self._failures = self._lost = 0
        self._last_error = ""
        self._history.clear()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def state(self) -> Verdict:
        """What is known at this moment."""
        return Verdict(
            colour=self._colour,
            since=self._since,
            last_error=self._last_error,
            checks=self._checks,
            failures=self._failures,
            lost_orders=self._lost,
            red_at=self._red_at,
            green_at=self._green_at,
            history=tuple(self._history),
        )

    async def wait_for(self, colour: Colour, seconds: float) -> bool:
        """Wait until the verdict is ``colour``; False when it is not within ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._colour is not colour:
                    self._turned.clear()
                    await self._turned.wait()
        return self._colour is colour

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            while True:
                began = loop.time()
                error = await self._check(client)
                self._note(self._clock(), loop.time() - began, error)
                await asyncio.sleep(max(0.0, self._every - (loop.time() - began)))

    async def _check(self, client: httpx.AsyncClient) -> str:
        order = {"item": "probe", "quantity": 1, "customer": REFEREE}
        try:
            answer = await client.post(f"{self._world.url}/orders", json=order)
            if answer.status_code != httpx.codes.CREATED:
                return f"an order was answered with {answer.status_code}: {answer.text.strip()[:200]}"
            number = msgspec.json.decode(answer.content, type=dict[str, int])["id"]
            stored, customers = await asyncio.to_thread(self._read_back, number)
        except (httpx.HTTPError, sqlite3.Error, msgspec.MsgspecError, KeyError) as problem:
            return f"an order did not go through: {str(problem) or type(problem).__name__}"
        if not stored:
            return f"order {number} was confirmed, but it is not in the database"
        return self._count_losses(customers)

    def _read_back(self, number: int) -> tuple[bool, int]:
        """Is the order in the file, and how many orders of customers are there?"""
        address = f"file:{self._world.database_file}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=1.0)) as file:
            stored = file.execute("SELECT count(*) FROM orders WHERE id = ?", (number,)).fetchone()[0]
            customers = file.execute("SELECT count(*) FROM orders WHERE customer <> ?", (REFEREE,)).fetchone()[0]
        return bool(stored), int(customers)

    def _count_losses(self, customers: int) -> str:
        self._known = max(self._known, customers)
        self._lost = self._known - customers
        return f"{self._lost} orders that customers had placed are gone" if self._lost else ""

    def _note(self, at: datetime, seconds: float, error: str) -> None:
        colour = Colour.RED if error else Colour.GREEN
        self._checks += 1
        self._failures += bool(error)
        self._last_error = error or self._last_error
        self._history.append(Check(at, colour, round(seconds, 3), error))
        if colour is self._colour:
            return
        if colour is Colour.RED:
            self._red_at, self._green_at = at, None
        elif self._red_at is not None:
            self._green_at = at
        self._colour, self._since = colour, at
        self._turned.set()
