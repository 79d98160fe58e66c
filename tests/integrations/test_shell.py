"""Statements run for real: isolated, bounded, redacted, with their output as evidence."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.engine.output import Outputs, Shown
from tocsin.errors import NotBegun, Rejected
from tocsin.integrations import leftovers, scratch
from tocsin.integrations.box import Box
from tocsin.integrations.isolation import STEP_UID, Isolation, find_isolation
from tocsin.integrations.scratch import Scratches
from tocsin.integrations.shell import LocalTarget, Place, Shell
from tocsin.store.blobs import FileBlobs
from tocsin.timeline.events import StepFinished, StepRequested
from tocsin.timeline.pipe import tell_failed
from tocsin.words import Effect

KINDS = ["found", "uid"] if os.geteuid() == 0 else ["found"]


FORKS = "for ($n = 0; $n < 400; $n++) { defined($p = fork) or last; sleep 60, exit unless $p } print $n"


class Bench:
    """A shell, its target and its blobs."""

    def __init__(self, shell: Shell, blobs: FileBlobs, secret: Path) -> None:
        self.shell, self.blobs, self.secret = shell, blobs, secret
        self._seq = 0

    async def run(
        self, text: str, *, changes: bool = False, timeout_s: int = 20, incident: str = "team-1", **env: str
    ) -> StepFinished:
        self._seq += 1
        intent = StepRequested(
            step=f"L{self._seq}", text=text, target="team/here", effect=Effect.MUTATE if changes else Effect.READ,
            digest="d", timeout_s=timeout_s, bindings=env, changes=changes, by="ana",
        )  # fmt: skip
        outcome = await self.shell.perform(Key(incident, self._seq), intent)
        assert isinstance(outcome, StepFinished)
        return outcome

    async def out(self, finished: StepFinished) -> str:
        return (await self.blobs.get(finished.stdout)).decode() if finished.stdout else ""


async def set_up(kind: str, ground: Path, place: Path, outputs: Outputs | None = None, **settings: Any) -> Bench:
    """A bench whose target lies in `place`, in a server with a secret."""
    data = ground / "data"
    data.mkdir(mode=0o700)
    (data / "secret").write_text("the chain's key")
    box = Box(directory=place, writable=(place,), private=(data,))
    isolation = await find_isolation([box]) if kind == "found" else await _own_uid(box)
    if isinstance(isolation, str):
        pytest.skip(isolation)
    blobs = FileBlobs(data / "blobs", pass_by)
    target = LocalTarget(path=("bin",), env={"TEAM": "blue"}, **settings)
    found = Place(target=target, directory=place, box=box)
    shell = Shell(lambda name: found, isolation, blobs, SystemClock(), pass_by, Scratches(data / "scratch"), outputs)
    return Bench(shell, blobs, data / "secret")


async def _own_uid(box: Box) -> Isolation:
    """The fall-back without bubblewrap, as good as this machine lets it be."""
    best = await find_isolation([box])
    return Isolation(uid=STEP_UID, staged=isinstance(best, Isolation) and best.staged)


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
    assert read.why == "A read alters nothing but /tmp."
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


@pytest.mark.parametrize(("text", "failed", "parts"), [
    ("false | cat", "false exited 1", [("false", 1), ("cat", 0)]),
    pytest.param("curl -s http://127.0.0.1:1 | cat", "curl exited 7", [("curl", 7), ("cat", 0)],
                 marks=pytest.mark.needs("curl")),
    ("cd / &&\n{\nno-such-tool 2>/dev/null | sort | head -1\n}", "no-such-tool was not found (127)",
     [("no-such-tool", 127), ("sort", 0), ("head", 0)]),
    ("for each in a; do (exit 3) | cat; done", "part 1 exited 3", [("part 1", 3), ("cat", 0)]),
    ("yes | head -1", "", [("yes", 141), ("head", 0)]),
    ("echo x | grep y | cat", "", [("echo", 0), ("grep", 1), ("cat", 0)]),
    ("grep y /dev/null", "", [("grep", 1)]),
    ("grep y /no/such | cat", "grep exited 2", [("grep", 2), ("cat", 0)]),
    ("echo fine | cat", "", []),
    ("trap 'echo own' EXIT; false | cat", "", []),
    ("IFS=; false | cat", "false exited 1", [("false", 1), ("cat", 0)]),
])  # fmt: skip
async def test_every_part_of_a_pipe_is_heard(
    text: str, failed: str, parts: list[tuple[str, int]], bench: Bench
) -> None:
    finished = await bench.run(text)
    assert [(part.program, part.exit_code) for part in finished.parts] == parts
    assert tell_failed(finished) == failed


async def test_hearing_the_parts_changes_nothing_of_what_runs(bench: Bench) -> None:
    """The statement's shell has no more variables and says what it would say; a shell below it reports nothing."""
    text = (
        "echo ${BASH_ENV-none} ${TOCSIN_REPORT-none} $# $0; bash -c 'false | true'; nonsense; false | true; "
        "echo ${PIPESTATUS[@]}; test -e /proc/self/fd/198 || echo shut"
    )
    finished = await bench.run(text)
    assert (await bench.out(finished)).splitlines() == ["none none 0 /bin/bash", "1 0", "shut"]
    assert (await bench.blobs.get(finished.stderr)).decode() == "/bin/bash: line 1: nonsense: command not found\n"
    assert finished.parts == ()


async def test_what_was_refused_before_it_began_was_not_run(ground: Path, place: Path) -> None:
    """Bubblewrap that worked a moment ago and does not now: nothing has happened, and nobody has to go and look."""
    bench = await set_up("found", ground, place)
    await bench.run("true", changes=True)
    isolation = bench.shell._isolation
    assert isolation is not None
    if isolation.bwrap is None:
        pytest.skip("bubblewrap does not work here")
    broken = ground / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: Creating new namespace failed: Operation not permitted' >&2; exit 1\n")
    broken.chmod(0o755)
    bench.shell._isolation = msgspec.structs.replace(isolation, bwrap=str(broken))
    with pytest.raises(NotBegun, match=r"Nothing was run.*Operation not permitted.*approve it again"):
        await bench.run("touch done", changes=True)
    bench.shell._isolation = msgspec.structs.replace(isolation, bwrap="/no/such/program", uid=None)
    with pytest.raises(NotBegun):
        await bench.run("touch done", changes=True)
    assert not (place / "done").exists()


@pytest.mark.own_tmp
async def test_a_step_that_fills_tmp_is_stopped_and_the_next_one_runs(
    ground: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "MOST_BYTES", 4 * 2**20)
    monkeypatch.setattr(leftovers, "LOOK_EVERY_S", 0.05)
    bench = await set_up("found", ground, place)
    finished = await bench.run("while head -c 1000000 /dev/zero >> /tmp/full; do sleep 0.02; done", changes=True)
    assert finished.exit_code == 124
    assert "may leave 4 MiB" in finished.why
    assert [each.path for each in finished.left] == ["/tmp/full"]
    assert (await bench.run("sleep 0.3; wc -c < /tmp/full")).exit_code == 0
    assert (await bench.run("rm /tmp/full; echo less > /tmp/less", changes=True)).exit_code == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.own_tmp
async def test_a_file_without_a_name_counts_too(
    kind: str, ground: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "MOST_BYTES", 4 * 2**20)
    monkeypatch.setattr(leftovers, "LOOK_EVERY_S", 0.05)
    bench = await set_up(kind, ground, place)
    elsewhere = "exec 3>u; rm u; head -c 9000000 /dev/zero >&3; sleep 0.5"
    assert (await bench.run(elsewhere, changes=True)).why == ""
    finished = await bench.run(f"cd /tmp; {elsewhere}; sleep 10", changes=True)
    assert "may leave 4 MiB" in finished.why
    assert (await bench.run("sleep 0.3", changes=True)).why == ""


@pytest.mark.parametrize(("fill", "what"), [
    ("for i in {1..60}; do : > /tmp/$i; done", "more than 50 files and folders"),
    ("cd /tmp; for i in {1..12}; do mkdir d; cd d; done", "folders more than 8 deep"),
])  # fmt: skip
@pytest.mark.own_tmp
async def test_where_no_bound_holds_any_more_nothing_runs(
    fill: str, what: str, ground: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step is stopped where it leaves what cannot be counted; where it has ended before, the next does not begin."""
    monkeypatch.setattr(scratch, "MOST_ENTRIES", 50)
    monkeypatch.setattr(scratch, "MOST_DEPTH", 8)
    monkeypatch.setattr(leftovers, "LOOK_EVERY_S", 0.05)
    bench = await set_up("found", ground, place)
    finished = await bench.run(f"{fill}; sleep 10", changes=True)
    assert f"it has left {what} in /tmp" in finished.why
    with pytest.raises(NotBegun, match=rf"Nothing was run.*{what}.*`rm -rf \S+`.*approve it again") as refused:
        await bench.run("touch done; fallocate -l 8M /tmp/big", changes=True)
    assert not (place / "done").exists()
    assert (await bench.run("true", changes=True, incident="team-2")).exit_code == 0
    way_out = re.search("`rm -rf (.*)`", str(refused.value))
    assert way_out
    shutil.rmtree(way_out[1])
    assert (await bench.run("test ! -e /tmp/1 && test ! -e /tmp/d", changes=True)).exit_code == 0


@pytest.mark.own_tmp
async def test_the_last_of_the_disk_is_kept_from_a_step(
    ground: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([200, 150, 90, 40])
    monkeypatch.setattr(leftovers, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(leftovers, "free_bytes", lambda folder: next(free) * 2**20)
    bench = await set_up("found", ground, place)
    finished = await bench.run("sleep 10", changes=True)
    assert "the disk had 200 MiB free and has 40 MiB left" in finished.why


@pytest.mark.own_tmp
async def test_what_is_left_in_tmp_is_evidence_without_secrets(bench: Bench) -> None:
    text = (
        "echo password=hunter2 > /tmp/a.log; head -c 5000 /dev/zero > /tmp/b.bin; mkdir /tmp/c; echo c > '/tmp/c/d e'"
    )
    finished = await bench.run(text, changes=True)
    assert [(each.path, each.size, bool(each.digest)) for each in finished.left] == [
        ("/tmp/b.bin", 5000, False), ("/tmp/a.log", 17, True), ("/tmp/c/d e", 2, True),
    ]  # fmt: skip
    assert await bench.blobs.get(finished.left[1].digest) == b"password=[redacted: secret]\n"
    again = await bench.run("cat /tmp/a.log")
    assert again.left == ()
    assert "hunter2" not in await bench.out(again)


@pytest.mark.own_tmp
async def test_the_name_of_a_file_tells_no_secret(bench: Bench) -> None:
    finished = await bench.run("cd /tmp; echo 1 > token=hunter2secret9; echo 22 > $'pass\\e[0mword=hunter2secret9'")
    assert [(each.path, bool(each.digest)) for each in finished.left] == [
        ("/tmp/password=[redacted: secret]", True), ("/tmp/token=[redacted: secret]", True),
    ]  # fmt: skip


@pytest.mark.own_tmp
async def test_what_is_written_while_two_steps_run_is_laid_to_neither(bench: Bench, place: Path) -> None:
    """The one waits until the other has written and ended."""
    wait = "touch /tmp/begun; while ! [ -e /tmp/zz ]; do sleep 0.05; done; rm /tmp/begun"
    write = "while ! [ -e /tmp/begun ]; do sleep 0.05; done; echo x > /tmp/zz"
    ended, quick, _ = await asyncio.gather(
        bench.shell.perform(Key("team-1", 61), look(wait, step="A10")),
        bench.shell.perform(Key("team-1", 62), look(write, step="A12")),
        bench.shell.perform(Key("team-2", 63), look("ls", step="A11")),
    )
    for finished, beside in ((ended, ("A12",)), (quick, ("A10",))):
        assert isinstance(finished, StepFinished)
        assert "/tmp/zz" in [each.path for each in finished.left]
        assert finished.beside == beside
    alone = await bench.shell.perform(Key("team-1", 64), look("echo y > /tmp/yy", step="A13"))
    assert isinstance(alone, StepFinished)
    assert ([each.path for each in alone.left], alone.beside) == (["/tmp/yy"], ())


@pytest.mark.own_tmp
async def test_a_read_of_tmp_is_not_shared_with_another_incident(bench: Bench) -> None:
    await bench.run("echo mine > /tmp/mine", changes=True)
    own = await bench.shell.perform(Key("team-1", 51), look("ls /tmp/mine"))
    other = await bench.shell.perform(Key("team-2", 52), look("ls /tmp/mine"))
    assert isinstance(own, StepFinished)
    assert isinstance(other, StepFinished)
    assert (own.exit_code, other.exit_code, other.why) == (0, 2, "")


def look(text: str, step: str = "L1") -> StepRequested:
    return StepRequested(step=step, text=text, target="team/here", effect=Effect.READ, digest="d", timeout_s=5)


async def test_output_is_seen_while_the_step_runs(ground: Path, place: Path) -> None:
    outputs = Outputs()
    bench = await set_up("found", ground, place, outputs)
    heard: asyncio.Event = asyncio.Event()
    outputs.listen(lambda incident, step: heard.set())
    running = asyncio.create_task(
        bench.run("echo first; printf half; while ! [ -e go ]; do sleep 0.05; done; echo ' last'", changes=True)
    )
    await asyncio.wait_for(heard.wait(), 10)
    assert outputs.show("team-1", "L1") == Shown("first\n")
    (place / "go").touch()
    finished = await running
    assert await bench.out(finished) == "first\nhalf last\n"
    assert outputs.show("team-1", "L1") is None


@pytest.mark.parametrize("text", [
    r"printf 'password\033[0m=hunter2secret9\n'",
    r"printf 'password\0=hunter2secret9\n'",
    r"printf 'pass\rword=hunter2\rsecret9\n'",
    "echo password=hunter2secret9 | grep --color=always pass",
    r"""printf '{\033[34;1m"password"\033[0m:\033[32m"hunter2secret9"\033[0m}\n'""",
    r"printf 'ghp_\033[0mhunter2secret9hunter2secret9\n' >&2",
    r"printf 'password\033[0m=hunter2secret9\n' > /tmp/a.log; touch /tmp/password=hunter2secret9",
])  # fmt: skip
@pytest.mark.own_tmp
async def test_a_secret_under_colours_is_neither_seen_nor_kept(text: str, ground: Path, place: Path) -> None:
    outputs, seen = Outputs(), []
    bench = await set_up("found", ground, place, outputs)
    outputs.listen(lambda incident, step: seen.append(outputs.show(incident, step)))
    finished = await bench.run(f"{text}; sleep 0.5", changes=True)
    kept = [finished.stdout, finished.stderr, *(each.digest for each in finished.left)]
    said = f"{seen}{finished}" + "".join([(await bench.blobs.get(each)).decode() for each in kept if each])
    assert "redacted" in said
    assert "secret9" not in said
    assert "hunter2" not in said


@pytest.mark.parametrize(("text", "printed"), [
    ("for fd in 200 255 700 701 702 703; do eval \"exec $fd>/tmp/lock$fd\"; done; flock -n 200 && echo own >&200; "
     "trap 'cat /tmp/lock*' EXIT; true", "own\n"),
    ("exec 200>/tmp/lockfile; flock -n 200 && echo own >&200; sleep 0.1; cat /tmp/lockfile", "own\n"),
    ("exec 700>/tmp/one 701>/tmp/two", ""),
    ("shopt -s expand_aliases\nalias echo='touch x' test='touch y' builtin='touch z'\ntrue | false", ""),
    ("echo(){ builtin echo 7 7; }; test(){ builtin echo 8; }; true | false", ""),
    ("set -eux 2>/dev/null; true", ""),
])  # fmt: skip
@pytest.mark.own_tmp
async def test_what_reports_touches_nothing_of_the_statements(text: str, printed: str, bench: Bench) -> None:
    finished = await bench.run(text, changes=True)
    assert await bench.out(finished) == printed
    assert finished.parts in ((), finished.parts[:2])
    left = await bench.run("cat /tmp/lock* /tmp/one /tmp/two; ls")
    assert await bench.out(left) == "own\n" * ("lock" in text)


@pytest.mark.parametrize("env", [
    {},
    {"BASH_FUNC_echo%%": "() { builtin printf 'not this\\n'; }", "BASH_FUNC_exec%%": "() { false; }",
     "BASH_FUNC_trap%%": "() { false; }", "BASH_FUNC_unset%%": "() { false; }", "BASH_FUNC_set%%": "() { false; }"},
    {"POSIXLY_CORRECT": "y"},
    {"BASH_ENV": "/tmp/no such", "fd": "mine"},
    {"TOCSIN_P_ID": "FD TWIN", "IFS": "/"},
])  # fmt: skip
async def test_whatever_the_environment_it_began_and_reports(env: dict[str, Any], bench: Bench) -> None:
    finished = await bench.run("touch done; (exit 3) | cat", changes=True, **env)
    assert [each.exit_code for each in finished.parts] == [3, 0]
    kept = await bench.run('printf \'%s|\' "${BASH_ENV-none}" "${fd-none}" "${POSIXLY_CORRECT-none}" FD', **env)
    expected = [env.get(name, "none") for name in ("BASH_ENV", "fd", "POSIXLY_CORRECT")]
    assert await bench.out(kept) == "".join(f"{each}|" for each in [*expected, "FD"])


async def test_a_targets_own_functions_and_start_file_hold_for_its_steps(bench: Bench, place: Path) -> None:
    (place / "start").write_text("greeting='from the start file'\n")
    env: dict[str, Any] = {"BASH_FUNC_greet%%": "() { builtin echo hello; }", "BASH_ENV": f"{place}/start"}
    assert await bench.out(await bench.run('greet; echo "$greeting"; echo "$BASH_ENV"', **env)) == (
        f"hello\nfrom the start file\n{place}/start\n"
    )


async def test_a_statement_cannot_take_back_that_it_began(bench: Bench, place: Path) -> None:
    text = "touch begun; for each in /proc/self/fd/*; do timeout 0.2 cat < $each; done; true"
    await bench.run(text, changes=True)
    assert (place / "begun").exists()
