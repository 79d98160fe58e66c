"""What statements leave in /tmp: bounded, kept as evidence, and seen by their own incident only."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
from pathlib import Path

import pytest

from tocsin.engine.contracts import Key
from tocsin.errors import NotBegun
from tocsin.integrations import leftovers, scratch
from tocsin.timeline.events import StepFinished, StepRequested
from tocsin.words import Effect

from .bench import KINDS, Bench, set_up


def look(text: str, step: str = "L1") -> StepRequested:
    return StepRequested(step=step, text=text, target="team/here", effect=Effect.READ, digest="d", timeout_s=60)


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
    finished = await bench.run(f"cd /tmp; {elsewhere}; sleep 100", changes=True, timeout_s=60)
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
    finished = await bench.run(f"{fill}; sleep 100", changes=True, timeout_s=60)
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
    bench = await set_up("found", ground, place)
    free = itertools.chain([200, 150, 90], itertools.repeat(40))
    monkeypatch.setattr(leftovers, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(leftovers, "LOOK_RARELY", 0)  # on a busy machine a look takes long
    monkeypatch.setattr(scratch, "free_bytes", lambda folder: next(free) * 2**20)
    finished = await bench.run("sleep 100", changes=True, timeout_s=60)
    assert "the disk had 200 MiB free and has 40 MiB left" in finished.why


@pytest.mark.own_tmp
async def test_a_step_that_leaves_the_disk_no_more_files_is_stopped(
    ground: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it makes them: a server that can make none keeps no evidence."""
    bench = await set_up("found", ground, place)
    files = itertools.chain([50_000, 30_000, 24_000], itertools.repeat(19_000))
    monkeypatch.setattr(leftovers, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(leftovers, "LOOK_RARELY", 0)
    monkeypatch.setattr(scratch, "free_files", lambda folder: next(files))
    finished = await bench.run("sleep 100", changes=True, timeout_s=60)
    assert "the disk could have 50000 files more and can have 19000 now" in finished.why


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
