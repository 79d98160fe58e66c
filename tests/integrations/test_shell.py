"""Statements run for real: isolated, redacted, with their output as evidence."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.engine.output import Outputs, Shown
from tocsin.errors import NotBegun, Rejected
from tocsin.integrations.box import Box
from tocsin.integrations.capture import Capture
from tocsin.integrations.isolation import find_isolation
from tocsin.integrations.local import LocalTarget, Place
from tocsin.integrations.shell import Shell
from tocsin.store.blobs import FileBlobs
from tocsin.timeline.events import Part, StepFinished, StepRequested
from tocsin.timeline.redact import plain
from tocsin.words import Effect

from .bench import KINDS, Bench, set_up


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


@pytest.mark.parametrize("value", ["; touch PWN", "$(touch PWN)", "a\ntouch PWN", "-n", "*", "~", "${IFS}x", "ü\u202e"])
async def test_one_simple_command_gets_its_words_and_no_shell_reads_them(bench: Bench, place: Path, value: str) -> None:
    finished = await bench.run("printf '%s' <x>", argv=("printf", "%s|%s", value, ""), changes=True)
    assert (finished.exit_code, (await bench.out(finished)).rstrip("\n")) == (0, plain(f"{value}|"))
    assert not (place / "PWN").exists()


async def test_a_command_without_a_shell_ends_as_with_one(bench: Bench, place: Path) -> None:
    searched = await bench.run("grep -q x /dev/null", argv=("grep", "-q", "x", "/dev/null"))
    assert (searched.exit_code, searched.parts) == (1, (Part(program="grep", exit_code=1),))
    assert (await bench.run("nope", argv=("nope",))).exit_code == 127
    fds = await bench.run("ls /proc/self/fd", argv=("ls", "/proc/self/fd"))
    assert (await bench.out(fds)).split() == ["0", "1", "2", "3"]
    seen = await bench.run("env", argv=("env",))
    assert "TOCSIN_" not in await bench.out(seen)
    assert (await bench.run("sleep 30", argv=("sleep", "30"), timeout_s=1)).exit_code == 124


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


async def test_secrets_in_output_do_not_reach_the_evidence(bench: Bench) -> None:
    finished = await bench.run("echo password=hunter2; echo 'Authorization: Bearer abcdef123' >&2")
    kept = await bench.out(finished) + (await bench.blobs.get(finished.stderr)).decode() + finished.stdout_head
    assert "hunter2" not in kept
    assert "abcdef123" not in kept


async def test_an_output_that_is_no_text_becomes_text(bench: Bench) -> None:
    finished = await bench.run("printf 'a\\377b\\303'")
    assert await bench.out(finished) == "a\ufffdb\ufffd"
    assert finished.stdout_head == "a\ufffdb\ufffd"


@pytest.mark.parametrize("bench", KINDS[:1], indirect=True)  # what is kept does not depend on who may run it
async def test_a_flood_is_cut_and_the_cut_is_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 64 MiB, as a server keeps it, in `make torture`; elsewhere of a part of that."""
    most = 64 * 2**20
    assert Capture.__init__.__defaults__ == (most,)
    if os.environ.get("TOCSIN_TORTURE") != "all":
        most = 6 * 2**20
        monkeypatch.setattr(Capture.__init__, "__defaults__", (most,))
    flood = most + 3_000_000
    finished = await bench.run(f"head -c {flood} /dev/zero | tr '\\0' x; echo end", timeout_s=60)
    kept = await bench.out(finished)
    assert 0 <= finished.cut - (flood + 4 - most) <= 2 * 65536
    assert kept.endswith("end\n")
    assert f"{finished.cut} bytes left out" in kept


async def test_values_come_as_environment_and_are_never_parsed(bench: Bench) -> None:
    finished = await bench.run('echo "${TOCSIN_P_ID}"', TOCSIN_P_ID="$(touch owned); `id`; '\"")
    assert await bench.out(finished) == "$(touch owned); `id`; '\"\n"


async def test_terminal_escapes_do_not_reach_the_screen(bench: Bench) -> None:
    finished = await bench.run("printf '\\033[31mred\\033[0m\\007'")
    assert finished.stdout_head == "red"


def read(step: str, target: str = "team/here") -> StepRequested:
    return StepRequested(step=step, text="date +%N", target=target, effect=Effect.READ, digest="d", timeout_s=60)


async def test_the_same_read_within_a_minute_is_run_once(bench: Bench) -> None:
    first = await bench.shell.perform(Key("team-1", 1), read("L1"))
    second = await bench.shell.perform(Key("team-2", 7), read("L9"))
    assert isinstance(first, StepFinished)
    assert isinstance(second, StepFinished)
    assert second.stdout == first.stdout
    assert (second.answers, second.step) == (7, "L9")
    assert second.why.startswith("shared with the same read")


async def test_what_is_looked_at_again_is_looked_at_and_not_remembered(bench: Bench) -> None:
    """A check repeats its look every few seconds, and must see what has become of it; whoever else asks may share."""
    told = []
    for at, (stream, step) in enumerate((("team-1", "L1"), ("team-1", "L1"), ("team-2", "L1"), ("team-2", "L1"))):
        finished = await bench.shell.perform(Key(stream, at), read(step))
        assert isinstance(finished, StepFinished)
        told.append((finished.stdout, bool(finished.why)))
    assert [is_shared for _, is_shared in told] == [False, False, True, False]
    assert len({stdout for stdout, _ in told}) == 3


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


async def test_output_is_seen_while_the_step_runs(ground: Path, place: Path) -> None:
    outputs = Outputs()
    bench = await set_up("found", ground, place, outputs)
    heard: asyncio.Event = asyncio.Event()
    outputs.listen(lambda incident, step: heard.set())
    running = asyncio.create_task(
        bench.run("echo first; printf half; while ! [ -e go ]; do sleep 0.05; done; echo ' last'", changes=True)
    )
    await asyncio.wait_for(heard.wait(), 60)
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
