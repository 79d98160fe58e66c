"""A record on disk, as a server left it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tocsin.engine.contracts import Append, Write
from tocsin.store.sqlite import SqliteStore
from tocsin.timeline import chain
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import NoteAdded

from .ground import AnyStore, open_node
from .test_contract import AT, KEY, card


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    """An empty store on each database."""
    if request.param == "sqlite":
        file = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
        yield file
        file.close()
        return
    node = await open_node(request.getfixturevalue("database"), tmp_path)
    yield node
    await node.close()


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Three streams of four entries each, written in turn, as incidents are."""
    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    seals: dict[str, bytes] = {}
    for seq in range(1, 5):
        for at in (1, 2, 3):
            stream = f"a-{at}"
            entry = Entry(stream=stream, seq=seq, at=AT, recorded_at=AT, event=NoteAdded(text=f"{seq}", by="ana"))
            sealed = chain.seal_entry(KEY, seals.get(stream, chain.START), entry)
            seals[stream] = sealed.mac
            shown = replace(card(stream), seq=seq)
            counters = {"incident/a": at} if seq == 1 else {}
            append = Append(stream=stream, expected_seq=seq - 1, entries=(sealed,), card=shown)
            await store.write(Write(appends=(append,), counters=counters))
    store.close()
    return tmp_path
