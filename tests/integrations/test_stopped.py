"""A step that somebody stops is ended with all that it has started, there where it runs, and says who it was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from tests.sshd import Sshd

from tocsin.engine.stops import Stops
from tocsin.errors import NotBegun
from tocsin.testing.story import START
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

from .bench import KINDS, set_up
from .remote import KEY, Range, range_, sshd, states

__all__ = ["range_", "sshd"]

WHY = "ana stopped it: enough."


def tell(stops: Stops, event: e.Event, incident: str = "team-1") -> None:
    stops.hear(incident, [Entry(stream=incident, seq=9, at=START, recorded_at=START, event=event)])


def stop(stops: Stops, intent: int = 1) -> None:
    tell(stops, e.StepStopAsked(step="L1", intent=intent, by="ana", reason="enough"))


async def stopped_once_there(path: Path, running: Awaitable[Any], stops: Stops, intent: int = 1) -> Any:
    """What came of a step that was stopped once it had written the numbers of its processes to `path`."""
    task = asyncio.ensure_future(running)
    async with asyncio.timeout(120):
        while not (path.exists() and path.read_text().endswith("\n")):
            assert not task.done(), task
            await asyncio.sleep(0.02)
        stop(stops, intent)
        return await task


async def gone(path: Path) -> None:
    """Wait until no process is there any more whose number is in `path`."""
    numbers = path.read_text().split()
    async with asyncio.timeout(60):
        while any(Path(f"/proc/{number}").exists() for number in numbers):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("terminal", [False, True])
async def test_a_step_here(kind: str, terminal: bool, ground: Path, place: Path) -> None:
    stops = Stops()
    bench = await set_up(kind, ground, place, stops=stops, terminal=terminal)
    text = "trap '' TERM; sleep 500 & echo begun; echo begun > here; sleep 501; sleep 502"
    finished = await stopped_once_there(place / "here", bench.run(text, changes=True, timeout_s=300), stops)
    assert (finished.exit_code, finished.why) == (124, WHY)
    assert await bench.out(finished) == "begun\n"
    assert finished.duration_s < 200


async def test_one_that_was_stopped_before_it_was_there(ground: Path, place: Path) -> None:
    """It does not begin; and what is stopped late, or elsewhere, stops no other run."""
    stops = Stops()
    bench = await set_up("found", ground, place, stops=stops)
    stop(stops)
    with pytest.raises(NotBegun, match=r"Nothing was run: ana stopped it: enough\."):
        await bench.run("touch here", changes=True, timeout_s=60)
    assert not (place / "here").exists()
    tell(stops, e.StepStopAsked(step="L2", intent=2, by="ana"), "team-2")
    assert [(await bench.run("echo x", timeout_s=60)).exit_code for _ in range(2)] == [0, 0]


@pytest.mark.needs("sshd")
@pytest.mark.parametrize("changes", [False, True])
async def test_a_step_on_another_machine(range_: Range, sshd: Sshd, tmp_path: Path, changes: bool) -> None:
    range_.add("web", sshd)
    text = f"cd {tmp_path}; test -e here && exit; sleep 500 & echo $$ $! > here; echo begun; sleep 501; sleep 502"
    asked = range_.ask(text, changes=changes, timeout_s=300, by="tocsin")
    finished = await stopped_once_there(tmp_path / "here", asked, range_.stops, KEY.seq)
    assert (finished.exit_code, finished.why) == (124, WHY)
    assert (await range_.blobs.get(finished.stdout)).decode() == "begun\n"
    await gone(tmp_path / "here")
    tell(range_.stops, e.StepFinished(answers=KEY.seq, step="L1", exit_code=124, duration_s=1.0))
    other = await range_.ask(text, changes=changes, by="tocsin", step="L2")
    assert (other.exit_code, other.why) == (0, ""), "what was stopped is nobody else's answer"


@pytest.mark.needs("sshd")
async def test_the_targets_that_had_not_begun_do_not(range_: Range, sshd: Sshd, tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    for name in names:
        range_.add(name, sshd, env={"NAME": name})
    text = f"echo $$ >> {tmp_path}/here; sleep 500; true"
    asked = range_.fan(text, names, changes=True, timeout_s=300, order="serial")
    ended = await stopped_once_there(tmp_path / "here", asked, range_.stops, KEY.seq)
    assert states(ended.on) == ["failed", "not_run", "not_run"]
    assert ended.on[0].why == WHY
    assert ended.on[2].why == f"Not begun: {WHY}"
    assert len((tmp_path / "here").read_text().split()) == 1


@pytest.mark.needs("sshd")
@pytest.mark.parametrize("changes", [False, True])
async def test_nothing_is_sent_to_another_machine_once_it_is_stopped(
    range_: Range, sshd: Sshd, tmp_path: Path, changes: bool
) -> None:
    range_.add("web", sshd)
    stop(range_.stops, KEY.seq)
    with pytest.raises(NotBegun, match=r"Nothing was run: ana stopped it: enough\."):
        await range_.ask(f"touch {tmp_path}/here", changes=changes)
    assert not (tmp_path / "here").exists()


@pytest.mark.needs("sshd")
async def test_those_who_wait_for_each_other_do_not_go(range_: Range, sshd: Sshd, tmp_path: Path) -> None:
    for name in ("one", "two"):
        range_.add(name, sshd)
    stop(range_.stops, KEY.seq)
    with pytest.raises(NotBegun, match="Not begun: ana stopped it"):
        await range_.fan(f"touch {tmp_path}/here", ["one", "two"], changes=True, together=True)
    assert not (tmp_path / "here").exists()
