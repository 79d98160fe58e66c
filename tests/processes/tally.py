"""What `make torture` has done so far, one line for each round in a file, so that interrupted work goes on.

A line is written by one call when its round is over, and a round counts once, whoever wrote it how often; what was
interrupted left no line, or a torn one, and is done again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

FOLDER = Path(".torture")


class Numbered(Protocol):
    """A round of anything."""

    @property
    def number(self) -> int: ...


N = TypeVar("N", bound=Numbered)


class Tally(Generic[N]):
    """The rounds of one kind that are over, in a file of their own."""

    def __init__(self, name: str, kind: type[N]) -> None:
        self.name, self._kind = name, kind
        self.path = FOLDER / f"{name}.jsonl"

    def add(self, one: N) -> None:
        """Keep a round, whoever else writes at the same time."""
        self.path.parent.mkdir(exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            torn = self.path.stat().st_size and not self.path.read_bytes().endswith(b"\n")
            os.write(file, (b"\n" if torn else b"") + msgspec.json.encode(one) + b"\n")
        finally:
            os.close(file)

    def read(self) -> list[N]:
        """The rounds that are over, by number; the first that was kept of each."""
        found: dict[int, N] = {}
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        unread = 0
        for line in filter(None, lines):
            try:
                one = msgspec.json.decode(line, type=self._kind)
            except msgspec.DecodeError:
                unread += 1
                continue
            found.setdefault(one.number, one)
        if unread:
            sys.stderr.write(f"{unread} lines of {self.path} cannot be read, and do not count.\n")
        return [found[number] for number in sorted(found)]

    def missing(self, numbers: Iterable[int]) -> list[int]:
        """Those of the rounds that are still to be done."""
        done = {one.number for one in self.read()}
        return [number for number in numbers if number not in done]

    def note_trouble(self, number: int, text: str) -> None:
        """Keep what is known of a round that went wrong."""
        folder = FOLDER / "trouble"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}-{number}.txt").write_text(text)


def find_commit() -> str:
    """The commit that is tried, with a "+" where the source differs from it; empty outside of a checkout."""
    root = Path(__file__).parent
    told = _ask_git(root, "describe", "--always", "--dirty=+", "--exclude=*")
    return told.strip()


def _ask_git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""
