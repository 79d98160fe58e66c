"""A PostgreSQL record to a file and back, by PostgreSQL's own `pg_dump` and `pg_restore`.

What is dumped is what was verified: both look at one exported snapshot, beside nodes that go on. The programs must be
on the path, of the server's version or newer; what they say in refusing is passed on. The password goes to them through
the environment, where no other user sees it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, text

from tocsin.errors import UserError
from tocsin.store import postgres_blobs
from tocsin.store.archive import NotKept
from tocsin.store.heads import read_mark, write_mark
from tocsin.store.migrate import find_version, require_range
from tocsin.store.nodes import explain, open_engine, show
from tocsin.store.postgres import TROUBLE
from tocsin.store.snapshot import require_whole
from tocsin.store.verify import Report, check, find_last_head
from tocsin.timeline import chain

SNAPSHOT = text("SELECT pg_export_snapshot()")
READ_ONLY = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


class NoProgram(UserError):
    """A program of PostgreSQL's is missing."""

    code = "TOC-168"


async def dump(url: URL, key: bytes, mark: Path, to: Path) -> Report:
    """Verify the record and write it to the new file `to`, with a mark of its own beside it.

    Raises `Corrupt` for a record that does not hold, `NotKept`, `NoProgram`, `DatabaseNotUsable`.
    """
    kept = read_mark(mark)

    def look(connection: Connection) -> tuple[str, Report]:
        connection.execute(READ_ONLY)
        if find_version(connection) is None:
            raise UserError(f"There is no data in {show(url)} yet; nothing to back up.")
        report = check(connection, key, kept, lambda digest: postgres_blobs.find_fault(connection, digest))
        write_mark(to.with_name("mark"), chain.sign_mark(key, find_last_head(connection)))
        return str(connection.execute(SNAPSHOT).scalar_one()), report

    engine = open_engine(url, "backup", quick=False)
    try:
        async with engine.begin() as connection:  # the snapshot lasts as long as its transaction
            snapshot, report = await connection.run_sync(look)
            require_whole(report, show(url), "no backup of it was made")
            await _run(url, "pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={to}")
    except TROUBLE as error:
        raise explain(show(url), error) from error
    finally:
        await engine.dispose()
    to.chmod(0o600)
    return report


async def load(url: URL, key: bytes, mark: Path, dumped: Path) -> Report:
    """Bring a dump into an empty database, as a whole or not at all, and verify it there."""
    engine = open_engine(url, "restore", quick=False)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(lambda c: _require_empty(c, show(url)))
        await _run(url, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(dumped))
        async with engine.begin() as connection:
            return await connection.run_sync(lambda c: _check(c, key, mark, show(url)))
    except TROUBLE as error:
        raise explain(show(url), error) from error
    finally:
        await engine.dispose()


def _require_empty(connection: Connection, name: str) -> None:
    tables = sorted(inspect(connection).get_table_names())
    if tables:
        raise UserError(
            f"{name} holds tables already ({', '.join(tables[:3])}), and nothing is ever restored over them. Name an "
            "empty database."
        )


def _check(connection: Connection, key: bytes, mark: Path, name: str) -> Report:
    connection.execute(READ_ONLY)
    require_range(connection, name)
    report = check(connection, key, read_mark(mark), lambda digest: postgres_blobs.find_fault(connection, digest))
    return require_whole(report, name, "do not start a server on it; empty it again")


async def _run(url: URL, program: str, *words: str) -> None:
    """Run it until it ends. Raises `NoProgram`, and `NotKept` with what it said."""
    safe = url.set(drivername="postgresql", password=None, query=_say_query(url.query))
    argv = [program, f"--dbname={safe.render_as_string(hide_password=False)}", *words]
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env={**os.environ, **secret}
        )
    except FileNotFoundError:
        raise NoProgram(
            f"{program} is missing. Install PostgreSQL's client programs, of the server's version."
        ) from None
    _, said = await process.communicate()
    if process.returncode:
        raise NotKept(f"{program} failed: {' '.join(said.decode(errors='replace').split()) or process.returncode}")


def _say_query(query: Mapping[str, tuple[str, ...] | str]) -> dict[str, tuple[str, ...] | str]:
    """Options as libpq names them."""
    return {"sslmode" if name == "ssl" else name: value for name, value in query.items()}
