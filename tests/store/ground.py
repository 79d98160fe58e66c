"""Stores to test: on a file, or on a database of a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from tocsin.store.nodes import open_store, read_url
from tocsin.store.postgres import PostgresStore
from tocsin.store.sqlite import SqliteStore
from tocsin.store.start import Keeping

KEY = b"k" * 32

AnyStore = SqliteStore | PostgresStore


async def open_node(url: str, folder: Path, name: str = "one", key: bytes = KEY) -> PostgresStore:
    """The store of a node whose own files are in `folder`."""
    folder.mkdir(exist_ok=True)
    keeping = Keeping(name="the database", key="secrets/chain.key", whole="the database and its keys")
    return await open_store(read_url(url), key, folder, keeping, name, "0")
