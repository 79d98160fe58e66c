"""A witness on another host hears of the record, and shows later what it was; one that is ill holds up no page."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

# Ports are the whole suite's.
from tests.ports import find_port

# What forks is the whole suite's.
from .. import forked  # noqa: TID252
from .ground import ANSWER_S, PATIENCE_S, Ground, Lag, run, wait_for


class Other:
    """A witness's process."""

    def __init__(self, folder: Path) -> None:
        self.port = find_port()
        self.url = f"http://127.0.0.1:{self.port}"
        words = ["witness", "--data", str(folder / "witness"), "--port", str(self.port)]
        with (folder / "witness.log").open("ab") as log:
            self.process = forked.spawn(*words, out=log)

    def has(self) -> int:
        with suppress(httpx.HTTPError):
            return len(httpx.get(f"{self.url}/checkpoints", timeout=ANSWER_S).text.splitlines())
        return 0

    def end(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    made = Other(tmp_path)
    yield made
    made.end()


def name_witness(ground: Ground, url: str) -> None:
    path = ground.root / "tocsin.toml"
    path.write_text(f'{path.read_text()}\n[checkpoints]\nevery_minutes = 0.02\n\n[witness]\nurl = "{url}"\n')


def verify(ground: Ground, *words: str) -> subprocess.CompletedProcess[str]:
    return run("verify", "--workspace", str(ground.root), *words)


def test_a_witness_shows_what_was_edited(ground: Ground, other: Other) -> None:
    name_witness(ground, other.url)
    ground.start()
    wait_for(ground.url, "server")
    ground.fire()
    wait_for(lambda: ground.sink.pages, "page")
    had = other.has()
    wait_for(lambda: other.has() > had + 1, "checkpoints")
    done = verify(ground, "--witness", other.url)
    assert done.returncode == 0, done.stdout
    assert "The witness has seen the same" in done.stdout
    ground.stop()
    kept = ground.root / "kept.jsonl"
    kept.write_bytes(httpx.get(f"{other.url}/checkpoints", timeout=ANSWER_S).content)
    with sqlite3.connect(ground.root / ".tocsin" / "data" / "tocsin.db") as driver:
        driver.execute("DELETE FROM entry WHERE stream LIKE 'shop-%' AND seq > 2")
    driver.close()
    for named in (other.url, str(kept)):
        done = verify(ground, "--witness", named)
        assert done.returncode == 1
        assert "the witness has seen entries up to" in done.stdout
    assert verify(ground, "--witness", str(ground.root / "nothing")).returncode == 2
    assert verify(ground, "--witness", "http://127.0.0.1:1").returncode == 2


SOON_S = 15.0
"""A page that waited for a slow witness would come after that is given up, twenty seconds later."""
MOODS = ("gone", "slow", "garbage", "error")


@pytest.mark.parametrize("mood", MOODS)
def test_a_witness_that_is_ill_holds_up_no_page(ground: Ground, mood: str) -> None:
    ended = Event()

    class Ill(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if mood == "slow":
                ended.wait(60)
            with suppress(OSError):
                self.send_response(500 if mood == "error" else 200)
                self.end_headers()
                self.wfile.write(b"<html>nonsense")

        do_POST = do_GET  # noqa: N815 http.server's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ill)
    Thread(target=server.serve_forever, daemon=True).start()
    name_witness(ground, "http://127.0.0.1:1" if mood == "gone" else f"http://127.0.0.1:{server.server_address[1]}")
    ground.start()
    wait_for(ground.url, "server")
    fired = time.monotonic()
    with Lag() as lag:
        ground.fire()
        page = wait_for(lambda: ground.sink.pages, "page")[0]
    assert page["came_at"] - fired < SOON_S + lag.lost_s
    if mood != "slow":
        wait_for(lambda: "Checkpoints: the witness" in ground.log(), "word of it")
    ended.set()
    server.shutdown()
    server.server_close()
