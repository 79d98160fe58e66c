"""The writer: one thread that commits, and everything that waits at the same time in one commit.

A job is one transaction to whoever asked for it: its answer comes after the sync that made it durable, and it holds as
a whole or not at all. Jobs that wait together are done in one transaction of the database, in their order. If one of
them fails, all are taken back and done again, each behind a savepoint of its own, so that the one that cannot be done
fails alone. Nothing is tried twice where the commit itself failed: then only the disk knows.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from tocsin.engine.contracts import Write
from tocsin.errors import Unavailable

T = TypeVar("T")

BEGIN = "BEGIN IMMEDIATE"
MOST_AT_ONCE = 512
"""Jobs in one commit: so long at most does the first of them wait for the others."""
MOST_WAITING = 20_000
"""Jobs that wait; whoever asks for more is told to come again, before memory grows without bound."""


class Hand(Protocol):
    """What knows how writes are put into the tables."""

    def put(self, driver: sqlite3.Connection, writes: Sequence[Write]) -> None:
        """Put writes, in their order. Raises `Stale`."""
        ...

    def committed(self) -> None:
        """What was put is on disk."""
        ...

    def forget(self) -> None:
        """What was put is not there: the transaction came to nothing."""
        ...


class Job:
    """A write, or any work on the connection, and whoever waits for it."""

    __slots__ = ("answer", "error", "loop", "waits", "work")

    def __init__(
        self, work: Write | Callable[[Connection], Any], loop: asyncio.AbstractEventLoop, waits: asyncio.Future[Any]
    ) -> None:
        self.work, self.loop, self.waits = work, loop, waits
        self.answer: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Tell whoever waits, if anybody still does."""
        if self.waits.done():
            return
        if self.error is None:
            self.waits.set_result(self.answer)
        else:
            self.waits.set_exception(self.error)


class Writer:
    """Commits what it is asked to."""

    def __init__(self, engine: Engine, hand: Hand, patience_s: float = 0.0) -> None:
        self._engine, self._hand, self._patience_s = engine, hand, patience_s
        self._patient: list[Job] = []
        self._timer: asyncio.TimerHandle | None = None
        self._connection: Connection | None = None
        self._queue: SimpleQueue[list[Job] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tocsin-write", daemon=True)
        self._thread.start()

    def submit(self, work: Write | Callable[[Connection], T]) -> asyncio.Future[Any]:
        """What comes of `work` once it is durable. Raises `Unavailable` if too much waits already."""
        if self._queue.qsize() >= MOST_WAITING:
            raise Unavailable("More is waiting to be written than the disk can take; send it again in a moment.")
        loop = asyncio.get_running_loop()
        waits: asyncio.Future[Any] = loop.create_future()
        job = Job(work, loop, waits)
        if self._patience_s and isinstance(work, Write) and work.patient:
            self._patient.append(job)
            if self._timer is None:
                self._timer = loop.call_later(self._patience_s, self.send)
        else:
            self.send(job)
        return waits

    def send(self, *jobs: Job) -> None:
        """Hand over what has waited for company, and its company."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if together := [*self._patient, *jobs]:
            self._queue.put(together)
        self._patient.clear()

    def close(self) -> None:
        """Return once everything that waits is written."""
        self.send()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            jobs, ended = self._gather(first)
            self._commit(jobs)
            _settle(jobs)
            if ended:
                break
        self._hang_up()

    def _gather(self, first: list[Job]) -> tuple[list[Job], bool]:
        """All that wait with the first; and whether there will be no more."""
        jobs = first
        while len(jobs) < MOST_AT_ONCE:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is None:
                return jobs, True
            jobs += more
        return jobs, False

    def _commit(self, jobs: list[Job]) -> None:
        if not self._try(jobs, self._do) and len(jobs) > 1:
            for job in jobs:
                job.error = None
            self._try(jobs, self._do_apart)

    def _try(self, jobs: list[Job], do: Callable[[Connection, list[Job]], None]) -> bool:
        """Do the jobs in one transaction; false if one of them failed, which may be tried again."""
        ready = False
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            find_driver(self._connection).execute(BEGIN)
            do(self._connection, jobs)
            ready = True
            commit(self._connection)
        except BaseException as error:  # noqa: BLE001 it is handed to whoever waits, in their own thread
            self._hand.forget()
            self._hang_up()
            for job in jobs:
                job.error = job.error or error
            return ready
        self._hand.committed()
        return True

    def _hang_up(self) -> None:
        """Let the connection go, in whatever state it is; the next commit opens another."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def _do(self, connection: Connection, jobs: list[Job]) -> None:
        """In their order; writes that follow one another as if they were one."""
        together: list[Write] = []
        for job in jobs:
            if isinstance(job.work, Write):
                together.append(job.work)
                continue
            if together:
                self._hand.put(find_driver(connection), together)
                together = []
            job.answer = job.work(connection)
        if together:
            self._hand.put(find_driver(connection), together)

    def _do_apart(self, connection: Connection, jobs: list[Job]) -> None:
        driver = find_driver(connection)
        for job in jobs:
            driver.execute("SAVEPOINT job")
            try:
                self._do(connection, [job])
            except Exception as error:  # noqa: BLE001 likewise
                job.error = error
                self._hand.forget()
                driver.execute("ROLLBACK TO job")
            driver.execute("RELEASE job")


def find_driver(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection: what SQLAlchemy does around a statement costs more than most statements."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment] # it is SQLite
    return driver


def commit(connection: Connection) -> None:
    """Commit, also what SQLAlchemy takes for a transaction that it began."""
    if connection.in_transaction():
        connection.commit()
    else:
        find_driver(connection).commit()


def _settle(jobs: list[Job]) -> None:
    """Each loop is woken once for all that wait in it."""
    loops = {job.loop for job in jobs}
    for loop in loops:
        mine = [job for job in jobs if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle_all, mine)
        except RuntimeError:  # the loop is closed: nobody waits
            continue


def _settle_all(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()
