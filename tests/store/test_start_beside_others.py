"""A node that starts while others write looks at one moment: what they write meanwhile is no damage."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tocsin.engine.contracts import Append, Write
from tocsin.store import ends, start
from tocsin.timeline.entry import Sealed

from .ground import open_node
from .test_contract import card, note

T = TypeVar("T")

pytestmark = pytest.mark.needs("postgres")


class Other:
    """A node that goes on with an incident while another one looks, once, at a place in its looking. It lives in a
    thread of its own, since whoever looks does not let go of its own loop.
    """

    def __init__(self, database: str, folder: Path) -> None:
        self.entries: list[Sealed] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._node = self._do(open_node(database, folder))

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def write(self) -> None:
        seq = len(self.entries)
        self.entries.append(note("a-1", seq + 1, *(each.mac for each in self.entries[-1:])))
        append = Append(stream="a-1", expected_seq=seq, entries=(self.entries[-1],), card=card("a-1"))
        self._do(self._node.write(Write(appends=(append,))))

    def write_before(self, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
        real = getattr(ends, place)

        def look(*given: Any) -> Any:
            if len(self.entries) == 1:
                self.write()
            return real(*given)

        monkeypatch.setattr(ends, place, look)

    def close(self) -> None:
        self._do(self._node.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def other(database: str, tmp_path: Path) -> Iterator[Other]:
    made = Other(database, tmp_path / "one")
    yield made
    made.close()


@pytest.mark.parametrize("place", ["_load_ends", "_find_heads", "check_ends"])
@pytest.mark.parametrize("most", [1000, 0], ids=["a few", "very many"])
async def test_what_another_node_writes_while_this_one_looks_is_no_damage(
    database: str, other: Other, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, place: str
) -> None:
    other.write()
    monkeypatch.setattr(start, "MOST_AT_START", most)
    other.write_before(monkeypatch, place)
    two = await open_node(database, tmp_path / "two", "two")
    assert len(await two.load("a-1")) == 2
    assert [each.seq for each in await two.follow()] in ([2], []), "what came meanwhile is followed"
    await two.close()
