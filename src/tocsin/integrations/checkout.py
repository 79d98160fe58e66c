"""Reads a checkout of a system's repository from disk: bounded, following no link out of it, running nothing.

What is left out is noted, so that nobody takes for missing what was only not looked at.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tocsin.errors import UserError
from tocsin.playbook.reality.repository import File, Repository, join, make_folders, parent

MOST_FILES = 100_000
MOST_FILE_BYTES = 2 * 2**20
MOST_BYTES = 256 * 2**20
DEEPEST = 40
LEFT_OUT = frozenset(
    ".git .hg .svn node_modules .venv venv target __pycache__ .next .nuxt .turbo .cache .pnpm-store .gradle .terraform "
    ".mypy_cache .ruff_cache .pytest_cache .tox .idea coverage .yarn bower_components".split()
)
"""Folders of dependencies and of what builds make: not the repository's own."""
_SPECIMEN = 4096


class _Reader:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, File] = {}
        self.links: dict[str, str] = {}
        self.folders: set[str] = set()
        self.left_out: set[str] = set()
        self.notes: list[str] = []
        self.room = MOST_BYTES

    def read(self) -> Repository:
        for path, entry in self._walk():
            if len(self.files) >= MOST_FILES:
                self.notes.append(
                    f"The checkout has more than {MOST_FILES} files; those behind {path} were not looked at."
                )
                self.left_out.update(each for each in self.folders if each > path)
                break
            self.files[path] = self._read_file(path, entry)
        for path, target in list(self.links.items()):
            real = self.files.get(target)
            if real is not None:
                self.files[path] = File(path=path, text=real.text, executable=real.executable)
        if self.room <= 0:
            self.notes.append(f"The checkout has more than {MOST_BYTES // 2**20} MiB of text; the rest was not read.")
        return Repository(
            files=self.files,
            name=self.root.resolve().name,
            links={path: target for path, target in self.links.items() if target not in self.files},
            left_out=frozenset(self.left_out),
            notes=tuple(self.notes),
            folders=frozenset(self.folders | make_folders(self.files)),
        )

    def _walk(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        waiting = [""]
        while waiting:
            folder = waiting.pop(0)
            for entry in self._list(folder):
                path = f"{folder}/{entry.name}".lstrip("/")
                if entry.is_symlink():
                    self._follow(path)
                elif entry.is_dir(follow_symlinks=False):
                    self.folders.add(path)
                    if entry.name in LEFT_OUT or path.count("/") >= DEEPEST:
                        self.left_out.add(path)
                    else:
                        waiting.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield path, entry

    def _list(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self.notes.append(f"{folder or 'The root'} cannot be read: {error.strerror}.")
            self.left_out.add(folder)
            return []
        return [entry for entry in entries if entry.name.isprintable()]

    def _follow(self, path: str) -> None:
        """Note where a link leads, if that is inside the checkout; any other is as if it were not read."""
        try:
            target = str((self.root / path).readlink())
        except OSError:
            return
        inside = None if target.startswith("/") else join(parent(path), target)
        if inside is None or inside == path or path.startswith(f"{inside}/"):
            self.left_out.add(path)
            return
        self.links[path] = inside

    def _read_file(self, path: str, entry: os.DirEntry[str]) -> File:
        try:
            found = entry.stat(follow_symlinks=False)
            executable = bool(found.st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH))
            if found.st_size > MOST_FILE_BYTES or self.room <= 0:
                return File(path=path, executable=executable)
            content = Path(entry.path).read_bytes()[:MOST_FILE_BYTES]
        except OSError:
            return File(path=path)
        self.room -= len(content)
        text = None if b"\0" in content[:_SPECIMEN] else content.decode("utf-8", errors="replace").replace("\r\n", "\n")
        return File(path=path, text=text, executable=executable)


def read_checkout(root: Path) -> Repository:
    """Everything of a checkout that a reality check may look at. Raises `UserError` where there is no such folder."""
    if not root.is_dir():
        raise UserError(f"There is no folder {root}. Name a checkout of the system's repository: --root ../my-system")
    return _Reader(root).read()
