"""What a step sees of the disk and what of it a change may alter, as mounts.

Every path is followed to its end first: a mount on a symbolic link protects nothing. What lies deeper is mounted later,
so that a secret inside a target's directory stays hidden and a directory inside a hidden place is still there. Between
a writable place and what is protected inside it, each folder is a mount of its own: those cannot be renamed away.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import takewhile
from pathlib import Path

import msgspec

from tocsin.integrations.doors import OPEN, Network
from tocsin.integrations.scratch import PLACES, TMP

SCRATCH_BYTES = 2**30
"""How much a step may put in a `/tmp` that is memory and ends with it, and in what its programs share."""


class Box(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Where a statement runs and what it has of the disk.

    `readable` comes back inside what is hidden; `writable` may be altered. Whatever those say, `private` is never seen
    (secrets, data), and what is `sealed` never altered (settings, playbooks), nor the `workspace` around them, save for
    folders in it that are themselves writable. That is proved before anything runs. `concealed` is no step's business
    either, and is hidden where mounts are to be had. `network` is what it reaches. Without `sockets` those in the file
    system are hidden, unless they are `readable`; `shut` is where they are, the links followed. A step that is `mute`
    has no sockets of that kind to reach them with.
    """

    directory: Path
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    private: tuple[Path, ...] = ()
    sealed: tuple[Path, ...] = ()
    workspace: Path | None = None
    concealed: tuple[Path, ...] = ()
    scratch: Path | None = None
    also: tuple[Path, ...] = ()
    network: Network = OPEN
    sockets: bool = True
    shut: tuple[Path, ...] = ()
    mute: bool = False

    @property
    def named(self) -> tuple[Path, ...]:
        """Every place that the box speaks of."""
        return (self.directory, *self.readable, *self.writable, *self.guarded, *self.concealed, *self.also)

    @property
    def guarded(self) -> tuple[Path, ...]:
        """All that no step may alter, the workspace first."""
        return (*([self.workspace] if self.workspace else []), *self.sealed, *self.private)


class Mount(Enum):
    """What is at a place."""

    SEEN = "as it is, unalterable"
    OPEN = "as it is, alterable"
    HIDDEN = "nothing"
    LINK = "a symbolic link"
    SCRATCH = "an empty folder of the step's own"
    KEPT = "what the incident's steps on the target have left"
    DEVICES = "the few devices that programs need"
    PROCESSES = "the step's own processes"


OWN = (Mount.SCRATCH, Mount.KEPT)
"""The step's own: what the machine has there is not seen."""


def plan_mounts(box: Box, uid: int | None, kept: tuple[Path, ...], pins: tuple[Path, ...]) -> dict[Path, Mount]:
    """The mounts of a box for steps of `uid` (null: the server's own), the outer before the inner; `kept` and `pins` as
    `find_kept` and `find_pins` tell.
    """
    mounts = {
        Path("/"): Mount.SEEN,
        Path("/dev"): Mount.DEVICES,
        Path("/proc"): Mount.PROCESSES,
        TMP: Mount.SCRATCH,
        **dict.fromkeys(kept, Mount.KEPT),
    }
    hidden = tuple(each.resolve() for each in box.private)
    concealed = (*(each.resolve() for each in box.concealed), *box.shut)
    _hide(mounts, concealed, uid)
    for path in (box.directory, *box.readable):
        if not is_within(path.resolve(), hidden):
            _show(mounts, path)
    mounts |= dict.fromkeys(choose_writable(box), Mount.OPEN)
    for path in box.guarded:
        _seal(mounts, path.resolve())
    for link in (link for path in box.guarded for link in trace(path)):
        _seal(mounts, link.parent)
    _hide(mounts, hidden, uid)
    _hide(mounts, (each for each in concealed if each not in mounts), uid)
    if box.workspace and find_mount(mounts, box.workspace.resolve()) in OWN:
        mounts[box.workspace.resolve()] = Mount.HIDDEN  # else what a step writes there would seem to be kept
    for path in pins:
        mounts.setdefault(path, Mount.HIDDEN)
    for path in tuple(mounts):
        _pin(mounts, path)
    return dict(sorted(mounts.items(), key=lambda each: len(each[0].parts)))


def find_kept(box: Box) -> tuple[Path, ...]:
    """Which of `/tmp` and `/var/tmp` a step has from its scratch."""
    if box.scratch is None:
        return ()
    real = [place for place in PLACES if _is_folder(place) and place.resolve() == place]
    ends = {way for path in box.named for way in (path.absolute(), path.resolve())}
    ways = _find_ways(box)
    apart = [place for place in real if place not in ends]
    return tuple(place for place in apart if all(_is_folder(pin) for pin in _find_below(ways, place)))


def find_pins(box: Box, kept: tuple[Path, ...]) -> tuple[Path, ...]:
    """The folders directly in a kept place through which the box's own places are reached.

    They are mounts in every step of the scratch: no step can put a link in their stead, by which the next step's mounts
    would be led astray.
    """
    ways = _find_ways(box) if kept else set()
    return tuple(pin for place in kept for pin in _find_below(ways, place))


def _find_ways(box: Box) -> set[Path]:
    """All by which the box's own places are reached. A private socket directly in a kept place is none: the step's own
    covers it, and nothing is mounted there.
    """
    covered = {path for path in box.private if path.parent in PLACES and path.is_socket() and not path.is_symlink()}
    named = (path for path in box.named if path not in covered)
    return {each for path in named for each in (path.absolute(), path.resolve(), *trace(path))}


def _find_below(ways: set[Path], place: Path) -> list[Path]:
    deep = len(place.parts) + 1
    found = {Path(*way.parts[:deep]) for way in ways if place in way.parents}
    return sorted(each for each in found if os.path.lexists(each))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def spell_mounts(mounts: dict[Path, Mount], *, sized: bool, scratch: Path | None = None) -> list[str]:
    """The arguments of bubblewrap for these mounts; `sized` if it knows `--size`.

    What is kept comes from `scratch`, or is in its place already.
    """
    args: list[str] = []
    size = ["--size", str(SCRATCH_BYTES)] if sized else []
    for path, mount in mounts.items():
        match mount:
            case Mount.SEEN:
                args += ["--ro-bind", str(path), str(path)]
            case Mount.OPEN:
                args += ["--bind", str(path), str(path)]
            case Mount.LINK:
                args += ["--symlink", str(path.readlink()), str(path)]
            case Mount.SCRATCH:
                args += [*size, "--tmpfs", str(path)]
            case Mount.KEPT:
                args += ["--bind", str(scratch / PLACES[path] if scratch else path), str(path)]
            case Mount.DEVICES:
                args += ["--dev", str(path), *size, "--tmpfs", f"{path}/shm", "--remount-ro", str(path)]
            case Mount.PROCESSES:
                args += ["--proc", str(path)]
            case Mount.HIDDEN:
                args += ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
    for path in mounts:
        if mounts[path] is Mount.HIDDEN and path.is_dir():
            args += ["--remount-ro", str(path)]
    return args


def choose_writable(box: Box) -> Iterator[Path]:
    """The places that a change may alter, of those that were named: none that is protected or that holds the workspace
    alone, and none that an earlier change may have led elsewhere by a link.
    """
    ways = {each.resolve(): tuple(trace(each)) for each in box.writable}
    shut = [each.resolve() for each in (*box.sealed, *box.private)]
    whole = [box.workspace.resolve()] if box.workspace else []
    for place, way in ways.items():
        turned = any(is_within(link, ways) for link in way)
        if place.exists() and place not in whole and not is_within(place, shut) and not turned:
            yield place


def find_mount(mounts: dict[Path, Mount], path: Path) -> Mount:
    """What holds at a place: the nearest mount at it or above it."""
    return next(mounts[each] for each in (path, *path.parents) if each in mounts)


def is_within(path: Path, places: Iterable[Path]) -> bool:
    """Whether a path is one of these places, or lies in one."""
    return any(path == place or place in path.parents for place in places)


def trace(path: Path) -> Iterator[Path]:
    """The symbolic links that a path leads through, in order."""
    at, left = "", [*reversed(path.absolute().parts[1:])]
    for _ in range(1000):
        if not left:
            return
        part = left.pop()
        at = at.rpartition("/")[0] if part == ".." else f"{at}/{part}"
        if at and os.path.islink(at):  # noqa: PTH114 a Path for each part of each place is what a step's start costs
            yield Path(at)
            target = Path(at).readlink()
            left += [part for part in reversed(target.parts) if part != "/"]
            at = "" if target.is_absolute() else at.rpartition("/")[0]


def _show(mounts: dict[Path, Mount], path: Path) -> None:
    """Show a place, and the links on the way to it that are hidden."""
    for link in trace(path):
        if find_mount(mounts, link) in (Mount.HIDDEN, *OWN):
            mounts[link] = Mount.LINK
    end = path.resolve()
    if end.exists():
        mounts[end] = Mount.SEEN


def _hide(mounts: dict[Path, Mount], paths: Iterable[Path], uid: int | None) -> None:
    """Hide what can be seen. What the uid cannot get at is hidden as it is, and could not be mounted over either."""
    for path in paths:
        seen = find_mount(mounts, path) in (Mount.SEEN, Mount.OPEN)
        if seen and os.path.lexists(path) and (uid is None or _can_reach(path, uid)):
            mounts[path] = Mount.HIDDEN


def _pin(mounts: dict[Path, Mount], path: Path) -> None:
    """Make the folders above `path`, up to the writable place that it is in, mounts of their own."""
    between = list(takewhile(lambda each: each not in mounts, path.parents))
    if path.parent != path and find_mount(mounts, path.parent) is Mount.OPEN:
        mounts |= dict.fromkeys(between, Mount.OPEN)


def _seal(mounts: dict[Path, Mount], path: Path) -> None:
    if path.exists() and find_mount(mounts, path) is Mount.OPEN:
        mounts[path] = Mount.SEEN


def _can_reach(path: Path, uid: int) -> bool:
    """Whether a uid without groups may enter every folder above a path."""
    for folder in path.parents:
        status = folder.stat()
        if not status.st_mode & (stat.S_IXUSR if status.st_uid == uid else stat.S_IXOTH):
            return False
    return True
