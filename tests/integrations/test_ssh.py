"""Steps on other machines, against a real sshd: who is believed, what is said, and what is known when it goes wrong."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.sshd import ME, Sshd

from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.engine.output import Outputs
from tocsin.errors import NotBegun
from tocsin.integrations.fleet import Fleet, Spot
from tocsin.integrations.remote import Remote
from tocsin.integrations.ssh.link import Links
from tocsin.integrations.ssh.program import quote
from tocsin.integrations.ssh.session import Lost
from tocsin.integrations.ssh.way import Far, Way
from tocsin.integrations.within import Within
from tocsin.store.blobs import FileBlobs
from tocsin.store.sealed import Sealed
from tocsin.testing.clock import FakeClock
from tocsin.testing.story import START
from tocsin.timeline.events import Fan, Intent, OnTarget, Outcome, StepFinished, StepInDoubt, StepRequested
from tocsin.words import Effect

pytestmark = pytest.mark.needs("sshd")

KEY = Key("team-1", 7)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sshd]:
    """A server for one test alone, which it may kill."""
    server = Sshd(tmp_path / "own")
    yield server
    server.stop()


class NoLocal:
    """Nothing of these tests runs on this machine itself."""

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        raise AssertionError("it was to run elsewhere")


class Range:
    """A fleet with an inventory, and what its steps print while they run."""

    def __init__(self, folder: Path) -> None:
        self.spots: dict[str, Spot] = {}
        self.blobs, clock = FileBlobs(folder, pass_by), FakeClock(START)
        self.links = Links()
        self.originals = Sealed(self.blobs, bytes(range(32)))
        remote = Remote(self.links, self.blobs, clock, lambda name: None, self.originals)
        self.fleet = Fleet(NoLocal(), lambda: remote, self.spots.get, self.blobs, clock, Outputs())

    def add(self, name: str, server: Sshd, **changes: Any) -> Far:
        way = Way(
            name=name, host="127.0.0.1", port=server.port, user=ME, known=server.known.encode(), key=server.key(),
            connect_s=60,
        )  # fmt: skip
        way = replace(way, **{each: changes.pop(each) for each in tuple(changes) if each in way.__struct_fields__})
        told: dict[str, Any] = {
            "read": way, "change": replace(way, key=server.key("changer")), "directory": "", "env": {}, "most": 2**20,
        }  # fmt: skip
        spot = self.spots[f"team/{name}"] = Far(**{**told, **changes})
        return spot

    async def ask(self, text: str, target: str = "web", **changes: Any) -> Any:
        told: dict[str, Any] = {
            "step": "L1", "text": text, "target": f"team/{target}", "effect": Effect.READ, "digest": "d",
            "timeout_s": 20, "by": "ana",
        }  # fmt: skip
        if changes.get("changes"):
            told["effect"] = Effect.MUTATE
        return await self.fleet.perform(KEY, StepRequested(**{**told, **changes}))

    async def read(self, text: str, target: str = "web", **changes: Any) -> str:
        finished = await self.ask(text, target, **changes)
        assert isinstance(finished, StepFinished)
        return (await self.blobs.get(finished.stdout)).decode() if finished.stdout else ""

    async def fan(
        self, text: str, members: list[str], *, changes: bool = False, timeout_s: int = 20, **fan: Any
    ) -> Any:
        told = Fan(members=tuple(f"team/{each}" for each in members), **fan)
        return await self.ask(text, "all", changes=changes, timeout_s=timeout_s, fan=told)


@pytest.fixture
async def range_(tmp_path: Path) -> AsyncIterator[Range]:
    made = Range(tmp_path / "blobs")
    yield made
    await made.fleet.close()


def states(ends: tuple[OnTarget, ...]) -> list[str]:
    return [end.state for end in ends]


# ── what is run ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_step_runs_there_and_all_that_became_of_it_is_told(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd, directory="/tmp", env={"REGION": "eu-1"})
    finished = await range_.ask("pwd; echo $REGION; echo oops >&2; (exit 3) | true")
    assert (finished.exit_code, finished.cut) == (0, 0)
    assert (await range_.blobs.get(finished.stdout)).decode() == "/tmp\neu-1\n"
    assert (await range_.blobs.get(finished.stderr)).decode() == "oops\n"
    assert [part.exit_code for part in finished.parts] == [3, 0]
    (on,) = finished.on
    assert (on.target, on.identity, on.state) == ("team/web", f"{ME}@127.0.0.1:{sshd.port}", "ok")


HOSTILE = [
    "$(touch HERE)", "`touch HERE`", "'; touch HERE; '", '"; touch HERE; "', "\n touch HERE\n", "a\\'b", "'\\''",
    "${x:=y}", "!!", "~root", "*", "-n", "\x1b]0;x\x07", "\r", "é\u2028", "x" * 5000, "", "EOF\nEOF", "\\", "'",
]  # fmt: skip


async def test_values_arrive_as_they_are_and_nothing_in_them_is_run(range_: Range, sshd: Sshd, tmp_path: Path) -> None:
    here = tmp_path / "here"
    range_.add("web", sshd, directory=str(tmp_path))
    values = [value.replace("HERE", str(here)) for value in HOSTILE]
    names = {f"V{at}": value for at, value in enumerate(values)}
    text = "printf '%s\\0' " + " ".join(f'"${name}"' for name in names) + " | base64 -w0"
    finished = await range_.ask(text, bindings=names)
    import base64

    said = base64.b64decode(await range_.blobs.get(finished.stdout)).decode().split("\0")[:-1]
    assert said == values
    assert not here.exists()


@pytest.mark.parametrize("value", HOSTILE)
def test_quoting_gives_one_word_to_every_shell(value: str) -> None:
    import subprocess

    for shell in ("bash", "sh"):
        done = subprocess.run([shell, "-c", f"printf '%s|' {quote(value)}"], capture_output=True)
        assert done.stdout == f"{value}|".encode()


async def test_a_value_that_no_shell_can_hold_begins_nothing(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd)
    with pytest.raises(NotBegun, match="NUL"):
        await range_.ask("true", bindings={"V": "a\0b"})
    with pytest.raises(NotBegun, match="no name"):
        await range_.ask("true", bindings={"V;touch x": "a"})


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("cat; read x; echo end", 0, "end\n"),  # there is nothing to read, least of all the program
        ("exit 7", 7, ""),
        ("set -e; false; echo not", 1, ""),
        ("echo 'open", 2, ""),
        ("trap 'echo bye' EXIT; echo hi", 0, "hi\nbye\n"),
        ("kill -9 $$", 137, ""),
        ("echo hi \\", 0, "hi\n"),
        ("cat <<'END'\n$x\nEND", 0, "$x\n"),
        ("f() { return 4; }\nf", 4, ""),
        ("true | false", 1, ""),
    ],
)
@pytest.mark.parametrize("changes", [False, True])
async def test_a_shell_there_reads_it_as_one_here_would(
    range_: Range, sshd: Sshd, text: str, code: int, said: str, changes: bool
) -> None:
    range_.add("web", sshd)
    finished = await range_.ask(text, changes=changes)
    assert finished.exit_code == code
    assert (await range_.blobs.get(finished.stdout) if finished.stdout else b"").decode() == said


async def test_nothing_of_a_step_stands_in_a_command_line(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd)
    found = await range_.read(
        "tr '\\0' ' ' </proc/$$/cmdline; echo; echo $SECRETLY >/dev/null", bindings={"SECRETLY": "abc"}
    )
    assert found.strip() == "bash --noprofile --norc -s"


async def test_reads_and_changes_come_in_as_different_people(range_: Range, sshd: Sshd, tmp_path: Path) -> None:
    log = sshd.folder / "log"
    range_.add("web", sshd, change=None)
    with pytest.raises(NotBegun, match="change_user"):
        await range_.ask("touch /tmp/never", changes=True)
    way = range_.add("web", sshd).read
    assert isinstance(way, Way)
    sshd.let_in("reader")  # whoever changes is not let in any more
    try:
        assert await range_.read("echo in") == "in\n"
        with pytest.raises(NotBegun, match=f"does not let {ME} in"):
            await range_.ask("echo in", changes=True)
    finally:
        sshd.let_in("reader", "changer")
    assert log.exists()


async def test_a_connection_stays_open_and_is_made_anew_when_it_is_gone(range_: Range, own: Sshd) -> None:
    range_.add("web", own)
    first = await range_.read("echo $SSH_CONNECTION")
    assert await range_.read("echo $SSH_CONNECTION") == first
    own.kill_connections()
    again = await range_.read("echo $SSH_CONNECTION")
    assert again not in ("", first)
    assert range_.links.count == 1


async def test_a_directory_that_is_not_there_begins_nothing(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd, directory="/no/such/place")
    for changes in (False, True):
        with pytest.raises(NotBegun, match="no directory"):
            await range_.ask("touch /tmp/never", changes=changes)


# ── whom it believes ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("known", ["", "# nobody\n", "somebody.else ssh-ed25519 {key}\n"])
async def test_an_unknown_host_key_is_refused(range_: Range, sshd: Sshd, known: str) -> None:
    spelled = known.format(key=sshd.known.split()[2])
    range_.add("web", sshd, known=spelled.encode())
    with pytest.raises(NotBegun, match="Find out whether it was set up anew"):
        await range_.ask("touch /tmp/never")


async def test_a_changed_host_key_is_refused(range_: Range, sshd: Sshd, own: Sshd) -> None:
    """What answers at the address has another key than the one that was known there."""
    known = f"[127.0.0.*]:{own.port} {sshd.known.split(maxsplit=1)[1]}"
    range_.add("web", own, known=known.encode())
    with pytest.raises(NotBegun, match="is not the one in its known_hosts"):
        await range_.ask("touch /tmp/never", changes=True)


async def test_a_revoked_host_key_is_refused(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd, known=(sshd.known + f"@revoked * {sshd.known.split(maxsplit=1)[1]}").encode())
    with pytest.raises(NotBegun, match="known_hosts"):
        await range_.ask("true")


async def test_what_this_machine_trusts_by_itself_counts_for_nothing(
    range_: Range, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the server's own known_hosts nor its settings of SSH open a way that the inventory does not."""
    home = tmp_path / ".ssh"
    home.mkdir()
    (home / "known_hosts").write_text(sshd.known)
    (home / "config").write_text("Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    range_.add("web", sshd, known=b"")
    with pytest.raises(NotBegun, match="known_hosts"):
        await range_.ask("true")


async def test_a_jump_host_carries_and_both_keys_are_checked(range_: Range, sshd: Sshd, own: Sshd) -> None:
    jump = range_.add("bastion", own).read
    range_.add("web", sshd, through=jump)
    assert (await range_.read("echo $SSH_CONNECTION")).split()[3] == str(sshd.port)
    assert range_.links.count == 2
    range_.add("other", sshd, through=replace(jump, known=b""))
    with pytest.raises(NotBegun, match="bastion"):
        await range_.ask("true", "other")


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_nobody_there_begins_nothing(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd, port=1, known=b"x")
    with pytest.raises(NotBegun, match="cannot be reached"):
        await range_.ask("true", changes=True)


async def test_a_step_over_its_limit_is_ended_there_with_all_that_it_started(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd)
    finished = await range_.ask("sleep 4711 & (trap '' TERM; sleep 4711; sleep 4711) & sleep 4711", timeout_s=1)
    assert (finished.exit_code, finished.why) == (124, "It was stopped after 1 s, the target's limit.")
    assert not list(find_running("sleep\x004711"))
    assert await range_.read("echo still") == "still\n"


async def test_whoever_lets_go_of_a_step_ends_it_there(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd)
    going = asyncio.ensure_future(range_.ask("sleep 4712", changes=True))
    while not list(find_running("sleep\x004712")):
        await asyncio.sleep(0.02)
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert not list(find_running("sleep\x004712"))


def find_running(command: str) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if (folder / "cmdline").read_text().startswith(command):
                    yield int(folder.name)
            except OSError:
                continue


@pytest.mark.parametrize("changes", [False, True])
async def test_a_machine_that_dies_in_the_middle_leaves_a_doubt(
    range_: Range, own: Sshd, tmp_path: Path, changes: bool
) -> None:
    range_.add("web", own)
    mark = tmp_path / "mark"
    going = asyncio.ensure_future(range_.ask(f"echo once >>{mark}; sleep 30", changes=changes))
    while not mark.exists():
        await asyncio.sleep(0.02)
    own.kill_connections()
    with pytest.raises(Lost, match="it may have gone on there"):
        await going
    assert mark.read_text() == "once\n"


async def test_a_machine_that_hangs_is_given_up_at_its_limit(range_: Range, own: Sshd) -> None:
    range_.add("web", own)
    await range_.ask("true")
    going = asyncio.ensure_future(range_.ask("sleep 30", timeout_s=1))
    await asyncio.sleep(0.5)
    own.kill_connections(signal.SIGSTOP)
    begun = time.monotonic()
    with pytest.raises(Lost, match="it may still run there"):
        await going
    assert time.monotonic() - begun < 12
    own.kill_connections(signal.SIGCONT)


async def test_a_gigabyte_of_output_keeps_its_head_and_tail_and_our_memory(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd, most=2**20)
    await range_.ask("true")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    finished = await range_.ask("echo first; head -c 1073741824 /dev/zero | tr '\\0' x; echo; echo last", timeout_s=300)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert finished.exit_code == 0
    kept = await range_.blobs.get(finished.stdout)
    assert (kept[:6], kept[-5:]) == (b"first\n", b"last\n")
    assert len(kept) < 2**20 + 100
    assert finished.cut > 2**30 - 2**20 - 1000
    assert grown < 100_000, f"{grown} KiB more than before"


async def test_secrets_are_taken_out_sealed_and_given_to_nobody_but_the_step(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd)
    text = await range_.originals.seal("echo password=hunter2hunter2; echo done")
    assert "hunter2" not in text
    finished = await range_.ask(text)
    assert finished.exit_code == 0
    assert "hunter2" not in finished.stdout_head
    assert b"hunter2" not in await range_.blobs.get(finished.stdout)
    assert finished.on[0].stdout_sealed == finished.stdout_sealed
    assert await range_.originals.open(finished.stdout_sealed) == b"password=hunter2hunter2\ndone\n"
    assert finished.ran_as.startswith(f"{ME}@")


# ── many at once ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_two_hundred_targets(range_: Range, sshd: Sshd) -> None:
    names = [f"validator-{at}" for at in range(1, 201)]
    for at, name in enumerate(names, 1):
        range_.add(name, sshd, host=f"127.0.0.{at}")
    finished = await range_.fan("echo ${SSH_CONNECTION% *} | cut -d' ' -f3", names, at_once=20, stops=False)
    assert isinstance(finished, StepFinished)
    assert (finished.exit_code, states(finished.on)) == (0, ["ok"] * 200)
    assert [end.head.strip() for end in finished.on] == [f"127.0.0.{at}" for at in range(1, 201)]
    assert range_.links.count == 200


async def test_one_bad_target_does_not_keep_the_others_waiting(range_: Range, sshd: Sshd, own: Sshd) -> None:
    names = [f"v{at}" for at in range(12)]
    for name in names:
        range_.add(name, sshd)
    range_.add("v3", own, connect_s=2)
    range_.add("v5", sshd, known=b"")
    await range_.ask("true", "v3")
    own.process.send_signal(signal.SIGSTOP)
    own.kill_connections(signal.SIGSTOP)
    try:
        finished = await range_.fan("echo hi", names, at_once=4, stops=False, timeout_s=2)
    finally:
        own.process.send_signal(signal.SIGCONT)
        own.kill_connections(signal.SIGCONT)
    assert isinstance(finished, StepFinished)
    expected = {"v3": "not_run", "v5": "not_run"}
    assert dict(zip(names, states(finished.on), strict=True)) == {name: expected.get(name, "ok") for name in names}
    assert finished.exit_code == 1
    assert "10 of 12" in finished.why


@pytest.mark.parametrize(
    ("fan", "expected"),
    [
        ({"order": "serial"}, ["ok", "failed", "not_run", "not_run"]),
        ({"order": "serial", "stops": False}, ["ok", "failed", "ok", "ok"]),
        ({"order": "canary", "stops": False}, ["ok", "failed", "ok", "ok"]),
        ({"order": "parallel", "at_once": 4}, ["ok", "failed", "ok", "ok"]),
        ({"order": "parallel", "at_once": 1}, ["ok", "failed", "not_run", "not_run"]),
    ],
)
async def test_the_order_and_the_stop(
    range_: Range, sshd: Sshd, tmp_path: Path, fan: dict[str, Any], expected: list[str]
) -> None:
    names = ["a", "b", "c", "d"]
    for name in names:
        range_.add(name, sshd, env={"NAME": name})
    text = f"echo $NAME >>{tmp_path / 'done'}; [ $NAME != b ]"
    finished = await range_.fan(text, names, changes=True, **fan)
    assert states(finished.on) == expected
    done = (tmp_path / "done").read_text().split()
    assert sorted(done) == [name for name, state in zip(names, expected, strict=True) if state != "not_run"]
    if fan["order"] == "serial":
        assert done == sorted(done)


async def test_the_canary_that_does_not_do_well_keeps_all_others_back(
    range_: Range, sshd: Sshd, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        range_.add(name, sshd, env={"NAME": name})
    finished = await range_.fan("[ $NAME != a ]", ["a", "b", "c"], changes=True, order="canary", stops=False)
    assert states(finished.on) == ["failed", "not_run", "not_run"]


async def test_one_that_dies_leaves_the_whole_change_in_doubt_and_says_where(
    range_: Range, sshd: Sshd, own: Sshd, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    range_.add("a", sshd)
    range_.add("b", own)
    going = asyncio.ensure_future(
        range_.fan(f"echo >>{mark}; [ ${{SSH_CONNECTION##* }} = {sshd.port} ] || sleep 30", ["a", "b"], changes=True)
    )
    while not mark.exists() or len(mark.read_text()) < 2:
        await asyncio.sleep(0.02)
    own.kill_connections()
    outcome = await going
    assert isinstance(outcome, StepInDoubt)
    assert states(outcome.on) == ["ok", "in_doubt"]
    assert "b (in doubt)" in outcome.why
    assert len(mark.read_text()) == 2, "nothing was run twice"


async def test_all_go_at_the_same_moment_or_none(range_: Range, sshd: Sshd, own: Sshd, tmp_path: Path) -> None:
    names = [f"v{at}" for at in range(8)]
    for name in names:
        range_.add(name, sshd)
    finished = await range_.fan("date +%s%N", names, changes=True, together=True)
    assert states(finished.on) == ["ok"] * 8
    moments = [int(end.head) / 1e9 for end in finished.on]
    assert max(moments) - min(moments) < 1.0
    range_.add("v7", sshd, known=b"")
    mark = tmp_path / "mark"
    with pytest.raises(NotBegun, match="v7 is not ready"):
        await range_.fan(f"touch {mark}", names, changes=True, together=True)
    assert not mark.exists()


async def test_a_container_is_entered_by_its_tool(range_: Range, sshd: Sshd, tmp_path: Path) -> None:
    """The tool here only shows what it is given, then does as a container's shell would."""
    tool = tmp_path / "docker"
    tool.write_text('#!/bin/sh\necho "$@"\nwhile [ "$1" != sh ]; do shift; done\nexec "$@"\n')
    tool.chmod(0o755)
    range_.add("host", sshd, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    range_.spots["team/web"] = Within(
        on="team/host",
        read=("docker", "exec", "-i", "--user", "nobody", "shop web", "sh", "-s"),
        change=None,
        env={"REGION": "it's"},
    )
    finished = await range_.ask('echo "$REGION $VALUE"; cat', bindings={"VALUE": "$(id)"})
    assert (await range_.blobs.get(finished.stdout)).decode() == "exec -i --user nobody shop web sh -s\nit's $(id)\n"
    assert finished.on[0].target == "team/web"
    with pytest.raises(NotBegun, match="may change"):
        await range_.ask("true", changes=True)
