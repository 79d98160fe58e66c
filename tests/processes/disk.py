"""What a disk holds after a power cut, from a record of what a process asked of it.

`strace` writes down every write, sync and change of names, with its time. From that the files are made again as of one
moment. What was synced by then is there. What was not is there, or not, or torn at a sector, write by write; names of
new, renamed and removed files that no sync of their folder has made sure are there only up to some point. That is what
POSIX promises, and less than any journaling file system keeps.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

SECTOR = 512
CALLS = "openat,pwrite64,write,fsync,fdatasync,ftruncate,rename,unlink,unlinkat,mkdir"
STRACE = (
    "strace",
    "-D",
    "-f",
    "-q",
    "-ttt",
    "-T",
    "-y",
    "-xx",
    "-s",
    "33554432",
    "--seccomp-bpf",
    "-e",
    f"trace={CALLS}",
)
FORGETFUL = ("-shm",)
"""Ends of names of files that are memory and nothing else."""

_LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)(?:<((?:\\x..)*)>)?.*<(\d+\.\d+)>$")
_CUT, _RESUMED = " <unfinished ...>", re.compile(r"<\.\.\. \w+ resumed>")
_HEX = re.compile(r"\\x(..)")


class Call(NamedTuple):
    """One call that succeeded: when it began and ended, its name, its words, what it answered."""

    begun: float
    ended: float
    name: str
    words: str
    answer: int
    opened: str


def read_calls(log: Path) -> list[Call]:
    """The calls in the order in which they ended."""
    begun: dict[str, tuple[float, str]] = {}
    calls = []
    with log.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            found = _LINE.match(line)
            if found is None:
                continue
            process, moment, text = found[1], float(found[2]), found[3]
            if text.endswith(_CUT):
                begun[process] = (moment, text.removesuffix(_CUT))
                continue
            start, ended = moment, None
            resumed = _RESUMED.match(text)
            if resumed and process in begun:
                start, head = begun.pop(process)
                text, ended = head + text[resumed.end() :], moment
            call = _CALL.match(text)
            if call is not None and int(call[3]) >= 0:
                end = ended if ended is not None else start + float(call[5])
                calls.append(Call(start, end, call[1], call[2], int(call[3]), _unhex(call[4] or "")))
    return sorted(calls, key=lambda call: call.ended)


def _unhex(text: str) -> str:
    return bytes.fromhex("".join(_HEX.findall(text))).decode(errors="replace")


def _strings(words: str) -> list[bytes]:
    return [bytes.fromhex("".join(_HEX.findall(each))) for each in re.findall(r'"((?:\\x..)*)"', words)]


def _path_of(words: str) -> str:
    """The path of the descriptor that a call was given."""
    found = re.match(r"\d+<((?:\\x..)*)>", words)
    return _unhex(found[1]) if found else ""


class File:
    """A file's bytes as they are on disk, and what has been written since."""

    def __init__(self) -> None:
        self.durable = bytearray()
        self.pending: list[tuple[float, int, bytes | None]] = []
        self.at = 0

    def sync(self, until: float) -> None:
        """What was written before `until` is on disk."""
        for ended, offset, content in [each for each in self.pending if each[0] <= until]:
            put(self.durable, offset, content)
            self.pending.remove((ended, offset, content))

    def cut(self, chance: random.Random) -> bytes:
        """What is on disk when the power goes."""
        left = bytearray(self.durable)
        for _, offset, content in self.pending:
            fate = chance.random()
            if content is None or fate < 0.4:
                if fate < 0.4:
                    put(left, offset, content)
            elif fate < 0.6:
                for at in range(0, len(content), SECTOR):
                    if chance.random() < 0.5:
                        put(left, offset + at, content[at : at + SECTOR])
        return bytes(left)


def put(content: bytearray, offset: int, new: bytes | None) -> None:
    """Write into bytes, as into a file; null for making it so long."""
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if new is None:
        del content[offset:]
    else:
        content[offset : offset + len(new)] = new


class Change(NamedTuple):
    """A change of names in one folder: a name gets what was made or renamed, or is gone (null)."""

    folder: str
    names: tuple[tuple[str, File | bool | None], ...]


class Disk:
    """The files below `root`, which was empty and durable when the record began."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._now: dict[str, File] = {}
        self._durable: dict[str, File | bool] = {}
        self._changes: list[tuple[float, Change]] = []

    def apply(self, call: Call) -> None:
        """Take in a call."""
        take = getattr(self, f"_{call.name}", None)
        if take is not None:
            take(call)

    def _is_ours(self, path: str) -> bool:
        return path.startswith(f"{self._root}/") and not path.endswith(FORGETFUL)

    def _openat(self, call: Call) -> None:
        path = call.opened
        if not self._is_ours(path) or "O_CREAT" not in call.words:
            return
        file = self._now.get(path)
        if file is None:
            file = self._now[path] = File()
            self._change(call, path, file)
        if "O_TRUNC" in call.words:
            file.pending.append((call.ended, 0, None))
        file.at = 0

    def _write(self, call: Call) -> None:
        file = self._now.get(_path_of(call.words))
        if file is not None:
            file.pending.append((call.ended, file.at, _strings(call.words)[0][: call.answer]))
            file.at += call.answer

    def _pwrite64(self, call: Call) -> None:
        file = self._now.get(_path_of(call.words))
        if file is not None:
            offset = int(call.words.rpartition(",")[2])
            file.pending.append((call.ended, offset, _strings(call.words)[0][: call.answer]))

    def _ftruncate(self, call: Call) -> None:
        file = self._now.get(_path_of(call.words))
        if file is not None:
            file.pending.append((call.ended, int(call.words.rpartition(",")[2]), None))

    def _fsync(self, call: Call) -> None:
        path = _path_of(call.words)
        file = self._now.get(path)
        if file is not None:
            file.sync(call.begun)
            return
        mine = [each for each in self._changes if each[1].folder == path and each[0] <= call.begun]
        for each in mine:
            self._settle(each[1])
            self._changes.remove(each)

    _fdatasync = _fsync

    def _rename(self, call: Call) -> None:
        old, new = (each.decode() for each in _strings(call.words))
        file = self._now.pop(old, None)
        if file is not None and self._is_ours(new):
            self._now[new] = file
            both = ((old, None), (new, file))
            self._changes.append((call.ended, Change(str(PurePosixPath(new).parent), both)))

    def _unlink(self, call: Call) -> None:
        path = _strings(call.words)[-1].decode()
        if self._now.pop(path, None) is not None:
            self._change(call, path, None)

    _unlinkat = _unlink

    def _mkdir(self, call: Call) -> None:
        path = _strings(call.words)[0].decode()
        if self._is_ours(path):
            self._change(call, path, True)

    def _change(self, call: Call, path: str, file: File | bool | None) -> None:
        self._changes.append((call.ended, Change(str(PurePosixPath(path).parent), ((path, file),))))

    def _settle(self, change: Change, names: dict[str, File | bool] | None = None) -> None:
        known = self._durable if names is None else names
        for path, file in change.names:
            if file is None:
                known.pop(path, None)
            else:
                known[path] = file

    def cut(self, to: Path, chance: random.Random) -> None:
        """Write what is left after a power cut to the folder `to`, which is empty."""
        names = dict(self._durable)
        for folder in {change.folder for _, change in self._changes}:
            changes = [change for _, change in self._changes if change.folder == folder]
            for change in changes[: chance.randint(0, len(changes))]:
                self._settle(change, names)
        for path, file in names.items():
            if self._has_folder(path, names) and file is True:
                (to / path.removeprefix(f"{self._root}/")).mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, file in names.items():
            if self._has_folder(path, names) and isinstance(file, File):
                made = to / path.removeprefix(f"{self._root}/")
                made.write_bytes(file.cut(chance))
                made.chmod(0o600)

    def _has_folder(self, path: str, names: dict[str, File | bool]) -> bool:
        above = [str(each) for each in PurePosixPath(path).parents if str(each).startswith(f"{self._root}/")]
        return all(names.get(each) is True for each in above)


def replay(
    calls: list[Call], root: Path, moments: list[float], deaf_from: float = float("inf")
) -> Iterator[tuple[float, Disk]]:
    """The disk as of each moment, the earliest first. A disk that is deaf pays no heed to syncs from then on."""
    disk, at = Disk(root), 0
    calls = [call for call in calls if call.ended < deaf_from or call.name not in ("fsync", "fdatasync")]
    for moment in sorted(moments):
        while at < len(calls) and calls[at].ended <= moment:
            disk.apply(calls[at])
            at += 1
        yield moment, disk
