"""Steps never see the world as the server does: bubblewrap where it works, an own uid where the server is root.

Either keeps the data directory, the workspace's secrets and the usual places of credentials from being read, and
settings and playbooks from being altered. Neither is believed: before anything runs in a box, a step's own identity
tries in it to read and to alter what it must not. Where nothing holds, nothing runs and the sentence says what to mend.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from tocsin.integrations import leash
from tocsin.integrations.box import Box, find_kept, find_pins, is_within, plan_mounts, spell_mounts, trace
from tocsin.integrations.scratch import PLACES, TMP, VAR_TMP

STEP_UID = 64420
"""The uid of steps where the server is root: nobody's on Debian, outside the range of people."""

CREDENTIALS = (".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".config/gcloud", ".netrc", ".pgpass")
"""Places below the home directory where programs keep what identifies a person."""

HANDED_OVER = (Path("/run/secrets"), Path("/run/credentials"))
"""Where containers and systemd hand secrets to programs."""

OF_THE_USER = (Path("/run/user"),)
"""Agents, key rings and session buses of whoever is signed in."""

PROOF_S = 20.0
MOST_TRIED = 40
"""How many files of each private folder a proof tries to read: folders are shut as a whole."""

APART = ("--die-with-parent", "--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts")

PROOF = """\
cd . || exit 1
while [ "$1" != -- ]; do [ -f "$1" ] && [ -r "$1" ] && printf 'read %s\\n' "$1"; shift; done
for each; do
  { [ -f "$each" ] || [ -d "$each" ]; } && [ -w "$each" ] && [ ! -k "$each" ] && printf 'alter %s\\n' "$each"
done
exit 7
"""


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """A way to isolate.

    `uid` is the identity of steps (null: the server's own); `bwrap` the program, if it works; `sized` whether that is
    new enough to bound the memory behind a step's `/tmp`; `staged` whether root may put a step's scratch in its place,
    which the steps' own uid cannot reach.
    """

    bwrap: str | None = None
    uid: int | None = None
    sized: bool = False
    staged: bool = False

    def wrap(self, argv: Sequence[str], box: Box) -> tuple[list[str], dict[str, Any]]:
        """The command and the keyword arguments for spawning it, isolated."""
        spawn: dict[str, Any] = {"cwd": box.directory, "start_new_session": True}
        if not self.keeps(box):
            box = msgspec.structs.replace(box, scratch=None)
        tight = self.narrow(box)
        stage = self._stage(tight)
        if self.bwrap is None:
            return [*stage, *argv], spawn
        if self.uid is not None and not box.scratch:
            spawn |= {"user": self.uid, "group": self.uid, "extra_groups": []}
        scratch = None if self.uid is not None else tight.scratch
        mounts = spell_mounts(plan_mounts(tight, self.uid), sized=self.sized, scratch=scratch)
        inside = [self.bwrap, *APART, *mounts, "--chdir", str(box.directory.resolve()), "--", *argv]
        return [*(stage if self.uid is not None and box.scratch else ()), *inside], spawn

    def keeps(self, box: Box) -> bool:
        """Whether what a step in this box writes to `/tmp` can be kept."""
        return TMP in find_kept(self.narrow(box)) and (self.uid is None or self.staged)

    def find_pins(self, box: Box) -> tuple[Path, ...]:
        """The folders that the box needs in its scratch."""
        return find_pins(self.narrow(box)) if self.keeps(box) else ()

    def _stage(self, tight: Box) -> list[str]:
        """The command that goes before another to make it the steps' uid, with the scratch in its place."""
        kept = [f"--at={tight.scratch / PLACES[place]}={place}" for place in find_kept(tight) if tight.scratch]
        pins = [f"--pin={pin}" for pin in find_pins(tight)]
        return [sys.executable, "-IS", leash.__file__, *kept, *pins, str(self.uid)]

    def narrow(self, box: Box) -> Box:
        """The box, with what this machine's people keep out of it too: a credential only comes in by its own name.

        Where steps are the server's own user, the whole home directory is hidden; another uid is kept out of it by its
        permissions.
        """
        given = [path.resolve() for path in box.readable]
        credentials = [home / name for home in find_homes() for name in CREDENTIALS]
        kept = tuple(each for each in credentials if not any(is_within(path, [each.resolve()]) for path in given))
        own = (*OF_THE_USER, *find_homes()) if self.uid is None else ()
        return msgspec.structs.replace(
            box, private=(*box.private, *kept), concealed=(*box.concealed, *HANDED_OVER, *own)
        )


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
    staged = uid is not None and await _may_stage(uid)
    tried = [Isolation(bwrap=bwrap, uid=uid, sized=await _knows_size(bwrap), staged=staged)] if bwrap else []
    tried += [Isolation(uid=uid, staged=staged)] if uid is not None else []
    why = "install bubblewrap (and allow user namespaces)."
    for isolation in tried:
        doubts = [await find_doubt(isolation, box) for box in boxes]
        if not all(doubts):
            return isolation
        why = doubts[0]
    return f"Steps cannot be isolated here, so none runs: {why}"


async def find_doubt(isolation: Isolation, box: Box) -> str:
    """Why steps in this box would not be isolated, or could not run at all; empty if all holds."""
    tight = isolation.narrow(box)
    files = list(dict.fromkeys(_find_files(tight.private)))
    argv, spawn = isolation.wrap(
        ["/bin/sh", "-c", PROOF, "sh", *files, "--", *map(str, _find_sealed(isolation, box))], box
    )
    try:
        code, found, said = await _try(argv, spawn)
    except TimeoutError:
        code, found, said = None, "", f"no answer within {PROOF_S:g} s"
    except OSError as error:
        code, found, said = None, "", f"{error.strerror}"
    if code != 7:
        return _explain(isolation, box.directory, said)
    return _explain_leak(isolation, *found.split(" ", 1)) if found else ""


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


def _explain(isolation: Isolation, directory: Path, said: str) -> str:
    if isolation.uid is None:
        return f"{directory} cannot be used ({said})."
    return (
        f"uid {isolation.uid} cannot enter {directory} ({said}). Make the folder and those above it "
        "accessible (chmod o+x), or give the target another `directory`."
    )


def _explain_leak(isolation: Isolation, what: str, path: str) -> str:
    who = "a step" if isolation.uid is None else f"a step (uid {isolation.uid})"
    way = "go-rwx" if what == "read" else "go-w"
    return f"{who} could {what} {path}. Take that right away (chmod {way}, and mind its owner), or install bubblewrap."


async def _knows_size(bwrap: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        bwrap, "--help", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    out, _ = await process.communicate()
    return b"--size" in out


async def _may_stage(uid: int) -> bool:
    """Whether this machine lets root mount in a namespace of a step's own: a container often may not."""
    command = [sys.executable, "-IS", leash.__file__, f"--at={VAR_TMP}={VAR_TMP}", str(uid), "/bin/true"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return await process.wait() == 0
