"""Where a fence ends: at its closing line, or, when that is missing, before what cannot belong to it any more.

And where comments and tables in HTML do.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tocsin.pattern import compile_late

_OPENING = compile_late(r"(`{3,}|~{3,})[ \t]*([^`]*)$|(~{3,})[ \t]*(.*)$")
_LANGUAGE = compile_late(r"[{.\s]*([\w+#-]+)")
_CODE = frozenset(("bash", "sh", "shell", "zsh", "console", "shell-session", "sql", "yaml", "json", "promql"))


class Fencing:
    """Finds the ends of fences in one document; remembers for which marks none is left, to stay linear."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self._missing: dict[str, int] = {}  # by character: the shortest mark that is never closed again

    def open(self, words: str) -> tuple[str, str] | None:
        """The mark and the info string of an opening line; None when it opens no fence."""
        match = _OPENING.match(words)
        if match is None:
            return None
        return match.group(1) or match.group(3), (match.group(2) or match.group(4) or "").strip()

    def find_end(self, at: int, mark: str, info: str) -> tuple[int, bool]:
        """Index of the closing line, or of the first line behind the fence when it is never closed, and which it is."""
        char, size = mark[0], len(mark)
        code = language(info) in _CODE
        if self._missing.get(char, 99) <= size:
            return self._cut(at, len(self.lines)), False
        shortest = char * 3
        for index in range(at + 1, len(self.lines)):
            line = self.lines[index]
            words = line.strip().lstrip("> ") if shortest in line else ""
            if not words.startswith(shortest):
                continue
            run = len(words) - len(words.lstrip(char))
            if run == len(words) and run >= size:
                return index, True
            if code and run == size and language(words[run:].strip()):
                return self._cut(at, index), False
        self._missing[char] = size
        return self._cut(at, len(self.lines)), False

    def _cut(self, at: int, stop: int) -> int:
        """Where a fence that is never closed must have ended: before a heading, label or fence that cannot be code."""
        for index in range(at + 1, stop):
            line = self.lines[index]
            if line.startswith(("## ", "### ", "#### ", "**")) and not self.lines[index - 1].strip():
                return index
            if index > at + 1 and line.lstrip().startswith(("```", "~~~")):
                return index
        return stop


class Markup:
    """Where HTML that runs over several lines ends in one document; most have none."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines

    @functools.cached_property
    def last_comment_end(self) -> int:
        """The last line with the end of a comment; -1 when there is none."""
        return max((index for index, line in enumerate(self.lines) if "-->" in line), default=-1)

    @functools.cached_property
    def table_ends(self) -> list[int]:
        """The lines on which tables end."""
        return [index for index, line in enumerate(self.lines) if "</table" in line or "</TABLE" in line]


def language(info: str) -> str | None:
    """The language that a fence names, lower case: ``bash``, ``{.bash}``, ``bash title="x"``."""
    match = _LANGUAGE.match(info)
    return match.group(1).lower() if match else None


def columns(line: str) -> int:
    """How far a line is indented, tabs counting to the next fourth column."""
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


def dedent(lines: Sequence[str], by: int) -> tuple[str, ...]:
    """Take at most this many columns of white space off the beginning of each line."""
    if not by and not any(line[:1] == "\t" for line in lines):
        return tuple(lines)
    return tuple(_dedent(line, by) for line in lines)


def _dedent(line: str, by: int) -> str:
    if "\t" in line[: by + 1]:
        words = line.lstrip(" \t")
        line = line[: len(line) - len(words)].expandtabs(4) + words
    lead = len(line) - len(line.lstrip(" "))
    return line[min(lead, by) :]
