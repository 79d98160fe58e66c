"""Texts as numbered lines, so that the lines of a model can follow their lines of text through a rewrite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Line = tuple[int | None, str]  # the line's number in the original file, and its text now
Lines = list[Line]


def split(text: str) -> Lines:
    """A text as numbered lines."""
    return list(enumerate(text.split("\n"), 1))


def join(lines: Lines) -> str:
    return "\n".join(text for _, text in lines)


def follow(lines: Lines) -> dict[int, int]:
    """Where each line of the original stands now."""
    return {origin: number for number, (origin, _) in enumerate(lines, 1) if origin is not None}


def move(value: Any, where: dict[int, int]) -> Any:
    """An expected model with its lines moved."""
    if isinstance(value, list):
        return [move(item, where) for item in value]
    if isinstance(value, dict):
        return {
            key: where[item] if key in ("line", "end_line") and isinstance(item, int)
            else [where[n] if isinstance(n, int) else move(n, where) for n in item] if key in ("approvals",
            "prohibitions")
            else move(item, where)
            for key, item in value.items()
        }  # fmt: skip
    return value


def on_text(change: Callable[[str], str]) -> Callable[[Lines], Lines]:
    """A rewrite of a text that keeps its lines, for numbered lines."""

    def apply(lines: Lines) -> Lines:
        changed = change(join(lines)).split("\n")
        return [(origin, text) for (origin, _), text in zip(lines, changed, strict=True)]

    return apply
