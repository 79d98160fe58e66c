"""Ranges and lists in braces, as bash reads them: ``validator-{1..10}`` is ten names.

Only what a person would write for hosts is read: ranges of whole numbers (with leading noughts kept, and a step), and
lists, one beside or within the other. What is no such thing stays as it stands, as it does in bash.
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late

MOST_NAMES = 1000
"""More names than this are no range of hosts but a slip of the finger."""

_RANGE = compile_late(r"(?P<first>-?\d{1,6})\.\.(?P<last>-?\d{1,6})(?:\.\.(?P<step>-?\d{1,6}))?")


class TooMany(ValueError):
    """The range holds more than `MOST_NAMES` names."""


def expand(word: str) -> tuple[str, ...]:
    """The words that bash makes of one, in its order; empty ones are none. Raises `TooMany`."""
    names: list[str] = []
    for name in filter(None, _expand(word)):
        names.append(name)
        if len(names) > MOST_NAMES:
            raise TooMany(f"{word} is more than {MOST_NAMES} names")
    return tuple(names)


def _expand(word: str) -> Iterator[str]:
    found = _find_braces(word)
    if found is None:
        yield word
        return
    start, end, inner = found
    for middle in inner:
        for filled in _expand(middle):
            for tail in _expand(word[end:]):
                yield f"{word[:start]}{filled}{tail}"


def _find_braces(word: str) -> tuple[int, int, tuple[str, ...]] | None:
    """The first braces that bash expands: where they begin and end, and what they hold."""
    for start, character in enumerate(word):
        if character == "{" and word[start - 1 : start] != "$":
            end = _find_end(word, start)
            inner = _read(word[start + 1 : end - 1]) if end else None
            if inner is not None:
                return start, end, inner
    return None


def _find_end(word: str, start: int) -> int:
    depth = 0
    for at in range(start, len(word)):
        depth += {"{": 1, "}": -1}.get(word[at], 0)
        if depth == 0:
            return at + 1
    return 0


def _read(inner: str) -> tuple[str, ...] | None:
    found = _RANGE.fullmatch(inner)
    if found is not None:
        return _count(found["first"], found["last"], found["step"])
    parts = _split(inner)
    return tuple(parts) if len(parts) > 1 else None


def _count(first: str, last: str, step: str | None) -> tuple[str, ...]:
    padded = any(each.lstrip("-").startswith("0") and len(each.lstrip("-")) > 1 for each in (first, last))
    width = max(len(first), len(last)) if padded else 0
    begin, end, stride = int(first), int(last), abs(int(step or 1)) or 1
    if abs(end - begin) // stride >= MOST_NAMES:
        raise TooMany(f"{{{first}..{last}}} is more than {MOST_NAMES} names")
    numbers = range(begin, end + 1, stride) if begin <= end else range(begin, end - 1, -stride)
    return tuple(f"{number:0{width}d}" for number in numbers)


def _split(inner: str) -> list[str]:
    parts, depth = [""], 0
    for character in inner:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
