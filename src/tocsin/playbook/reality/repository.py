"""A checkout as a value: which files there are, what stands in them, and what was left out.

Paths are relative to its root, with forward slashes; the root itself is the empty path.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from tocsin.playbook.reality.names import WILD, fits

_MOST_LINKS = 40


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file: its text, null where it was not read (too large, or no text), and whether it may be executed."""

    path: str
    text: str | None = None
    executable: bool = False


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """All of a checkout that could be read.

    ``links`` maps symbolic links to folders to where they lead; ``left_out`` are folders whose content is not known
    (dependencies, what builds make). ``name`` is that of its folder. ``notes`` say what hindered reading it.
    """

    files: Mapping[str, File]
    name: str = ""
    links: Mapping[str, str] = {}
    left_out: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    folders: frozenset[str] = frozenset()

    def file(self, path: str) -> File | None:
        """The file at a path, through links."""
        return self.files.get(self.resolve(path))

    def text(self, path: str) -> str:
        """What stands in a file; nothing where it could not be read."""
        found = self.file(path)
        return found.text or "" if found is not None else ""

    def has_folder(self, path: str) -> bool:
        """Whether there is such a folder."""
        return path == "" or self.resolve(path) in self.folders

    def is_left_out(self, path: str) -> bool:
        """Whether nobody looked at what is there."""
        return any(path == folder or path.startswith(f"{folder}/") for folder in self.left_out)

    def resolve(self, path: str) -> str:
        """A path with its links followed, as far as they stay inside."""
        for _ in range(_MOST_LINKS):
            for link in _heads(path):
                if link in self.links:
                    path = join(self.links[link], path[len(link) + 1 :]) or ""
                    break
            else:
                return path
        return path

    def named(self, *names: str) -> Iterator[File]:
        """The files with one of these names, wherever they lie, the shallowest first."""
        yield from self.matching(lambda path: path.rsplit("/", 1)[-1] in names)

    def ending(self, *suffixes: str) -> Iterator[File]:
        """The files that were read whose paths end so, the shallowest first."""
        yield from (each for each in self.matching(lambda path: path.endswith(suffixes)) if each.text is not None)

    def matching(self, wanted: Callable[[str], bool]) -> Iterator[File]:
        """The files whose path is wanted, the shallowest first."""
        found = [path for path in self.files if wanted(path)]
        yield from (self.files[path] for path in sorted(found, key=lambda each: (each.count("/"), each)))


class Lines:
    """The lines of a text by the places of its characters, for texts in which many places are asked for."""

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def at(self, place: int) -> int:
        """The number of the line that a character stands in, from 1."""
        return bisect_left(self._ends, place) + 1


def make_folders(paths: Iterable[str]) -> frozenset[str]:
    """Every folder that some paths run through."""
    found: set[str] = set()
    for path in paths:
        found.update(_heads(posixpath.dirname(path)))
    return frozenset(found)


def _heads(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)] if path else []


def join(folder: str, path: str) -> str | None:
    """A relative path seen from a folder, in its shortest form; null where it leaves the checkout."""
    whole = posixpath.normpath(f"{folder}/{path}" if folder else path or ".")
    if whole == ".":
        return ""
    return None if whole.startswith(("..", "/")) else whole


def parent(path: str) -> str:
    """The folder that a path lies in."""
    return posixpath.dirname(path)


def base(path: str) -> str:
    """The last part of a path."""
    return path.rsplit("/", 1)[-1]


def find_path(repository: Repository, path: str) -> str | None:
    """The file or folder that a path with gaps or stars may mean."""
    if WILD not in path and "*" not in path and "?" not in path:
        real = repository.resolve(path)
        return path if real in repository.files or repository.has_folder(path) else None
    pattern = path.replace("*", WILD).replace("?", WILD)
    return next((each for each in (*repository.files, *repository.folders) if fits(pattern, each)), None)
