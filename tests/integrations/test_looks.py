"""Looks at a scratch: whoever asks is shown what lies there after that moment, and those who ask together share one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tocsin.integrations.looks import Looks
from tocsin.integrations.scratch import Scratches


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


async def test_those_who_ask_together_share_one_that_begins_after_they_have_asked(
    tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    scratches, made = Scratches(tmp_path / "data" / "scratch"), list[Path]()
    scratches.root.parent.mkdir()

    def make(folder: Path, pins: tuple[Path, ...]) -> None:
        made.append(folder)
        scratches.open(folder, pins)

    looks, folder = Looks(threads, make), scratches.find("shop-1", "shop/here")
    first = asyncio.ensure_future(looks.take(folder, ()))
    await asyncio.sleep(0)
    scratches.open(folder, ())
    (folder / "tmp" / "left").write_text("by a step that has ended")
    others = [looks.take(folder, ()) for _ in range(10)]
    for survey, free in await asyncio.gather(*others):
        assert [each.path for each in survey.files] == ["/tmp/left"]
        assert free > 0
    await first
    assert len(made) == 2, "one that was going on already, and one for all others"
    (folder / "tmp" / "left").unlink()
    assert not (await looks.take(folder, ()))[0].files


async def test_one_that_fails_is_told_to_all_who_share_it_and_the_next_is_taken(
    tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    scratches = Scratches(tmp_path / "gone" / "data" / "scratch")
    looks, folder = Looks(threads, scratches.open), scratches.find("shop-1", "shop/here")
    answers = await asyncio.gather(*(looks.take(folder, ()) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in answers] == [FileNotFoundError] * 3
    (tmp_path / "gone").mkdir()
    assert (await looks.take(folder, ()))[0].files == ()
