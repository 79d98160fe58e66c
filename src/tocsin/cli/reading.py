"""Markdown files and folders from the command line → playbooks; a folder is one library."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tocsin.app.workspace import MOST_BYTES
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
    """Raise `UserError` where nothing was named, or a folder holds no Markdown file that is looked at."""
    if not paths:
        raise UserError("Name at least one Markdown file or folder: tocsin compile runbook.md")
    for path in paths:
        if next(expand(path), None) is None:
            kinds = ", ".join(MARKDOWN)
            raise UserError(
                f"{path} is a folder, and holds no Markdown file ({kinds}; hidden folders are left out). "
                "Name one that does, or a file: tocsin compile runbook.md"
            )


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


def compile_paths(paths: Sequence[Path], max_bytes: int = MOST_BYTES) -> list[Playbook]:
    """The playbooks of files and folders, in the order given."""
    found: list[Playbook] = []
    for path in paths:
        if path.is_dir():
            found += compile_together(expand(path), max_bytes).playbooks
        else:
            found.append(compile_file(path, max_bytes))
    return found


def compile_file(path: Path, max_bytes: int = MOST_BYTES) -> Playbook:
    """One document by itself."""
    today = SystemClock().now().date()
    return compile_playbook(read(path, max_bytes), spell(path), load_knowledge(), today=today, max_bytes=max_bytes)


def compile_together(files: Iterable[Path], max_bytes: int = MOST_BYTES) -> Library:
    """Documents as one library."""
    pairs = ((spell(file), read(file, max_bytes)) for file in files)
    return compile_library(pairs, load_knowledge(), today=SystemClock().now().date(), max_bytes=max_bytes)
