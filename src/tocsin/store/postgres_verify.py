"""`tocsin verify` on PostgreSQL: the same checks, on one snapshot, beside nodes that go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, text

from tocsin.errors import UserError
from tocsin.store import postgres_blobs
from tocsin.store.heads import read_mark, write_mark
from tocsin.store.migrate import find_version
from tocsin.store.nodes import explain, open_engine, show
from tocsin.store.postgres import TROUBLE
from tocsin.store.verify import Report, check, find_last_head
from tocsin.timeline import chain

T = TypeVar("T")


async def verify(url: URL, key: bytes, mark: Path) -> Report:
    """Check everything, blobs included. Raises `DatabaseNotUsable`, and `UserError` where there is no record yet."""
    kept = read_mark(mark)

    def work(connection: Connection) -> Report:
        return check(connection, key, kept, lambda digest: postgres_blobs.find_fault(connection, digest))

    return await look(url, work)


async def renew_mark(url: URL, key: bytes, mark: Path) -> None:
    """Write a new mark that speaks of the newest head there is, whatever the old one said."""
    write_mark(mark, chain.sign_mark(key, await look(url, find_last_head)))


async def look(url: URL, work: Callable[[Connection], T]) -> T:
    """What `work` finds in the record, which it only reads."""
    engine = open_engine(url, "verify", quick=False)

    def read(connection: Connection) -> T:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        if find_version(connection) is None:
            raise UserError(f"There is no data in {show(url)} yet; nothing to verify.")
        return work(connection)

    try:
        async with engine.begin() as connection:
            return await connection.run_sync(read)
    except TROUBLE as error:
        raise explain(show(url), error) from error
    finally:
        await engine.dispose()
