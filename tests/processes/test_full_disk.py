"""A disk that refuses every write, under a running server: nothing is said that is not so, and nothing is lost by it.

The kernel is made to refuse by `strace`, for the data's own files, with the error that a full disk gives and with the
one that a file system gives which has been mounted read-only.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .ground import PATIENCE_S, Ground, wait_for
from .nodes import pages_of

pytestmark = pytest.mark.needs("strace")

REFUSED = "pwrite64,write,fsync,fdatasync,ftruncate,fallocate"


@contextmanager
def refusing(ground: Ground, error: str) -> Iterator[None]:
    """Every write to the data fails with `error` until this is over."""
    assert ground.process is not None
    data = ground.root / ".tocsin" / "data"
    paths = [word for path in sorted(data.iterdir()) if path.is_file() for word in ("-P", str(path))]
    rule = ["-e", f"trace={REFUSED}", "-e", f"inject={REFUSED}:error={error}", "-e", "signal=none"]
    words = ["strace", "-f", "-o", "/dev/null", *rule, *paths, "-p", str(ground.process.pid)]
    tracer = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        assert tracer.stderr is not None
        assert "attached" in tracer.stderr.readline()
        wait_for(lambda: not ground.fire("Probe"), "refused write")
        yield
    finally:
        tracer.terminate()
        tracer.communicate(timeout=PATIENCE_S)


def delivered(ground: Ground, incident: str) -> list[str]:
    timeline = ground.ask("GET", f"/api/incidents/{incident}/timeline") or []
    return [entry["event"]["responder"] for entry in timeline if entry["kind"] == "page_delivered"]


def pages(ground: Ground, name: str) -> list[str]:
    """Who was paged. After a minute whoever has not answered is called once more, which is another page."""
    of = [each for each in ground.sink.pages if each["labels"].get("alertname") == name]
    return [each["responder"] for each in of if each["round"] == 1]


def answered(ground: Ground, name: str) -> list[str]:
    """Who was paged and has the sink's answer: a request that waits longer than its server does is made again."""
    of = [each for each in ground.sink.pages if each["labels"].get("alertname") == name and each["answered"]]
    return [each["responder"] for each in of if each["round"] == 1]


def is_at_rest(ground: Ground, incident: str) -> bool:
    """Whether each page that was requested has come to its end."""
    found = pages_of(ground.ask("GET", f"/api/incidents/{incident}/timeline") or [])
    return bool(found["requested"]) and found["requested"] == found["ended"]


@pytest.mark.parametrize("error", ["ENOSPC", "EROFS"])
def test_while_the_disk_refuses_nothing_is_taken_or_promised_and_afterwards_everything_goes_on(
    ground: Ground, error: str
) -> None:
    ground.start()
    wait_for(ground.url, "server")
    ground.sink.holds.set()
    assert ground.fire("Before")
    wait_for(lambda: pages(ground, "Before"), "page that is on its way")

    with refusing(ground, error):
        ground.sink.holds.clear()
        assert not ground.fire("During"), "what is not on disk is not taken"
        assert ground.ask("POST", "/api/incidents/shop-1/acknowledge") is None, "nor is an acknowledgement"
        assert ground.ask("GET", "/api/incidents/shop-1"), "what is on disk is shown"
        assert pages(ground, "During") == []
        assert ground.is_running()

    wait_for(lambda: ground.fire("During"), "alert that is taken")
    wait_for(lambda: "ana" in pages(ground, "During"), "its page")
    wait_for(lambda: "ana" in delivered(ground, "shop-1"), "end of the page that was on its way")
    assert answered(ground, "Before").count("ana") == 1, "what had been taken is not sent again"
    assert ground.ask("POST", "/api/incidents/shop-1/acknowledge")
    ground.stop()
    checked = ground.verify()
    assert checked.returncode == 0, checked.stdout + checked.stderr

    ground.start()
    wait_for(ground.url, "server")
    assert answered(ground, "During").count("ana") == 1
    timeline = ground.ask("GET", "/api/incidents/shop-1/timeline")
    assert sum(entry["kind"] == "acknowledged" for entry in timeline) == 1
    wait_for(lambda: is_at_rest(ground, "shop-1"), "end of each page that was requested")
