"""The sample systems, and ways to let one drift away from its playbook."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from tocsin.cli.reading import compile_text
from tocsin.integrations.checkout import read_checkout
from tocsin.knowledge import load_knowledge
from tocsin.playbook.reality import Row, judge_playbook
from tocsin.playbook.source import show_lines

SAMPLES = Path(__file__).parent / "samples"
NAMES = ("orchard", "granite", "ferry", "bazaar", "harbor")

Change = Callable[[Path], None]


def judge(root: Path) -> tuple[Row, ...]:
    """The rows of a sample's own playbook."""
    content = (root / "playbook.md").read_bytes()
    playbook = compile_text(content, "playbook.md")
    return judge_playbook(playbook, show_lines(content), read_checkout(root), load_knowledge().programs)


def copy(name: str, folder: Path) -> Path:
    """A sample of one's own."""
    return Path(shutil.copytree(SAMPLES / name, folder / name))


def edit(path: str, old: str, new: str, *, every: bool = False) -> Change:
    """Put other text into a file, where the old text must stand."""

    def change(root: Path) -> None:
        text = (root / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (root / path).write_text(text.replace(old, new) if every else text.replace(old, new, 1))

    return change


def remove(path: str) -> Change:
    """Take a file away."""
    return lambda root: (root / path).unlink()


def move(path: str, to: str) -> Change:
    """Put a file elsewhere."""

    def change(root: Path) -> None:
        (root / to).parent.mkdir(parents=True, exist_ok=True)
        (root / path).rename(root / to)

    return change


def chmod(path: str) -> Change:
    """Let a file be no program any more."""
    return lambda root: (root / path).chmod(0o644)


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(root: Path) -> None:
        for each in changes:
            each(root)

    return change


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What changed, and what must be said of the statement that holds ``at`` (of each of them), and of no other."""

    sample: str
    change: Change
    at: str
    verdict: str
    what: str
    nearest: str | None = None
    also: tuple[str, ...] = ()
