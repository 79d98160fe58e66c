"""A node that starts while others write looks at one moment: what they write meanwhile is no damage."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tocsin.engine.contracts import Append, Write
from tocsin.store import ends
from tocsin.timeline.entry import Sealed

from .ground import open_node
from .test_contract import card, note

pytestmark = pytest.mark.needs("postgres")


async def test_what_another_node_writes_while_this_one_looks_is_no_damage(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries: list[Sealed] = [note("a-1", 1)]
    one = await open_node(database, tmp_path / "one")
    await one.write(Write(appends=(Append(stream="a-1", expected_seq=0, entries=(entries[0],), card=card("a-1")),)))
    await one.close()

    async def go_on() -> None:
        node = await open_node(database, tmp_path / "one")
        entries.append(note("a-1", len(entries) + 1, entries[-1].mac))
        await node.write(
            Write(appends=(Append(stream="a-1", expected_seq=entries[-1].seq - 1, entries=(entries[-1],)),))
        )
        await node.close()

    real = ends._load_ends
    written: list[bool] = []

    def look(*given: Any) -> Any:
        if not written:
            written.append(True)
            thread = threading.Thread(target=lambda: asyncio.run(go_on()))
            thread.start()
            thread.join()
        return real(*given)

    monkeypatch.setattr(ends, "_load_ends", look)
    two = await open_node(database, tmp_path / "two", "two")
    assert written
    assert len(await two.load("a-1")) == 2
    found = await two.follow()
    assert [each.seq for each in found] == [2], "what came meanwhile is followed"
    await two.close()
