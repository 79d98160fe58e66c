"""Steps on other machines, against a real sshd: who is believed, what is said, and what is known when it goes wrong."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.sshd import ME, Sshd

from tocsin.errors import NotBegun
from tocsin.integrations.ssh import session
from tocsin.integrations.ssh.program import quote
from tocsin.integrations.ssh.session import Lost, _Session
from tocsin.integrations.ssh.way import Way

from .remote import KEY, Range, own, range_, sshd

__all__ = ["own", "range_", "sshd"]

pytestmark = pytest.mark.needs("sshd")


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


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("plain", [False, True])
async def test_values_arrive_as_they_are_and_nothing_in_them_is_run(
    range_: Range, sshd: Sshd, tmp_path: Path, changes: bool, plain: bool
) -> None:
    """Whatever shell they are for: that of sshd itself reads only what is `plain`."""
    here = tmp_path / "here"
    range_.add("web", sshd, directory=str(tmp_path))
    values = [value.replace("HERE", str(here)) for value in HOSTILE if value.isascii() or not plain]
    names = {f"V{at}": value for at, value in enumerate(values)}
    text = "printf '%s\\0' " + " ".join(f'"${name}"' for name in names) + " | base64 -w0"
    finished = await range_.ask(text, bindings=names, changes=changes)
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


@pytest.mark.parametrize("changes", [False, True])
async def test_nothing_of_a_step_stands_in_a_command_line(range_: Range, sshd: Sshd, changes: bool) -> None:
    range_.add("web", sshd)
    text = "tr '\\0' ' ' </proc/$$/cmdline; echo; echo $SECRETLY >/dev/null"
    found = await range_.read(text, bindings={"SECRETLY": "hunter2"}, changes=changes)
    assert "hunter2" not in found
    assert "SECRETLY" not in found
    assert found.strip() == "bash --noprofile --norc -s" if changes else found.startswith("bash -c [[ ")


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


LONG = f"4711.{os.getpid()}"
"""How long a nap is that nobody else of this machine takes at the moment."""


async def test_a_step_over_its_limit_is_ended_there_with_all_that_it_started(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd)
    finished = await range_.ask(
        f"sleep {LONG} & (trap '' TERM; sleep {LONG}; sleep {LONG}) & sleep {LONG}", timeout_s=1
    )
    assert (finished.exit_code, finished.why) == (124, "It was stopped after 1 s, the target's limit.")
    await end_of_naps()
    assert await range_.read("echo still") == "still\n"


@pytest.mark.parametrize("changes", [False, True])
async def test_whoever_lets_go_of_a_step_ends_it_there(range_: Range, sshd: Sshd, changes: bool) -> None:
    range_.add("web", sshd)
    going = asyncio.ensure_future(range_.ask(f"sleep {LONG}", changes=changes, timeout_s=300))
    while not list(find_running(f"sleep\x00{LONG}")):
        assert not going.done()
        await asyncio.sleep(0.02)
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    await end_of_naps()


@pytest.mark.parametrize("sent", [False, True])
async def test_whoever_lets_go_before_it_has_answered_leaves_nothing_there(
    range_: Range, sshd: Sshd, sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read is sent before anybody has said that there is a shell for it: just before that, and just after."""
    range_.add("web", sshd)
    await range_.ask("true")
    give = _Session._give

    def let_go(begun: _Session, channel: Any) -> None:
        if sent:
            give(begun, channel)
        going.cancel()

    monkeypatch.setattr(_Session, "_give", let_go)
    going = asyncio.ensure_future(range_.ask(f"sleep {LONG}"))
    monkeypatch.setattr(session, "END_S", 120.0)
    async with asyncio.timeout(60):  # whose end nobody answers is waited for twice as long
        with pytest.raises(asyncio.CancelledError):
            await going
    monkeypatch.undo()
    await range_.ask("true")
    await end_of_naps()


async def end_of_naps() -> None:
    """Whoever was killed is gone soon; whoever was not sleeps on for more than an hour."""
    async with asyncio.timeout(60):
        while list(find_running(f"sleep\x00{LONG}")):
            await asyncio.sleep(0.02)


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
    assert await begins(going, mark)
    own.kill_connections()
    with pytest.raises(Lost, match="it may have gone on there"):
        await going
    assert mark.read_text() == "once\n"


async def begins(going: asyncio.Future[Any], mark: Path) -> bool:
    """Wait until a step has left its mark; false if it has ended before."""
    while not (mark.exists() and mark.read_text()):
        if going.done():
            return False
        await asyncio.sleep(0.02)
    return True


async def test_a_machine_that_hangs_is_given_up_at_its_limit(range_: Range, own: Sshd, tmp_path: Path) -> None:
    range_.add("web", own)
    await range_.ask("true")
    mark = tmp_path / "mark"
    for limit_s in (4, 20, 60):  # a machine that does other things may not have come so far
        going = asyncio.ensure_future(range_.ask(f"echo begun >>{mark}; sleep 300", timeout_s=limit_s))
        if await begins(going, mark):
            break
    own.kill_connections(signal.SIGSTOP)
    async with asyncio.timeout(60):
        with pytest.raises(Lost, match="it may still run there"):
            await going
    own.kill_connections(signal.SIGCONT)


FLOOD = 2**30 if os.environ.get("TOCSIN_TORTURE") == "all" else 2**28


def read_status(name: str) -> int:
    """A line of this process's own status, in KiB."""
    return int(re.findall(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)[0])


async def test_a_flood_of_output_keeps_its_head_and_tail_and_our_memory(range_: Range, sshd: Sshd) -> None:
    """A gigabyte in `make torture`, a quarter of it elsewhere. What was used before the flood does not count."""
    range_.add("web", sshd, most=2**20)
    await range_.ask("true")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the most that was ever used
    before = read_status("VmRSS")
    finished = await range_.ask(f"echo first; head -c {FLOOD} /dev/zero | tr '\\0' x; echo; echo last", timeout_s=300)
    grown = read_status("VmHWM") - before
    assert finished.exit_code == 0
    kept = await range_.blobs.get(finished.stdout)
    assert (kept[:6], kept[-5:]) == (b"first\n", b"last\n")
    assert len(kept) < 2**20 + 100
    assert finished.cut > FLOOD - 2**20 - 1000
    assert grown < 100_000, f"{grown} KiB more than before"


async def test_secrets_are_taken_out_sealed_and_given_to_nobody_but_the_step(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd)
    text = await range_.originals.seal("echo password=hunter2hunter2; echo done", KEY.stream)
    assert "hunter2" not in text
    finished = await range_.ask(text)
    assert finished.exit_code == 0
    assert "hunter2" not in finished.stdout_head
    assert b"hunter2" not in await range_.blobs.get(finished.stdout)
    assert finished.on[0].stdout_sealed == finished.stdout_sealed
    assert await range_.originals.open(finished.stdout_sealed) == b"password=hunter2hunter2\ndone\n"
    assert finished.ran_as.startswith(f"{ME}@")
