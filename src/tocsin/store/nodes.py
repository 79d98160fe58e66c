"""Opening the store of one node on PostgreSQL: its database, its name, its keys, its mark.

The keys are the record's, so every node has the same ones (in the workspace's `secrets/`). The mark and the node's id
are each node's own: a node that has an id and no mark has lost it, one that has neither is new and joins.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, func, make_url, select, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tocsin.errors import TocsinError, UserError
from tocsin.store import schema
from tocsin.store.ends import Ends
from tocsin.store.lock import DatabaseNotUsable
from tocsin.store.migrate import prepare
from tocsin.store.postgres import TROUBLE, Node, PostgresStore
from tocsin.store.start import Keeping, check_record
from tocsin.store.start import explain as tell_flaw

CONNECTIONS = 10
PATIENCE_S = 5.0
"""For a connection, and for whoever holds the record's lock and says nothing: the server ends such a transaction."""
STATEMENT_S = 30.0
_MIGRATING = text("SELECT pg_advisory_xact_lock(7453620218)")
_ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
"""Other nodes write while this one looks: what it compares must be of one moment."""


def read_url(url: str) -> URL:
    """A URL as people write it, for the driver that is used here. Raises `UserError`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise UserError(
            "The store's URL cannot be read. Write it as postgresql://user@host:5432/name (TOCSIN_DATABASE_URL, or "
            "`url` under [store] in tocsin.toml)."
        ) from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise UserError(
            f"The store's URL names {parsed.get_backend_name()!r}; tocsin keeps its data in PostgreSQL "
            "(postgresql://user@host:5432/name), or without any URL in a file of its own."
        )
    query = dict(parsed.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return parsed.set(drivername="postgresql+asyncpg", query=query)


def show(url: URL) -> str:
    """The URL without its password and its options."""
    return url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


def open_engine(url: URL, name: str, *, quick: bool = True) -> AsyncEngine:
    """A pool of connections. Times in sessions are UTC; where work is `quick`, the server ends what stands still."""
    settings = {
        "application_name": f"tocsin {name}"[:63],
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": f"{PATIENCE_S:g}s" if quick else "0",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    }
    longest = STATEMENT_S if quick else None
    given = {"timeout": PATIENCE_S, "command_timeout": longest, "server_settings": settings}
    return create_async_engine(url, pool_size=CONNECTIONS, max_overflow=CONNECTIONS, connect_args=given)


async def open_store(url: URL, key: bytes, directory: Path, keeping: Keeping, node: str, version: str) -> PostgresStore:
    """The store of the node whose own files are in `directory`.

    Raises `DatabaseNotUsable` if the database cannot be reached, and whatever speaks against using it.
    """
    engine = open_engine(url, node)
    identity, mark = directory / "node", directory / "mark"
    joining = not identity.exists()

    def make_ready(connection: Connection) -> None:
        connection.execute(_MIGRATING)
        prepare(connection, keeping.name)

    def look(connection: Connection) -> tuple[int, bool]:
        many = check_record(connection, key, mark, keeping, joining=joining)
        return connection.execute(select(func.max(schema.entry.c.pos))).scalar() or 0, many

    async def look_at_one_moment(work: Callable[[Connection], Any]) -> Any:
        async with engine.begin() as connection:
            await connection.execute(_ONE_MOMENT)
            return await connection.run_sync(work)

    try:
        async with engine.begin() as connection:
            await connection.run_sync(make_ready)
        followed, many = await look_at_one_moment(look)
    except TROUBLE as error:
        await engine.dispose()
        raise explain(keeping.name, error) from error
    except BaseException:
        await engine.dispose()
        raise
    store = PostgresStore(engine, key, mark, Node(id=_read_identity(identity), name=node, version=version), followed)
    if many:
        store.ends = Ends(key, lambda flaw: tell_flaw(keeping, flaw), look_at_one_moment)
    return store


def explain(name: str, error: Exception) -> TocsinError:
    """What the database or the way to it complains of, as a sentence."""
    cause = getattr(error, "orig", None) or error
    why = str(cause).strip().splitlines()
    said = why[0].removeprefix("<class 'asyncpg.exceptions.").replace("'>:", ":") if why else type(cause).__name__
    return DatabaseNotUsable(f"{name} cannot be used now ({said}). Mend that, then try again.")


def _read_identity(path: Path) -> str:
    """Who this node is; made once for each data directory, after its mark."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(8).encode())
        file.flush()
        os.fsync(file.fileno())
    return path.read_text(encoding="utf-8").strip()
