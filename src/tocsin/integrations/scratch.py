"""What steps leave in `/tmp` and `/var/tmp`: folders of one incident on one target, kept in the data directory.

A playbook saves evidence there, and the next step packs it. So a step sees what the incident's earlier steps on the
same target wrote, and has no other incident's or team's in its place. Without bubblewrap that is no wall: steps that
run at the same time under one user reach each other's through `/proc`. Whatever lies in such a folder was put there by
a command: it is walked by descriptors that follow no link, never deeper or longer than the bounds here.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import subprocess
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec

TMP, VAR_TMP = Path("/tmp"), Path("/var/tmp")  # noqa: S108 the step's own
PLACES = {TMP: "tmp", VAR_TMP: "var-tmp"}
"""Where a step sees its scratch, and the folder that each is."""
_PLACES = [(str(place), name) for place, name in PLACES.items()]

MOST_BYTES = 2**30
"""How much steps may leave, per incident and target; also no more than half of what the disk has free."""

MOST_ENTRIES = 20_000
MOST_DEPTH = 64
MOST_NAME = 120
MOST_FOUND = 1000
"""Scratches whose paths are remembered."""
UNUSED_S = 3600.0
"""After so long it is noted again that a step runs in a scratch; before, nobody would clear it away."""
KEPT_DAYS = 14
"""How long a scratch is kept after its incident is over, counted from its end and from the last step in it."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PLACE = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_AS_ANY_TMP = stat.S_IFDIR | 0o1777
_LOOK = stat.S_IRUSR | stat.S_IXUSR
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""What was a folder a moment ago is none any more."""


class Found(msgspec.Struct, frozen=True):
    """A file: where a step sees it, its length and when it was last changed, in nanoseconds."""

    path: str
    size: int
    changed: int


class Survey(msgspec.Struct, frozen=True):
    """All of a scratch: its files, and the bytes that it takes on disk; `beyond` is what there is too much of, or
    cannot be seen, so that not all is counted.
    """

    files: tuple[Found, ...] = ()
    taken: int = 0
    beyond: str = ""


class Scratches:
    """The scratch folders below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._found: dict[tuple[str, str], Path] = {}

    def find(self, incident: str, target: str) -> Path:
        """Where the scratch of an incident on a target lies, whether or not it is there yet."""
        known = self._found.get((incident, target))
        if known is None:
            if len(self._found) >= MOST_FOUND:
                self._found.clear()
            known = self._found[incident, target] = self.root / _name(incident) / _name(target)
        return known

    def open(self, folder: Path, pins: Iterable[Path]) -> None:
        """Make the folders of a scratch, or put their rights in order: a step may have taken them away. `pins` are the
        folders that must be there for something to be mounted on.
        """
        for each in (self.root.parent, self.root, folder.parent, folder):
            each.mkdir(mode=0o700, exist_ok=True)
        os.utime(folder.parent)
        for name in PLACES.values():
            (folder / name).mkdir(exist_ok=True)
            (folder / name).chmod(0o1777)  # as any /tmp; who may come near is decided by the folders above
        _pin(folder, pins)

    def is_empty(self) -> bool:
        """Whether no step has left anything."""
        return not self.root.is_dir() or next(self.root.iterdir(), None) is None

    def sweep(self, kept: Iterable[str], now: float | None = None) -> list[str]:
        """Remove the scratch of every incident but `kept` in which no step has run for `KEPT_DAYS`; their ids."""
        if not self.root.is_dir():
            return []
        before = (time.time() if now is None else now) - KEPT_DAYS * 86400
        stay, gone = {_name(each) for each in kept}, []
        for folder in self.root.iterdir():
            if folder.name not in stay and folder.lstat().st_mtime < before:
                _remove(folder)
                gone.append(unquote(folder.name))
        return gone


def _name(text: str) -> str:
    quoted = quote(text, safe="").replace(".", "%2E")
    return quoted or "%" if len(quoted) <= MOST_NAME else hashlib.sha256(text.encode()).hexdigest()


def _remove(folder: Path) -> None:
    """Neither program follows a link that it finds below what it is given, nor minds how deep that goes."""
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf", "--one-file-system"]):
        subprocess.run([*command, "--", str(folder)], stderr=subprocess.DEVNULL, check=False)


def _pin(folder: Path, names: Iterable[Path]) -> None:
    """Have real folders in a scratch for what is mounted there. What a step left at such a place is moved aside."""
    for name in names:
        place = name.parent
        with _opened(folder / PLACES[place]) as at:
            try:
                os.mkdir(name.name, 0o755, dir_fd=at.fd)
            except FileExistsError:
                if not stat.S_ISDIR(os.stat(name.name, dir_fd=at.fd, follow_symlinks=False).st_mode):
                    os.rename(name.name, f"{name.name}.moved-{time.time_ns()}", src_dir_fd=at.fd, dst_dir_fd=at.fd)
                    os.mkdir(name.name, 0o755, dir_fd=at.fd)


class _opened:  # noqa: N801 used like a function
    """A descriptor that is closed again."""

    def __init__(self, path: str | Path, dir_fd: int | None = None, flags: int = _DIRECTORY) -> None:
        self.fd = os.open(path, flags, dir_fd=dir_fd)

    def __enter__(self) -> _opened:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


def survey(folder: Path) -> Survey:
    """What lies in a scratch."""
    walk = _Walk()
    for place, name in PLACES.items():
        with contextlib.suppress(OSError):
            (folder / name).chmod(0o1777)
            with _opened(folder / name) as at:
                walk.enter(at.fd, str(place), 0)
    return Survey(tuple(walk.files), walk.taken, walk.beyond)


def glance(folder: Path, pins: Iterable[Path]) -> Survey | None:
    """A scratch that is in order and in which lies nothing but its pins: a few calls say so. Null where it must be
    looked at properly.
    """
    taken, root, wanted = 0, str(folder), {str(pin) for pin in pins}
    try:
        if time.time() - os.lstat(os.path.dirname(root)).st_mtime > UNUSED_S:  # noqa: PTH120 this is asked very often
            return None
        for place, name in _PLACES:
            with _opened(f"{root}/{name}") as at:
                if os.fstat(at.fd).st_mode != _AS_ANY_TMP:
                    return None
                for each in _list(at.fd, len(wanted)):
                    wanted.remove(f"{place}/{each}")
                    taken += _measure_empty(each, at.fd)
    except (OSError, KeyError):
        return None
    return None if wanted else Survey(taken=taken)


def _list(fd: int, most: int) -> list[str]:
    """What lies in an open folder, and at most one more than so many."""
    with os.scandir(fd) as entries:
        return [entry.name for entry in islice(entries, most + 1)]


def _measure_empty(name: str, dir_fd: int) -> int:
    """What an empty folder takes. Raises `OSError` where it is none, or not empty."""
    with _opened(name, dir_fd) as at:
        if _list(at.fd, 0):
            raise OSError(errno.ENOTEMPTY, name)
        return os.fstat(at.fd).st_blocks * 512


class _Walk:
    def __init__(self) -> None:
        self.files: list[Found] = []
        self.taken = 0
        self.left = MOST_ENTRIES
        self.beyond = ""

    def enter(self, fd: int, path: str, depth: int) -> None:
        """Take in what lies in an open folder, and in the folders below it."""
        names = _list(fd, self.left)
        if len(names) > self.left:
            self.beyond = f"more than {MOST_ENTRIES} files and folders"
        for name in sorted(names[: self.left]):
            self._take(fd, name, f"{path}/{name}", depth)

    def _take(self, fd: int, name: str, path: str, depth: int) -> None:
        try:
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return
        self.left -= 1
        self.taken += status.st_blocks * 512
        if stat.S_ISREG(status.st_mode):
            self.files.append(Found(path, status.st_size, status.st_mtime_ns))
        elif stat.S_ISDIR(status.st_mode):
            self._descend(fd, name, path, depth)

    def _descend(self, fd: int, name: str, path: str, depth: int) -> None:
        if depth >= MOST_DEPTH:
            self.beyond = self.beyond or f"folders more than {MOST_DEPTH} deep"
            return
        try:
            with _unlocked(name, fd) as inner, _opened(".", inner) as at:
                self.enter(at.fd, path, depth + 1)
        except OSError as error:
            if error.errno not in _GONE:
                self.beyond = self.beyond or f"a folder that cannot be looked into ({error.strerror})"


@contextlib.contextmanager
def _unlocked(name: str, dir_fd: int) -> Iterator[int]:
    """A folder, as a place to open things in: one that its owner has shut is open for as long as this lasts."""
    with _opened(name, dir_fd, _PLACE) as at:
        mode, itself = stat.S_IMODE(os.fstat(at.fd).st_mode), f"/proc/self/fd/{at.fd}"
        shut = mode & _LOOK != _LOOK
        if shut:
            os.chmod(itself, mode | _LOOK)  # noqa: PTH101 no path but this one leads to what is open
        try:
            yield at.fd
        finally:
            if shut and stat.S_IMODE(os.fstat(at.fd).st_mode) == mode | _LOOK:
                os.chmod(itself, mode)  # noqa: PTH101


def find_written(before: Survey, after: Survey) -> tuple[Found, ...]:
    """The files that are new or changed, the largest first."""
    known = set(before.files)
    return tuple(sorted((each for each in after.files if each not in known), key=lambda each: -each.size))


def read_file(folder: Path, path: str, most: int) -> bytes:
    """At most `most` bytes of a file of a scratch; empty if it is none any more."""
    place = next(each for each in PLACES if path.startswith(f"{each}/"))
    *above, name = Path(path).relative_to(place).parts
    opened = [_opened(folder / PLACES[place])]
    try:
        for part in above:
            opened.append(_opened(part, opened[-1].fd))
        opened.append(_opened(name, opened[-1].fd, _FILE))
        if not stat.S_ISREG(os.fstat(opened[-1].fd).st_mode):
            return b""
        with open(opened[-1].fd, "rb", closefd=False) as file:
            return file.read(most)
    except OSError:
        return b""
    finally:
        for each in opened:
            os.close(each.fd)


def find_places(folder: Path) -> tuple[Path, ...]:
    """The folders of a scratch that steps see."""
    return tuple(folder / name for name in PLACES.values())


def free_bytes(folder: Path) -> int:
    """What the disk of a scratch has left."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def free_files(folder: Path) -> int:
    """How many more files the disk of a scratch can have; 0 where it does not count them."""
    return os.statvfs(folder).f_favail


def bound_bytes(free: int) -> int:
    """How much a scratch may take where its disk has so much left."""
    return min(MOST_BYTES, free // 2)
