"""What a step's programs keep in its scratch without a name there: files taken away while they are open.

No walk of folders finds them, and they take their room until the last program lets go. Linux says of every open file
on which mount it was opened, and of every mount what folder it shows.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

PROCESSES = Path("/proc")
OWN_PARTS = 3
"""The last folders of a scratch's path by which its mount is known: the file system may itself lie anywhere."""


def count_unlinked(places: tuple[Path, ...]) -> int:
    """The bytes on disk of the files without a name that programs hold open in these folders, as mounted for a step."""
    shown = {(_spell_device(each), each.parts[-OWN_PARTS:]) for each in places if each.is_dir()}
    found: dict[tuple[int, int], int] = {}
    for process in PROCESSES.iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended, or is no business of ours
                found |= _find_in(process, shown)
    return sum(found.values())


def _spell_device(place: Path) -> str:
    device = place.stat().st_dev
    return f"{os.major(device)}:{os.minor(device)}"


def _find_in(process: Path, shown: set[tuple[str, tuple[str, ...]]]) -> dict[tuple[int, int], int]:
    mounts = set(_find_mounts((process / "mountinfo").read_text(errors="replace"), shown))
    return dict(_find_open(process, mounts)) if mounts else {}


def _find_mounts(listed: str, shown: set[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    """The numbers of the mounts that show one of these folders: see proc(5), `mountinfo`."""
    for line in listed.splitlines():
        number, _, device, root, *_ = line.split(" ")
        if (device, Path(root).parts[-OWN_PARTS:]) in shown:
            yield number


def _find_open(process: Path, mounts: set[str]) -> Iterator[tuple[tuple[int, int], int]]:
    for each in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            status = each.stat()
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0 and _find_mount(process, each.name) in mounts:
                yield (status.st_dev, status.st_ino), status.st_blocks * 512


def _find_mount(process: Path, descriptor: str) -> str:
    lines = (process / "fdinfo" / descriptor).read_text().splitlines()
    return next((line.split()[1] for line in lines if line.startswith("mnt_id:")), "")
