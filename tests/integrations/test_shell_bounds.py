"""Statements run for real do not outlive their time, take more than they may, or hold up the server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.integrations.box import Box
from tocsin.integrations.isolation import STEP_UID, Isolation, find_isolation

from .bench import KINDS, Bench, set_up

FORKS = "for ($n = 0; $n < 400; $n++) { defined($p = fork) or last; sleep 60, exit unless $p } print $n"


def doze(number: int) -> str:
    """A command that lasts ten minutes. All runs of the tests see one table of processes: none must find another's."""
    return f"sleep {600 + number}.{os.getpid()}"


def find_dozing() -> set[str]:
    """Those of this run that are still there."""
    commands = {_command(path) for path in Path("/proc").glob("[0-9]*/cmdline")}
    return commands & {doze(number) for number in range(10)}


def _command(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


async def test_an_endless_statement_is_stopped_with_all_its_children(bench: Bench, place: Path) -> None:
    finished = await bench.run(f"{doze(0)} & {doze(0)}", timeout_s=1)
    assert finished.exit_code == 124
    assert "stopped after 1 s" in finished.why
    await _end_of_dozing()


async def test_what_leaves_its_session_does_not_outlive_the_statement(bench: Bench) -> None:
    """Neither when the statement ends by itself nor when it is stopped, and whatever it ignores."""
    leaving = f"(setsid {doze(1)} >/dev/null 2>&1 &); setsid -f {doze(2)}; sleep 0.2; echo done"
    finished = await bench.run(leaving)
    assert (finished.exit_code, await bench.out(finished)) == (0, "done\n")
    stubborn = f"(trap '' TERM; setsid sh -c 'trap \"\" TERM; {doze(3)}; {doze(3)}' &) ; {doze(4)}"
    assert (await bench.run(stubborn, timeout_s=1)).exit_code == 124
    await _end_of_dozing()


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_killed_leaves_no_step_behind(kind: str, place: Path) -> None:
    """Nobody watches a step any more whose server is gone; whether it has done anything, a person is asked."""
    box = Box(directory=place)
    isolation = asyncio.run(find_isolation([box])) if kind == "found" else Isolation(uid=STEP_UID)
    if isinstance(isolation, str):
        pytest.skip(isolation)
    script = f"setsid -f {doze(6)}; {doze(7)}"
    argv, spawn = isolation.wrap(["/bin/sh", "-c", script], box)
    program = f"import subprocess, sys; from pathlib import Path; subprocess.Popen({argv!r}, **{spawn!r}).wait()"
    program = program.replace("PosixPath", "Path")
    server = subprocess.Popen([sys.executable, "-c", program])
    _wait(lambda: {doze(6), doze(7)} <= find_dozing())
    server.kill()
    server.wait()
    _wait(lambda: not find_dozing())


async def _end_of_dozing() -> None:
    """Whoever was killed is gone soon; whoever was not dozes on for ten minutes."""
    async with asyncio.timeout(60):
        while find_dozing():
            await asyncio.sleep(0.02)


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


async def test_what_holds_the_output_open_does_not_hold_up_the_end(bench: Bench) -> None:
    finished = await bench.run(f"{doze(5)} & echo done", timeout_s=90)
    assert (finished.exit_code, finished.why, await bench.out(finished)) == (0, "", "done\n")
    assert finished.duration_s < 60


MOST = 120
"""Processes of one user."""


@pytest.mark.parametrize("kind", KINDS)
async def test_a_statement_is_bounded(kind: str, ground: Path, place: Path) -> None:
    """As a user of its own: the steps of tests that run beside, this one's other kind too, count as another's."""
    uid = STEP_UID + 1 + KINDS.index(kind)
    if os.geteuid() == 0:
        os.chown(place, uid, uid)
    bench = await set_up(kind, ground, place, uid=uid, memory_mib=256, file_mib=1, processes=MOST)
    asked = await bench.run("ulimit -c; ulimit -d; ulimit -f; ulimit -u; ulimit -H -u; cat /proc/self/oom_score_adj")
    assert (await bench.out(asked)).split() == ["0", str(256 * 1024), "1024", str(MOST), str(MOST), "1000"]
    greedy = await bench.run("head -c 900000000 /dev/zero | tail -c 800000000 | wc -c", timeout_s=60)
    assert await bench.out(greedy) != "800000000\n"
    await bench.run("head -c 5000000 /dev/zero > large", changes=True)
    assert (place / "large").stat().st_size <= 2**20
    bomb = await bench.run(f"/usr/bin/perl -e '{FORKS}'", timeout_s=30)
    assert int(await bench.out(bomb)) < MOST


async def test_bounds_do_not_hinder_what_reserves_more_than_it_uses(bench: Bench) -> None:
    """Java, Node and Go reserve address space by the gigabyte."""
    reserve = "import mmap; mmap.mmap(-1, 64 * 2**30, prot=0, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS); print(1)"
    finished = await bench.run(f"/usr/bin/python3 -c '{reserve}'")
    if finished.exit_code == 127:
        pytest.skip("/usr/bin/python3 is missing")
    assert await bench.out(finished) == "1\n"


async def _measure_lag(until: asyncio.Task[Any]) -> tuple[float, float]:
    """The longest that the loop was away, in seconds, and the longest that it was while this process worked: what
    the machine did for others meanwhile is not our lag.
    """
    longest = worked = 0.0
    while not until.done():
        before, at_work = time.monotonic(), time.process_time()
        await asyncio.sleep(0.01)
        away = time.monotonic() - before - 0.01
        longest, worked = max(longest, away), max(worked, min(away, time.process_time() - at_work))
    return longest, worked


@pytest.mark.parametrize("text", [
    "head -c 20000 /dev/zero | tr '\\0' '-'",
    "head -c 5000000 /dev/zero | tr '\\0' '-'",
    "yes '2026-11-21T03:10:26Z INFO handled GET /auth/token status=200 user=bob' | head -c 6000000",
    "yes password= | tr -d '\\n' | head -c 1500000",
    "head -c 4000000 /dev/urandom",
])  # fmt: skip
async def test_the_server_goes_on_while_an_output_is_read(text: str, ground: Path, place: Path) -> None:
    bench = await set_up("found", ground, place)
    running = asyncio.create_task(bench.run(text, timeout_s=60))
    longest, worked = await _measure_lag(running)
    assert longest < 30, "it waited for something"
    assert worked < 2.5  # a tenth of that on a quiet machine
    assert (await running).exit_code == 0
