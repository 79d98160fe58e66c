"""The terminal as a channel when nobody reads it: it fails alone, and holds up neither a page, a step nor the end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.errors import Unavailable
from tocsin.integrations import terminal
from tocsin.integrations.terminal import Terminal
from tocsin.integrations.webhook import Webhook, WebhookSettings
from tocsin.oncall.settings import Person
from tocsin.store.blobs import FileBlobs

from .bench import set_up
from .test_channels import ANA, KEY, http, page, status

FULL = """
import asyncio, os, sys
import msgspec
from datetime import UTC, datetime
from tocsin.engine.contracts import Key
from tocsin.errors import Unavailable
from tocsin.integrations import terminal
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage

terminal.PATIENCE_S = 0.2
page = msgspec.json.decode(sys.argv[1], type=PageMessage)

async def send():
    try:
        await terminal.Terminal().send(Key("team-1", 7), Person(name="Ana"), page)
    except Unavailable as refusal:
        print(refusal, file=sys.stderr, flush=True)

os.set_blocking(1, False)
try:
    while True:
        os.write(1, b"x" * 4096)
except BlockingIOError:
    os.set_blocking(1, True)
asyncio.run(send())
"""


def fill(file: int) -> None:
    """Write until nothing more goes in."""
    os.set_blocking(file, False)
    try:
        while True:
            os.write(file, b"x" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(file, True)


class Stopped:
    """A terminal's file that takes nothing until it is read."""

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        self.file = os.fdopen(writing, "w", encoding="utf-8")
        fill(writing)

    def read(self) -> str:
        """Everything that is in it by now."""
        os.set_blocking(self._reading, False)
        found = b""
        try:
            while chunk := os.read(self._reading, 65536):
                found += chunk
        except BlockingIOError:
            pass
        return found.decode().strip("x")

    def close(self) -> None:
        """Let go of both ends, the reader's first: what still hangs ends."""
        os.close(self._reading)
        self.file.close()


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stopped]:
    monkeypatch.setattr(terminal, "PATIENCE_S", 0.2)
    made = Stopped()
    yield made
    made.close()


async def test_a_terminal_that_takes_nothing_is_unavailable_soon(stopped: Stopped) -> None:
    channel = Terminal(stopped.file)
    async with asyncio.timeout(60):
        for _ in range(3):
            with pytest.raises(Unavailable, match="takes nothing"):
                await channel.send(KEY, ANA, page())


async def test_a_terminal_that_takes_nothing_stops_nothing_else(stopped: Stopped, ground: Path, place: Path) -> None:
    """Not another channel, not a step and its evidence, and not whatever else uses the loop's threads."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    channel = Terminal(stopped.file)
    pages = asyncio.gather(*(channel.send(Key("t", n), ANA, page()) for n in range(8)), return_exceptions=True)
    await asyncio.sleep(0)
    async with http(lambda request: status(204)) as (url, seen), asyncio.timeout(60):
        hook = Webhook(WebhookSettings(kind="webhook", url=url), None, pass_by)
        assert await hook.send(KEY, ANA, page()) == "HTTP 204"
        blobs = FileBlobs(ground / "blobs", pass_by)
        assert await blobs.get(await blobs.put(b"kept")) == b"kept"
        bench = await set_up("found", ground, place)
        assert await bench.out(await bench.run("echo ran")) == "ran\n"
        assert await asyncio.to_thread(lambda: 7) == 7
    assert all(isinstance(each, Unavailable) for each in await pages)
    assert len(seen) == 1


async def test_once_it_is_read_again_pages_are_printed(stopped: Stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = Terminal(stopped.file)
    with pytest.raises(Unavailable):
        await channel.send(KEY, Person(name="Lost"), page())
    monkeypatch.setattr(terminal, "PATIENCE_S", 60)
    sending = asyncio.create_task(channel.send(KEY, ANA, page()))
    await asyncio.sleep(0)
    seen = stopped.read()
    assert await sending == "printed"
    assert "PAGE for Ana" in seen + stopped.read()


async def test_signs_that_the_terminal_does_not_have_do_not_stop_the_page(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as out:
        await Terminal(out).send(KEY, Person(name="Zoë"), page(title="Übertragung steht"))
    seen = (tmp_path / "out").read_text(encoding="ascii")
    assert "PAGE for Zo?" in seen
    assert "?bertragung steht" in seen


@pytest.mark.parametrize("how", ["closed", "hung up", "none"])
async def test_a_terminal_that_is_gone_is_unavailable(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    out = os.fdopen(writing, "w")
    os.close(reading)
    channel = Terminal(out)
    if how == "closed":
        out.close()
    if how == "none":
        monkeypatch.setattr(sys, "stdout", None)
        channel = Terminal()
    with pytest.raises(Unavailable, match="cannot be written"):
        await channel.send(KEY, ANA, page())
    out.close()


def test_a_page_that_hangs_does_not_hold_up_the_end_of_the_server() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", FULL, msgspec.json.encode(page()).decode()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert b"takes nothing" in process.stderr.read()
    finally:
        process.kill()
        process.communicate()
