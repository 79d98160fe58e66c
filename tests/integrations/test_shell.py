"""Statements run for real: isolated, bounded, redacted, with their output as evidence."""

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

from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.errors import Rejected
from tocsin.integrations.box import Box
from tocsin.integrations.isolation import STEP_UID, Isolation, find_isolation
from tocsin.integrations.shell import LocalTarget, Place, Shell
from tocsin.store.blobs import FileBlobs
from tocsin.timeline.events import StepFinished, StepRequested
from tocsin.words import Effect

KINDS = ["found", "uid"] if os.geteuid() == 0 else ["found"]


FORKS = "for ($n = 0; $n < 400; $n++) { defined($p = fork) or last; sleep 60, exit unless $p } print $n"


class Bench:
    """A shell, its target and its blobs."""

    def __init__(self, shell: Shell, blobs: FileBlobs, secret: Path) -> None:
        self.shell, self.blobs, self.secret = shell, blobs, secret
        self._seq = 0

    async def run(self, text: str, *, changes: bool = False, timeout_s: int = 20, **env: str) -> StepFinished:
        self._seq += 1
        intent = StepRequested(
            step=f"L{self._seq}", text=text, target="team/here", effect=Effect.MUTATE if changes else Effect.READ,
            digest="d", timeout_s=timeout_s, bindings=env, changes=changes, by="ana",
        )  # fmt: skip
        outcome = await self.shell.perform(Key("team-1", self._seq), intent)
        assert isinstance(outcome, StepFinished)
        return outcome

    async def out(self, finished: StepFinished) -> str:
        return (await self.blobs.get(finished.stdout)).decode() if finished.stdout else ""


async def set_up(kind: str, ground: Path, place: Path, **settings: Any) -> Bench:
    """A bench whose target lies in `place`, in a server with a secret."""
    data = ground / "data"
    data.mkdir(mode=0o700)
    (data / "secret").write_text("the chain's key")
    box = Box(directory=place, writable=(place,), private=(data,))
    isolation = await find_isolation([box]) if kind == "found" else Isolation(uid=STEP_UID)
    if isinstance(isolation, str):
        pytest.skip(isolation)
    blobs = FileBlobs(data / "blobs", pass_by)
    target = LocalTarget(path=("bin",), env={"TEAM": "blue"}, **settings)
    found = Place(target=target, directory=place, box=box)
    return Bench(Shell(lambda name: found, isolation, blobs, SystemClock(), pass_by), blobs, data / "secret")


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, ground: Path, place: Path) -> Bench:
    return await set_up(request.param, ground, place)


async def test_output_exit_code_and_duration_are_kept(bench: Bench) -> None:
    finished = await bench.run("echo to out; echo to err >&2; exit 3")
    assert (finished.exit_code, await bench.out(finished)) == (3, "to out\n")
    assert (await bench.blobs.get(finished.stderr)).decode() == "to err\n"
    assert finished.stdout_head == "to out\n"


async def test_it_starts_in_the_targets_directory_with_a_bare_environment(bench: Bench, place: Path) -> None:
    os.environ["TOCSIN_TEST_SECRET"] = "leak"
    try:
        finished = await bench.run("pwd; echo $TEAM; echo ${TOCSIN_TEST_SECRET-none}; echo ${PATH%%:*}; cat")
    finally:
        del os.environ["TOCSIN_TEST_SECRET"]
    assert (await bench.out(finished)).splitlines() == [str(place), "blue", "none", f"{place}/bin"]


async def test_the_data_directory_and_keys_are_hidden(bench: Bench) -> None:
    finished = await bench.run(f"cat {bench.secret}")
    assert finished.exit_code != 0
    assert "the chain's key" not in await bench.out(finished)
    listed = await bench.run(f"ls -A {bench.secret.parent}")
    assert await bench.out(listed) == ""


async def test_the_servers_process_cannot_be_read(bench: Bench) -> None:
    finished = await bench.run(f"tr '\\0' '\\n' < /proc/{os.getpid()}/environ")
    assert finished.exit_code != 0


async def test_a_change_may_write_where_it_runs_and_nowhere_else(bench: Bench, place: Path, ground: Path) -> None:
    assert (await bench.run("echo new > file", changes=True)).exit_code == 0
    assert (place / "file").read_text() == "new\n"
    await bench.run(f"echo new > {ground}/elsewhere", changes=True)
    assert not (ground / "elsewhere").exists()


async def test_what_may_not_be_written_is_said_with_a_way_out(place: Path, ground: Path) -> None:
    bench = await set_up("found", ground, place)
    read = await bench.run("touch file")
    change = await bench.run("touch /usr/file", changes=True)
    if "Permission denied" in (await bench.blobs.get(change.stderr)).decode():
        pytest.skip("only the permissions of another uid hinder it here")
    assert read.why == "A read alters nothing but its own /tmp."
    assert change.why == f"It may alter only {place}; name more as the target's `writable`."
    fine = await bench.run("echo 'Read-only file system' >&2; true", changes=True)
    assert fine.why == ""


async def test_an_endless_statement_is_stopped_with_all_its_children(bench: Bench, place: Path) -> None:
    finished = await bench.run("sleep 600 & sleep 600", timeout_s=1)
    assert finished.exit_code == 124
    assert "stopped after 1 s" in finished.why
    await asyncio.sleep(0.2)
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _command(path) == "sleep 600"]
    assert left == []


def _command(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


async def test_what_leaves_its_session_does_not_outlive_the_statement(bench: Bench) -> None:
    """Neither when the statement ends by itself nor when it is stopped, and whatever it ignores."""
    finished = await bench.run("(setsid sleep 601 >/dev/null 2>&1 &); setsid -f sleep 602; sleep 0.2; echo done")
    assert (finished.exit_code, await bench.out(finished)) == (0, "done\n")
    stubborn = "(trap '' TERM; setsid sh -c 'trap \"\" TERM; sleep 603; sleep 603' &) ; sleep 604"
    assert (await bench.run(stubborn, timeout_s=1)).exit_code == 124
    await asyncio.sleep(0.2)
    assert [each for each in _commands() if each.startswith("sleep 60")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_killed_leaves_no_step_behind(kind: str, place: Path) -> None:
    """Nobody watches a step any more whose server is gone; whether it has done anything, a person is asked."""
    box = Box(directory=place)
    isolation = asyncio.run(find_isolation([box])) if kind == "found" else Isolation(uid=STEP_UID)
    if isinstance(isolation, str):
        pytest.skip(isolation)
    script = "setsid -f sleep 606; sleep 607"
    argv, spawn = isolation.wrap(["/bin/sh", "-c", script], box)
    program = f"import subprocess, sys; from pathlib import Path; subprocess.Popen({argv!r}, **{spawn!r}).wait()"
    program = program.replace("PosixPath", "Path")
    server = subprocess.Popen([sys.executable, "-c", program])
    _wait(lambda: {"sleep 606", "sleep 607"} <= _commands())
    server.kill()
    server.wait()
    _wait(lambda: not {"sleep 606", "sleep 607"} & _commands())


def _commands() -> set[str]:
    return {_command(path) for path in Path("/proc").glob("[0-9]*/cmdline")}


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


async def test_what_holds_the_output_open_does_not_hold_up_the_end(bench: Bench) -> None:
    finished = await bench.run("sleep 605 & echo done", timeout_s=15)
    assert (finished.exit_code, finished.why, await bench.out(finished)) == (0, "", "done\n")
    assert finished.duration_s < 10


@pytest.mark.parametrize("kind", KINDS)
async def test_a_statement_is_bounded(kind: str, ground: Path, place: Path) -> None:
    bench = await set_up(kind, ground, place, memory_mib=256, file_mib=1, processes=40)
    asked = await bench.run("ulimit -c; ulimit -d; ulimit -f; ulimit -u; ulimit -H -u; cat /proc/self/oom_score_adj")
    assert (await bench.out(asked)).split() == ["0", str(256 * 1024), "1024", "40", "40", "1000"]
    greedy = await bench.run("head -c 900000000 /dev/zero | tail -c 800000000 | wc -c", timeout_s=60)
    assert await bench.out(greedy) != "800000000\n"
    await bench.run("head -c 5000000 /dev/zero > large", changes=True)
    assert (place / "large").stat().st_size <= 2**20
    bomb = await bench.run(f"/usr/bin/perl -e '{FORKS}'", timeout_s=30)
    assert int(await bench.out(bomb)) < 40


async def test_bounds_do_not_hinder_what_reserves_more_than_it_uses(bench: Bench) -> None:
    """Java, Node and Go reserve address space by the gigabyte."""
    reserve = "import mmap; mmap.mmap(-1, 64 * 2**30, prot=0, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS); print(1)"
    finished = await bench.run(f"/usr/bin/python3 -c '{reserve}'")
    if finished.exit_code == 127:
        pytest.skip("/usr/bin/python3 is missing")
    assert await bench.out(finished) == "1\n"


async def test_secrets_in_output_do_not_reach_the_evidence(bench: Bench) -> None:
    finished = await bench.run("echo password=hunter2; echo 'Authorization: Bearer abcdef123' >&2")
    kept = await bench.out(finished) + (await bench.blobs.get(finished.stderr)).decode() + finished.stdout_head
    assert "hunter2" not in kept
    assert "abcdef123" not in kept


async def _measure_lag(until: asyncio.Task[Any]) -> float:
    """The longest that the loop was away, in seconds."""
    longest, loop = 0.0, asyncio.get_running_loop()
    while not until.done():
        before = loop.time()
        await asyncio.sleep(0.01)
        longest = max(longest, loop.time() - before - 0.01)
    return longest


@pytest.mark.parametrize("text", [
    "head -c 20000 /dev/zero | tr '\\0' '-'",
    "head -c 60000000 /dev/zero | tr '\\0' '-'",
    "yes '2026-11-21T03:10:26Z INFO handled GET /auth/token status=200 user=bob' | head -c 20000000",
    "yes password= | tr -d '\\n' | head -c 3000000",
    "head -c 9000000 /dev/urandom",
])  # fmt: skip
async def test_the_server_goes_on_while_an_output_is_read(text: str, ground: Path, place: Path) -> None:
    bench = await set_up("found", ground, place)
    running = asyncio.create_task(bench.run(text, timeout_s=60))
    assert await _measure_lag(running) < 1
    assert (await running).exit_code == 0


async def test_an_output_that_is_no_text_becomes_text(bench: Bench) -> None:
    finished = await bench.run("printf 'a\\377b\\303'")
    assert await bench.out(finished) == "a\ufffdb\ufffd"
    assert finished.stdout_head == "a\ufffdb\ufffd"


async def test_a_flood_is_cut_and_the_cut_is_counted(bench: Bench) -> None:
    finished = await bench.run("head -c 100000000 /dev/zero | tr '\\0' x; echo end", timeout_s=60)
    kept = await bench.out(finished)
    assert finished.cut == 100000004 - 64 * 2**20
    assert kept.endswith("end\n")
    assert f"{finished.cut} bytes left out" in kept


async def test_values_come_as_environment_and_are_never_parsed(bench: Bench) -> None:
    finished = await bench.run('echo "${TOCSIN_P_ID}"', TOCSIN_P_ID="$(touch owned); `id`; '\"")
    assert await bench.out(finished) == "$(touch owned); `id`; '\"\n"


async def test_terminal_escapes_do_not_reach_the_screen(bench: Bench) -> None:
    finished = await bench.run("printf '\\033[31mred\\033[0m\\007'")
    assert finished.stdout_head == "red"


def read(step: str, target: str = "team/here") -> StepRequested:
    return StepRequested(step=step, text="date +%N", target=target, effect=Effect.READ, digest="d", timeout_s=5)


async def test_the_same_read_within_a_minute_is_run_once(bench: Bench) -> None:
    first = await bench.shell.perform(Key("team-1", 1), read("L1"))
    second = await bench.shell.perform(Key("team-2", 7), read("L9"))
    assert isinstance(first, StepFinished)
    assert isinstance(second, StepFinished)
    assert second.stdout == first.stdout
    assert (second.answers, second.step) == (7, "L9")
    assert second.why.startswith("shared with the same read")


async def test_another_target_in_the_same_directory_reads_for_itself(bench: Bench) -> None:
    """Two teams may have their targets in one folder, with other settings, and are not told each other's answers."""
    first = await bench.shell.perform(Key("team-1", 1), read("L1"))
    second = await bench.shell.perform(Key("team-2", 2), read("L1", "other/here"))
    assert isinstance(first, StepFinished)
    assert isinstance(second, StepFinished)
    assert second.stdout != first.stdout
    assert second.why == ""


async def test_after_a_change_nothing_read_before_is_shared(bench: Bench) -> None:
    first = await bench.shell.perform(Key("team-1", 1), read("L1"))
    await bench.run("true", changes=True)
    second = await bench.shell.perform(Key("team-1", 3), read("L1"))
    assert isinstance(first, StepFinished)
    assert isinstance(second, StepFinished)
    assert second.stdout != first.stdout


async def test_without_isolation_nothing_runs(place: Path, tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs", pass_by)
    found = Place(target=LocalTarget(), directory=place, box=Box(directory=place))
    shell = Shell(lambda name: found, None, blobs, SystemClock(), pass_by)
    with pytest.raises(Rejected, match="isolated"):
        await Bench(shell, blobs, tmp_path).run("true")


async def test_where_nothing_isolates_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    found = await find_isolation([Box(directory=private)])
    if isinstance(found, str):
        assert "chmod" in found or "bubblewrap" in found
