"""Files that only grow by whole lines, and not for ever: at a limit the file is set aside and one older one is kept."""

from __future__ import annotations

from pathlib import Path

LIMIT = 1 << 20
LINE_LIMIT = 4096


class Journal:
    """An append-only file of at most twice LIMIT bytes, the older half beside it with the suffix ``.1``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, line: str) -> None:
        """Add one line; what is longer than LINE_LIMIT is cut."""
        with self.path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(line[:LINE_LIMIT] + "\n")
            full = file.tell() > LIMIT
        if full:
            self.path.replace(older(self.path))

    def tail(self, count: int) -> list[str]:
        """The last ``count`` lines."""
        lines = [line for path in (older(self.path), self.path) for line in read(path)]
        return lines[-count:] if count else []


def older(path: Path) -> Path:
    """Where the older half lies."""
    return path.with_name(path.name + ".1")


def read(path: Path) -> list[str]:
    """Every line of a file that may not be there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
