"""A record as a killed server of a previous version left it, and an engine of this version that goes on from it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from tocsin.app.storage import Data, SharedKeys
from tocsin.app.workspace import load_workspace
from tocsin.engine.failpoint import pass_by
from tocsin.engine.follow import Follower
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.engine.shelf import Shelf
from tocsin.store.beats import Beats
from tocsin.store.blobs import FileBlobs
from tocsin.store.keys import read_key
from tocsin.store.nodes import open_store, read_url
from tocsin.store.postgres_blobs import PostgresBlobs
from tocsin.store.sqlite import SqliteStore
from tocsin.store.start import Keeping
from tocsin.testing.clock import FakeClock
from tocsin.testing.recorder import Recorder
from tocsin.testing.story import Story

from ..unpacking import unpack  # noqa: TID252

HERE = Path(__file__).parent
TODAY = date(2026, 11, 21)


def find_records(kind: str) -> list[Path]:
    """The records of all previous versions that are kept, of one database."""
    return sorted(HERE.glob(f"*-{kind}.tar.gz"))


class Left:
    """The files of one record, unpacked."""

    def __init__(self, archive: Path, folder: Path) -> None:
        unpack(archive, folder)
        self.folder, self.root, self.data = folder, folder / "workspace", folder / "data"
        self.script = (folder / "tocsin.sql").read_text()
        self.sent: list[dict[str, Any]] = msgspec.json.decode((folder / "sent.json").read_bytes())
        (folder / "till").mkdir()
        settings = self.root / "tocsin.toml"
        settings.write_text(re.sub('directory = ".*"', f'directory = "{folder / "till"}"', settings.read_text()))

    def lay_out(self) -> Path:
        """The SQLite file."""
        path = self.data / "tocsin.db"
        with closing(sqlite3.connect(path)) as database:
            database.executescript(self.script)
        return path

    async def load(self, url: str) -> None:
        """The record into an empty database of PostgreSQL."""
        import asyncpg

        connection = await asyncpg.connect(
            read_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        await connection.execute(self.script)
        await connection.close()


class Resumed(Story):
    """The story goes on in this version, on a clock that begins with the last entry."""

    def __init__(self, left: Left, url: str = "") -> None:
        super().__init__()
        self._left, self._url = left, url

    async def _begin(self, folder: Path) -> None:
        settings = load_workspace(self._left.root, TODAY, node="one").settings
        if self._url:
            await self._open_shared()
        else:
            self._open_file()
        self.shelf = Shelf(settings, self.blobs)
        await self.shelf.keep_playbooks()
        newest = await self.store.newest()
        assert newest is not None
        self.start, self.clock = newest, FakeClock(newest)
        self.recorder = Recorder(self.clock)
        self.journal = Journal(self.store, self.shelf, self.clock, self.key)
        self.engine = Engine(self.journal, self.clock, (self.recorder,), beats=Beats(self.store))
        if self._url:
            self.follower = Follower(self.journal, self.store)  # type: ignore[arg-type]
        await self.engine.start()

    def _open_file(self) -> None:
        data = Data(self._left.data)
        self.key = data.chain_key()
        self.blobs = FileBlobs(data.blobs, pass_by)
        self.store = SqliteStore(data.database, self.key, data.mark)

    async def _open_shared(self) -> None:
        self.key = read_key(SharedKeys(self._left.root).chain)
        keeping = Keeping(name="the database", key="secrets/chain.key")
        store = await open_store(read_url(self._url), self.key, self._left.data, keeping, "one", "0.2.0")
        self.blobs = PostgresBlobs(store, pass_by)  # type: ignore[assignment]
        self.store = store  # type: ignore[assignment]

    async def __aexit__(self, *error: Any) -> None:
        await self.engine.dispatch.stop()
        if self._url:
            await self.store.close()  # type: ignore[func-returns-value,misc]
        else:
            self.store.close()
        self._folder.cleanup()

    async def wakes(self) -> dict[str, datetime]:
        """When time alone will do something next, by stream."""
        from sqlalchemy import select

        from tocsin.store import schema

        rows = await self.store.read(lambda c: c.execute(select(schema.wake.c.stream, schema.wake.c.due_at)).all())
        return {row.stream: datetime.fromisoformat(row.due_at).astimezone(UTC) for row in rows}
