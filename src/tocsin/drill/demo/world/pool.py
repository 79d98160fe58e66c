"""The order service's small pool of database connections.

Connections are recycled after a second, as pools do with a maximum lifetime, only sooner: who needs a new one learns
quickly that there is none left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .link import Link, Refused

SIZE = 4
LIFETIME = 1.0
RETRY = 0.1


class Exhausted(Exception):
    """No connection was to be had in time; the text says why."""


class Pool:
    """At most SIZE connections, opened when needed and given back after use."""

    def __init__(self) -> None:
        self._permits = threading.BoundedSemaphore(SIZE)
        self._guard = threading.Lock()
        self._idle: list[tuple[float, Link]] = []
        self._failures = 0
        self._in_use = 0
        threading.Thread(target=self._recycle, daemon=True).start()

    @property
    def figures(self) -> dict[str, int]:
        """The gauges and counters of the pool, by metric name."""
        return {
            "shop_db_pool_size": SIZE,
            "shop_db_pool_in_use": self._in_use,
            "shop_db_connection_failures_total": self._failures,
        }

    @contextmanager
    def lend(self, seconds: float) -> Iterator[Link]:
        """Lend a connection for the length of a block, or raise Exhausted after ``seconds``."""
        deadline = time.monotonic() + seconds
        if not self._permits.acquire(timeout=seconds):
            self._failures += 1
            raise Exhausted(f"all {SIZE} connections of the pool are in use")
        self._tally(1)
        try:
            born, link = self._reuse() or self._open(deadline)
            yield from self._use(born, link)
        finally:
            self._tally(-1)
            self._permits.release()

    def _use(self, born: float, link: Link) -> Iterator[Link]:
        try:
            yield link
        except BaseException:
            link.close()
            raise
        with self._guard:
            self._idle.append((born, link))

    def _tally(self, change: int) -> None:
        with self._guard:
            self._in_use += change

    def _reuse(self) -> tuple[float, Link] | None:
        while True:
            with self._guard:
                if not self._idle:
                    return None
                born, link = self._idle.pop()
            if link.alive:
                return born, link
            link.close()

    def _open(self, deadline: float) -> tuple[float, Link]:
        while True:
            try:
                return time.monotonic(), Link()
            except Refused as error:
                if time.monotonic() + RETRY > deadline:
                    self._failures += 1
                    raise Exhausted(str(error)) from error
            time.sleep(RETRY)

    def _recycle(self) -> None:
        while True:
            time.sleep(LIFETIME / 4)
            oldest = time.monotonic() - LIFETIME
            with self._guard:
                stale = [link for born, link in self._idle if born < oldest]
                self._idle = [(born, link) for born, link in self._idle if born >= oldest]
            for link in stale:
                link.close()
