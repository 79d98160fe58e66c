"""Steps never see the world as the server does: bubblewrap where it works, an own uid where the server is root.

Either keeps the data directory, the workspace's secrets and the usual places of credentials from being read, and
settings and playbooks from being altered. Neither is believed: before anything runs in a box, a step's own identity
tries in it to read and to alter what it must not. Where nothing holds, nothing runs and the sentence says what to mend.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import inspect
import logging
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from tocsin.integrations import doorway, leash, sieve
from tocsin.integrations.box import (
    Box,
    Mount,
    find_kept,
    find_mount,
    find_pins,
    is_within,
    plan_mounts,
    spell_mounts,
    trace,
)
from tocsin.integrations.doors import OPEN, Scout
from tocsin.integrations.passage import Passage, open_passage
from tocsin.integrations.scratch import PLACES, TMP, VAR_TMP
from tocsin.integrations.sockets import RUN, SHOWN, find_sockets, names_socket

STEP_UID = 64420
"""The uid of steps where the server is root: nobody's on Debian, outside the range of people."""

CREDENTIALS = (".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".config/gcloud", ".netrc", ".pgpass")
"""Places below the home directory where programs keep what identifies a person."""

HANDED_OVER = (Path("/run/secrets"), Path("/run/credentials"))
"""Where containers and systemd hand secrets to programs."""

MACHINES = "/usr/bin/python3"
OF_THE_USER = (Path("/run/user"),)
"""Agents, key rings and session buses of whoever is signed in."""

PROOF_S = 20.0
STARTS_S = 5.0
"""How long is waited for an interpreter to say how old it is."""
_STARTS: dict[str, bool] = {}
"""Which interpreters have said that they are new enough for the fence, or too old."""
LOG = logging.getLogger("tocsin.isolation")
MOST_TRIED = 40
"""How many files of each private folder a proof tries to read: folders are shut as a whole."""

APART = ("--die-with-parent", "--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts")

NETWORK_OPEN = (
    "This machine gives a step no network of its own, so what a read reaches cannot be bounded. Install bubblewrap and "
    'allow it network namespaces, or accept that reads reach everything: network = "open" in the target\'s settings.'
)

NO_NETWORK = ("--unshare-net",)

PROOF = """\
cd . || exit 1
[ "$1" = 0 ] || { (exec 3<>/dev/tcp/127.0.0.1/$1) 2>/dev/null && printf 'reach 127.0.0.1:%s\\n' "$1"; }
shift
while [ "$1" != -- ]; do [ -f "$1" ] && [ -r "$1" ] && printf 'read %s\\n' "$1"; shift; done
for each; do
  { [ -f "$each" ] || [ -d "$each" ]; } && [ -w "$each" ] && [ ! -k "$each" ] && printf 'alter %s\\n' "$each"
done
exit 7
"""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything of a box is: the box with what the machine's people keep out of it too, the places that its
    scratch has, the folders in them that stay, and the mounts.
    """

    box: Box
    kept: tuple[Path, ...]
    pins: tuple[Path, ...]
    mounts: dict[Path, Mount]


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """A way to isolate.

    `uid` is the identity of steps (null: the server's own); `bwrap` the program, if it works; `sized` whether that is
    new enough to bound the memory behind a step's `/tmp`; `staged` whether root may put a step's scratch in its place,
    which the steps' own uid cannot reach, and `alone` whether also processes and shared memory of its own, and a disk
    that a read cannot alter; `apart` whether root may give a step a network of its own.
    """

    bwrap: str | None = None
    uid: int | None = None
    sized: bool = False
    staged: bool = False
    alone: bool = False
    apart: bool = False

    def lay_out(self, box: Box) -> Layout:
        """Where everything of a box is at this moment."""
        tight = self.narrow(box)
        kept = find_kept(tight)
        if TMP not in kept or (self.uid is not None and not self.staged):
            tight, kept = msgspec.structs.replace(tight, scratch=None), ()
        pins = find_pins(tight, kept)
        mounts = {} if self.bwrap is None else plan_mounts(tight, self.uid, kept, pins)
        return Layout(box=tight, kept=kept, pins=pins, mounts=mounts)

    def wrap(
        self, argv: Sequence[str], box: Box, passage: Passage | None = None, layout: Layout | None = None
    ) -> tuple[list[str], dict[str, Any]]:
        """The command and the keyword arguments for spawning it, isolated; `passage` is its way to what its box may
        reach, `layout` the box's, if that is at hand.
        """
        spawn: dict[str, Any] = {"cwd": box.directory, "start_new_session": True}
        layout = layout or self.lay_out(box)
        scratch = box.scratch if layout.kept else None
        stage = self._stage(layout, scratch)
        door = self._find_doorway(box, passage)
        if self.bwrap is None:
            return [*door, *stage, *argv], spawn
        leashed = self.uid is not None and (scratch or door)
        if self.uid is not None and not leashed:
            spawn |= {"user": self.uid, "group": self.uid, "extra_groups": []}
        mounts = spell_mounts(layout.mounts, sized=self.sized, scratch=None if self.uid is not None else scratch)
        net = NO_NETWORK if box.network != OPEN and not door else ()
        given = (*passage.spell_hosts(), *passage.spell_sieve(mute=layout.box.mute)) if passage else ()
        fence = spell_fence(layout) if passage and not leashed and box.network == OPEN else []
        inside = [*net, *mounts, *given, "--chdir", str(box.directory.resolve()), "--", *fence, *argv]
        return [*door, *(stage if leashed else ()), self.bwrap, *APART, *inside], spawn

    def _find_doorway(self, box: Box, passage: Passage | None) -> list[str]:
        """The command that goes before another to give it a network of its own, where bubblewrap cannot do that."""
        if box.network == OPEN or (self.bwrap is not None and (passage is None or not passage.places)):
            return []
        fd, places = (str(passage.fd), passage.places) if passage else ("-", ())
        return [find_python(), "-IS", doorway.__file__, fd, *places, "--"]

    def keeps(self, box: Box) -> bool:
        """Whether what a step in this box writes to `/tmp` can be kept."""
        return bool(self.lay_out(box).kept)

    def _stage(self, layout: Layout, scratch: Path | None) -> list[str]:
        """The command that goes before another to make it the steps' uid, with the scratch in its place."""
        kept = [f"--at={scratch / PLACES[place]}={place}" for place in layout.kept if scratch]
        pins = [f"--pin={pin}" for pin in layout.pins]
        sifted = [f"--sieve={sieve.spell(has_files=not layout.box.mute).hex()}"] if self.bwrap is None else []
        still = [] if layout.box.writable or not layout.kept else ["--still"]
        alone = ["--alone", *still] if self.alone and self.bwrap is None else []
        return [find_python(), "-IS", leash.__file__, *alone, *kept, *pins, *sifted, str(self.uid)]

    def narrow(self, box: Box) -> Box:
        """The box, with what this machine's people keep out of it too: a credential only comes in by its own name.

        Where steps are the server's own user, the whole home directory is hidden; another uid is kept out of it by its
        permissions.
        """
        given = [path.resolve() for path in box.readable]
        credentials = [home / name for home in find_homes() for name in CREDENTIALS]
        kept = tuple(each for each in credentials if not any(is_within(path, [each.resolve()]) for path in given))
        own = (*OF_THE_USER, *find_homes()) if self.uid is None else ()
        bound = not box.sockets and self.bwrap is not None
        return msgspec.structs.replace(
            box,
            private=(*box.private, *kept),
            concealed=(*box.concealed, *HANDED_OVER, *own, *((RUN,) if bound else ())),
            shut=find_sockets(box.readable) if bound else (),
            readable=(*(SHOWN if bound else ()), *box.readable),
            mute=not box.sockets and not names_socket(box.readable),
        )


def find_python() -> str:
    """The interpreter that this one is, or the machine's where steps cannot get at that: what it runs suits either."""
    return next((each for each in (sys.executable, MACHINES) if os.access(each, os.X_OK)), sys.executable)


def find_inside(layout: Layout) -> str:
    """An interpreter that can be started in the box: this one, or the machine's."""
    real = Path(os.path.realpath(sys.executable))
    seen = find_mount(layout.mounts, real) in (Mount.SEEN, Mount.OPEN)
    return str(real) if seen and _is_for_all(real) else MACHINES


def _is_for_all(path: Path) -> bool:
    """Whether whoever a step is may come to it."""
    try:
        return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))
    except OSError:
        return False


def spell_fence(layout: Layout) -> list[str]:
    """The command that goes before another in a box with the machine's network, to keep it from what is only a name
    there; nothing where the kernel knows no fence, or no interpreter that starts it is to be had in the box.
    """
    if not _knows_fence():
        return []
    python = find_inside(layout)
    is_fit = os.access(python, os.X_OK) and _STARTS.get(python, True)
    return [python, "-IS", "-c", inspect.getsource(sieve)] if is_fit else []


async def learn_fence(layout: Layout) -> None:
    """Ask the interpreter of a fence how old it is, beside all else; an answer is kept for as long as this runs.

    One that does not answer in time, or that a short machine could not start, is taken for new enough and asked again.
    """
    fenced = bool(layout.mounts) and layout.box.network == OPEN and _knows_fence()
    python = find_inside(layout) if fenced else ""
    if not python or python in _STARTS or python == os.path.realpath(sys.executable) or not os.access(python, os.X_OK):
        return
    asked = [python, "-IS", "-c", "import sys; sys.exit(sys.version_info < (3, 6))"]
    try:
        ended = await asyncio.to_thread(subprocess.run, asked, capture_output=True, timeout=STARTS_S, check=False)
        _STARTS[python] = ended.returncode == 0
    except subprocess.TimeoutExpired:
        return
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
            return
        _STARTS[python] = False
    if not _STARTS[python]:
        LOG.warning(
            "%s does not start as Python 3.6 or newer, so that changes with an open network reach sockets of this "
            "machine that have only a name. Install a newer one, or say in the settings what changes reach: "
            "`change_network` of the target.",
            python,
        )


@functools.cache
def _knows_fence() -> bool:
    """Asked once: a kernel learns nothing."""
    return sieve.knows_fence()


def find_homes() -> tuple[Path, ...]:
    """The home directory by the environment and by the list of users."""
    try:
        listed = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        listed = ""
    homes = dict.fromkeys(Path(each) for each in (os.environ.get("HOME", ""), listed))
    return tuple(home for home in homes if home.is_absolute() and home.resolve() != Path("/"))


async def find_isolation(boxes: Sequence[Box]) -> Isolation | str:
    """The best isolation that holds for some of these boxes, or the sentence that says why there is none."""
    uid = STEP_UID if os.geteuid() == 0 else None
    bwrap = shutil.which("bwrap")
    alone = uid is not None and await _may_stage(uid, "--alone", "--still")
    staged = uid is not None and (alone or await _may_stage(uid))
    apart = uid is not None and await _may_leave_network()
    best = Isolation(uid=uid, staged=staged, alone=alone, apart=apart)
    tried = [msgspec.structs.replace(best, bwrap=bwrap, sized=await _knows_size(bwrap))] if bwrap else []
    tried += [best] if uid is not None else []
    why = "install bubblewrap (and allow user namespaces)."
    for isolation in tried:
        doubts = [await find_doubt(isolation, box) for box in boxes]
        if not all(doubts):
            return isolation
        why = doubts[0]
    return f"Steps cannot be isolated here, so none runs: {why}"


async def find_doubt(isolation: Isolation, box: Box) -> str:
    """Why steps in this box would not be isolated, or could not run at all; empty if all holds."""
    if box.network != OPEN and isolation.bwrap is None and not isolation.apart:
        return NETWORK_OPEN
    try:
        async with open_passage(box.network, Scout()) as passage:
            code, found, said = await _prove(isolation, box, passage)
    except TimeoutError:
        code, found, said = None, "", f"no answer within {PROOF_S:g} s"
    except OSError as error:
        code, found, said = None, "", f"{error.strerror}"
    if code != 7:
        return _explain(isolation, box, said)
    return _explain_leak(isolation, *found.split(" ", 1)) if found else ""


async def _prove(isolation: Isolation, box: Box, passage: Passage) -> tuple[int | None, str, str]:
    """Have a step's own identity try in the box what it must not be able to do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        layout = isolation.lay_out(box)
        await learn_fence(layout)
        argv, spawn = isolation.wrap(spell_proof(isolation, box, server.getsockname()[1]), box, passage, layout)
        return await _try(argv, {**spawn, "pass_fds": passage.fds})


def spell_proof(isolation: Isolation, box: Box, port: int) -> list[str]:
    """The command of a proof: it prints what it could do, and ends with 7. Somebody of this machine listens at
    `port`.
    """
    files = list(dict.fromkeys(_find_files(isolation.narrow(box).private)))
    sealed = map(str, _find_sealed(isolation, box))
    reached = "0" if box.network == OPEN else str(port)
    return ["/bin/bash", "--noprofile", "--norc", "-c", PROOF, "bash", reached, *files, "--", *sealed]


async def _try(argv: Sequence[str], spawn: dict[str, Any]) -> tuple[int | None, str, str]:
    """Run a proof: its exit code, the first line that it prints, and the last that it complains with."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **spawn
    )
    try:
        async with asyncio.timeout(PROOF_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    lines = err.decode(errors="replace").strip().splitlines()
    return process.returncode, out.decode(errors="replace").partition("\n")[0], lines[-1] if lines else "no word why"


def _find_files(places: Sequence[Path]) -> Iterator[str]:
    """Some of the private files in each place, by the name given and by where they really are."""
    for place in places:
        for spelled in dict.fromkeys((place, place.resolve())):
            files = (os.path.join(folder, name) for folder, _, names in os.walk(spelled) for name in names)  # noqa: PTH118
            yield from [str(spelled)] if spelled.is_file() else islice(files, MOST_TRIED)


def _find_sealed(isolation: Isolation, box: Box) -> Iterator[Path]:
    """What must not be altered; without mounts also the folders above it, which could be moved away with it.

    In a folder with the sticky bit, as `/tmp` is, only the owner moves what is there.
    """
    for path in box.guarded:
        yield from (path, path.resolve())
        if isolation.bwrap is None:
            ways = (path, path.resolve(), *trace(path))
            yield from dict.fromkeys(folder for way in ways for folder in way.parents)


def _explain(isolation: Isolation, box: Box, said: str) -> str:
    directory = box.directory
    if "seccomp" in said.lower():
        return f"this kernel lets nobody take calls away from a step ({said}). Let the server use seccomp filters."
    if box.network != OPEN and any(word in said.lower() for word in ("network", "loopback", "rtm_")):
        return f"{NETWORK_OPEN} ({said})"
    if isolation.uid is None:
        return f"{directory} cannot be used ({said})."
    return (
        f"uid {isolation.uid} cannot enter {directory} ({said}). Make the folder and those above it "
        "accessible (chmod o+x), or give the target another `directory`."
    )


def _explain_leak(isolation: Isolation, what: str, path: str) -> str:
    who = "a step" if isolation.uid is None else f"a step (uid {isolation.uid})"
    if what == "reach":
        return f"{who} could connect to {path}, which is not declared. {NETWORK_OPEN}"
    way = "go-rwx" if what == "read" else "go-w"
    return f"{who} could {what} {path}. Take that right away (chmod {way}, and mind its owner), or install bubblewrap."


async def _knows_size(bwrap: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        bwrap, "--help", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    out, _ = await process.communicate()
    return b"--size" in out


async def _may_stage(uid: int, *more: str) -> bool:
    """Whether this machine lets root mount in a namespace of a step's own: a container often may not."""
    command = [sys.executable, "-IS", leash.__file__, *more, f"--at={VAR_TMP}={VAR_TMP}", str(uid), "/bin/true"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return await process.wait() == 0


async def _may_leave_network() -> bool:
    """Whether this machine lets root give a step a network of its own."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-IS", doorway.__file__, "-", "--", "/bin/true"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait() == 0
