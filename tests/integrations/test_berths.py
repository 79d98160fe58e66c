"""Boxes that are kept: what a statement does in there the next does not find, and one that has changed is not used."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tocsin.integrations import berths, usher
from tocsin.integrations.berth import Berth
from tocsin.integrations.isolation import Isolation

from .bench import Bench, set_up

Made = list[tuple[Berth, "subprocess.Popen[bytes]"]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """The boxes that were made to be kept, with their processes."""
    found: Made = []
    start, popen = berths.start, subprocess.Popen
    processes: list[subprocess.Popen[bytes]] = []

    def note_process(*args: Any, **how: Any) -> subprocess.Popen[bytes]:
        processes.append(popen(*args, **how))
        return processes[-1]

    def note(*args: Any) -> Berth:
        with monkeypatch.context() as patched:
            patched.setattr(subprocess, "Popen", note_process)
            found.append((start(*args), processes[-1]))
        return found[-1][0]

    monkeypatch.setattr(berths, "start", note)
    return found


@pytest.fixture
async def kept(ground: Path, place: Path, made: Made) -> Bench:
    """A bench that has kept its box for a first statement."""
    bench = await set_up("found", ground, place)
    assert (await bench.run("true", changes=True)).exit_code == 0
    if not made or made[0][0].is_stale:
        pytest.skip("no box can be kept on this machine")
    return bench


LOOK = r"""
ulimit -a; nice; cat /proc/self/oom_score_adj
grep -E '^(Cpus_allowed|Sig(Ign|Blk)|Cap...|NoNewPrivs|Seccomp|Groups|[UG]id):' /proc/self/status
(set -- /proc/[0-9]*; echo $#); ls -A /dev/shm /dev/pts; tail -n +2 /proc/sysvipc/*
cut -d' ' -f5- /proc/self/mountinfo | sed 's/master:[0-9]*//'
cat /proc/net/unix | tail -n +2; cat /proc/net/tcp | tail -n +2; hostname; ls /proc/self/fd; env | sort; pwd; id; umask
perl -e '($t, $n) = qw(user left); print syscall(250, 10, $_, $t, $n, 0), " " for -5 .. -3'  # no key is found
chrt -p $$ 2>/dev/null | sed 's/pid [0-9]*//'; ionice -p $$; readlink /proc/self/ns/* | sort | cut -d: -f1
"""

ATTACKS = {
    "processes that stay": "(setsid sleep 300 &) >/dev/null 2>&1; nohup sleep 300 >/dev/null 2>&1 & disown; true",
    "a fork bomb": "f() { f | f & }; ulimit -u 200; f 2>/dev/null; sleep 0.2; true",
    "signals to the first process": "trap '' TERM; for each in INT TERM HUP STOP KILL; do kill -$each 1; done; true",
    "signals to all": "trap '' TERM INT; kill -INT -1; kill -INT 0; true",
    "bounds of the first process": "for each in nofile fsize nproc cpu as; do prlimit --pid 1 --$each=3:3; done; true",
    "its place in the queue": "renice 19 1; taskset -p 1 1; chrt -i -p 0 1; ionice -c 3 -p 1; true",
    "memory that is shared": "echo x > /dev/shm/x; ipcmk -M 100000; ipcmk -Q; ipcmk -S 3; chmod 0 /dev/shm; true",
    "descriptors": 'ulimit -n 512; for i in {10..500}; do eval "exec $i</dev/null"; done; true',
    "mounts": (
        "unshare -Urm sh -c 'umount -l /proc; umount -l /dev/shm; mount -t tmpfs x /usr; sleep 300'"
        " & sleep 0.3; umount -l /proc; mount -t tmpfs x /mnt; mount -o remount,rw /; true"
    ),
    "what the first process holds": (
        "for fd in {0..40}; do echo 'end 0' > /proc/1/fd/$fd; echo 'end 0' >&$fd; done 2>/dev/null; "
        "cat /proc/1/environ /proc/1/mem; echo 5 > /proc/1/oom_score_adj; exit 3"
    ),
    "its trace": (
        "perl -e 'require \"syscall.ph\"' 2>/dev/null; perl -e 'exit(syscall(101, 16, 1, 0, 0) == 0 ? 9 : 0)'"
        " || echo traced"
    ),
    "names": "hostname else; domainname else; echo else > /proc/sys/kernel/hostname; true",
    "a key": (
        "perl -e '($t, $n) = qw(user left); syscall(248, $t, $n, $n, 4, $_) for -5 .. -3; "
        "exit(syscall(250, 10, -4, $t, $n, 0) > 0 ? 9 : 0)'"  # a step has no keys at all: see `sieve`
    ),
    "the memory of the first process": (
        'perl -e \'$b = "\\0" x 8; $near = pack("Q2", unpack("Q", pack("p", $b)), 8); '
        '$far = pack("Q2", 0x400000, 8); exit(syscall(310, 1, $near, 1, $far, 1, 0) > 0 ? 9 : 0)\' || echo traced'
    ),
    "the rest of a connection": (
        'perl -MIO::Socket::INET -e \'$to = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die; '
        '$from = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $to->sockport) or die; '
        "$at = $to->accept; close $from; close $at'; grep -q ' 06 ' /proc/net/tcp"
    ),
    "listening": (
        "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(Listen=>1,LocalPort=>6666) or die; sleep 300' & sleep 0.3"
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.own_tmp
async def test_the_next_statement_finds_all_as_it_was(attack: str, kept: Bench, made: Made) -> None:
    before = await kept.out(await kept.run(LOOK))
    finished = await kept.run(f"exec 2>/dev/null; {ATTACKS[attack]}")
    assert "traced" not in await kept.out(finished)
    assert finished.exit_code == (
        3 if "exit 3" in ATTACKS[attack] else 0 if attack != "signals to all" else finished.exit_code
    )
    after = await kept.run(LOOK)
    assert after.exit_code == 0
    assert await kept.out(after) == before
    assert len({id(berth) for berth, _ in made}) == 2, "one for what changes, one for what reads; none made anew"


@pytest.mark.own_tmp
async def test_it_finds_what_it_would_in_a_box_of_its_own(
    kept: Bench, ground: Path, place: Path, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for what is mounted over, and for the order of it."""
    kept_look = await kept.out(await kept.run(LOOK))

    async def find_none(*given: object) -> None:
        return

    monkeypatch.setattr(berths.Berths, "find", find_none)
    own_look = await kept.out(await kept.run(LOOK, incident="team-9"))
    assert set(kept_look.splitlines()) ^ set(own_look.splitlines()) == set()


async def test_a_statement_sees_nothing_of_another_that_runs(kept: Bench, made: Made) -> None:
    """But what both have of the incident: its `/tmp`."""
    wait = (
        "echo mine > /dev/shm/mine; touch /tmp/here; while [ ! -e /tmp/looked ]; do sleep 0.02; done; cat /tmp/looked"
    )
    look = (
        "while [ ! -e /tmp/here ]; do sleep 0.02; done; ls /proc | grep -c '^[0-9]' >&2; ls -A /dev/shm; "
        "kill -9 -1; pkill -9 sleep; ls /proc/*/cwd 2>/dev/null | wc -l; echo yes > /tmp/looked"
    )
    waited, looked = await asyncio.gather(kept.run(wait), kept.run(look, incident="team-1"))
    assert (await kept.out(waited), waited.exit_code) == ("yes\n", 0)
    assert "mine" not in await kept.out(looked)
    assert len(made) == 2


@pytest.mark.own_tmp
async def test_what_must_be_hidden_is_hidden_also_when_it_is_put_there_anew(
    ground: Path, place: Path, made: Made
) -> None:
    """The folder that the box hides is moved away, and another is there under its name: no mount hides that one."""
    keys = place / "keys"
    keys.mkdir()
    (keys / "first").write_text("a key")
    bench = await set_up("found", ground, place)
    look = "cat keys/* keys.old/*; ls keys"
    assert await bench.out(await bench.run(look, changes=True)) == ""
    if not made:
        pytest.skip("no box can be kept on this machine")
    keys.rename(place / "keys.old")
    keys.mkdir()
    (keys / "second").write_text("another")
    said = await bench.out(await bench.run(look, changes=True))
    assert "second" not in said
    assert "another" not in said
    assert len(made) == 2


async def test_a_box_that_has_ended_is_made_anew(kept: Bench, made: Made) -> None:
    made[0][1].kill()
    made[0][1].wait()
    assert (await kept.run("true", changes=True)).exit_code == 0
    assert len(made) == 2


async def test_what_the_machine_mounts_later_has_a_box_made_anew(
    kept: Bench, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = usher.read_mounts()
    assert (await kept.run("true", changes=True)).exit_code == 0
    assert len(made) == 1
    monkeypatch.setattr(usher, "read_mounts", lambda: before + b"999 1 0:99 / /srv/new rw - nfs srv:/new rw\n")
    assert (await kept.run("true", changes=True)).exit_code == 0
    assert len(made) == 2


async def test_what_runs_when_its_box_is_ended_has_begun_and_was_killed(kept: Bench, made: Made, place: Path) -> None:
    running = asyncio.ensure_future(kept.run("echo x >> begun; sleep 100", changes=True, timeout_s=60))
    while not ((place / "begun").exists() and (place / "begun").read_text()):
        assert not running.done()
        await asyncio.sleep(0.01)
    os.killpg(made[0][1].pid, signal.SIGKILL)
    finished = await running
    assert finished.exit_code == 128 + signal.SIGKILL
    assert (place / "begun").read_text() == "x\n"


async def test_where_none_can_be_kept_each_statement_has_one_of_its_own(
    ground: Path, place: Path, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(berths, "find_inside", lambda layout: "/bin/false")
    bench = await set_up("found", ground, place)
    assert [(await bench.run("true", changes=True)).exit_code for _ in range(3)] == [0, 0, 0]
    assert len(made) <= 1


async def test_a_box_in_which_a_proof_finds_something_is_not_kept(
    ground: Path, place: Path, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(berths, "spell_proof", lambda *given: ["/bin/echo", "alter /"])
    bench = await set_up("found", ground, place)
    assert (await bench.run("true", changes=True)).exit_code == 0
    assert all(process.poll() is not None for _, process in made)


async def test_no_more_boxes_are_kept_than_there_is_room_for_and_none_for_ever(
    kept: Bench, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(berths, "MOST", 2)
    for number in range(2, 5):
        assert (await kept.run("true", changes=True, incident=f"team-{number}")).exit_code == 0
    assert [process.poll() is None for _, process in made] == [False, False, True, True]
    monkeypatch.setattr(berths, "IDLE_S", -1.0)
    kept.shell.boxes.sweep()
    assert not any(process.poll() is None for _, process in made)


async def test_boxes_of_two_incidents_are_not_one(kept: Bench, made: Made) -> None:
    await kept.run("echo mine > /tmp/mine", changes=True)
    other = await kept.run("ls /tmp", changes=True, incident="team-2")
    assert "mine" not in await kept.out(other)
    assert len(made) == 2


def test_without_bubblewrap_none_is_kept(place: Path) -> None:
    isolation = Isolation(uid=1)
    assert asyncio.run(berths.Berths().find(isolation, None, None)) is None  # type: ignore[arg-type]
