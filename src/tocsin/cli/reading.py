"""Markdown files and folders from the command line → playbooks; a folder is one library."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tocsin.app.place import MOST_BYTES
from tocsin.engine.clock import SystemClock
from tocsin.errors import UserError
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.library import Library, compile_library
from tocsin.playbook.model import Playbook

MARKDOWN = (".md", ".mdx", ".markdown")


def expand(path: Path, suffixes: tuple[str, ...] = MARKDOWN) -> Iterator[Path]:
    """The files that a path stands for: a folder for those in it with such a suffix, hidden folders left out."""
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
        yield from (file for file in inside if not _is_hidden(file.relative_to(path)))
    else:
        yield path


def require_files(paths: Sequence[Path]) -> None:
    """Raise `UserError` where nothing was named."""
    if not paths:
        raise UserError("Name at least one Markdown file or folder: tocsin compile runbook.md")


class Texts:
    """The files that paths stand for, those that can be read; `gaps` says of every other why it cannot.

    One file that is not there keeps nobody from what the others say.
    """

    def __init__(self, max_bytes: int = MOST_BYTES) -> None:
        self.max_bytes = max_bytes
        self.gaps: list[UserError] = []

    def read(self, path: Path) -> Iterator[tuple[Path, bytes]]:
        """Each file with its bytes."""
        files = list(expand(path))
        if not files:
            kinds = ", ".join(MARKDOWN)
            self.gaps.append(
                UserError(
                    f"{path} is a folder, and holds no Markdown file ({kinds}; hidden folders are left out). "
                    "Name one that does, or a file: tocsin compile runbook.md"
                )
            )
        for file in files:
            try:
                content = read(file, self.max_bytes)
            except UserError as error:
                self.gaps.append(error)
            else:
                yield file, content

    def compile(self, paths: Sequence[Path]) -> list[Playbook]:
        """The playbooks of files and folders, in the order given; a folder is one library."""
        found: list[Playbook] = []
        for path in paths:
            pairs = [(spell(file), content) for file, content in self.read(path)]
            if path.is_dir():
                found += compile_texts(pairs, self.max_bytes).playbooks
            else:
                found += [compile_text(content, name, self.max_bytes) for name, content in pairs]
        return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in path.parts[:-1])


def read(path: Path, max_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of a file, and at most one more than the limit: enough to know that it is too large."""
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {getattr(error, 'strerror', error)}.") from error


def spell(path: Path) -> str:
    """A path as text, whatever bytes its name has."""
    return os.fsencode(path).decode(errors="replace")


def compile_file(path: Path) -> Playbook:
    """One document by itself."""
    return compile_text(read(path), spell(path))


def compile_together(files: Iterable[Path]) -> Library:
    """Documents as one library."""
    return compile_texts((spell(file), read(file)) for file in files)


def compile_text(content: bytes, name: str, max_bytes: int = MOST_BYTES) -> Playbook:
    """One document by itself, from its bytes."""
    today = SystemClock().now().date()
    return compile_playbook(content, name, load_knowledge(), today=today, max_bytes=max_bytes)


def compile_texts(pairs: Iterable[tuple[str, bytes]], max_bytes: int = MOST_BYTES) -> Library:
    """Documents as one library, from their names and bytes."""
    return compile_library(pairs, load_knowledge(), today=SystemClock().now().date(), max_bytes=max_bytes)
