"""Chains of calls in JavaScript and TypeScript, read without a parser: ``program.command("x <y>").option("--z")``.

One pass makes words of the source and pairs its brackets. What is derailed by something odd (a quote in a regular
expression) is not found; nothing is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_TOKEN = re.compile(
    r"//[^\n]*|/\*(?:[^*]|\*(?!/)){0,4000}\*/|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|"
    r"[A-Za-z_$][\w$]*|=>|\?\.|\.\.\.|\d[\w.]*|\S"
)
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_LONGEST = 400
"""Calls in one chain."""


class Call(msgspec.Struct, frozen=True):
    """One call of a chain: its name, and where its arguments stand, without the brackets."""

    name: str
    start: int
    end: int


class Chain(msgspec.Struct, frozen=True):
    """What stands first, whether it is made anew, the calls on it, and the variable that the whole is given to."""

    head: str
    is_new: bool
    calls: tuple[Call, ...]
    variable: str
    start: int
    end: int
    own: Call | None = None


class Source:
    """A source as words with paired brackets."""

    def __init__(self, text: str) -> None:
        found = [match for match in _TOKEN.finditer(text) if not match[0].startswith(("//", "/*"))]
        self.words = [match[0] for match in found]
        self.offsets = [match.start() for match in found]
        self.text = text
        self._closing: dict[int, int] = {}
        stack: list[int] = []
        for at, word in enumerate(self.words):
            if word in "([{":
                stack.append(at)
            elif word in _PAIRS and stack and self.words[stack[-1]] == _PAIRS[word]:
                self._closing[stack.pop()] = at

    def line(self, at: int) -> int:
        """The line of a word."""
        return self.text.count("\n", 0, self.offsets[at]) + 1

    def word(self, at: int) -> str:
        """A word; empty behind the end."""
        return self.words[at] if 0 <= at < len(self.words) else ""

    def closing(self, at: int) -> int | None:
        """The bracket that closes one."""
        return self._closing.get(at)

    def chains(self, start: int = 0, end: int | None = None) -> Iterator[Chain]:
        """Every chain that begins between two words."""
        for at in range(start, len(self.words) if end is None else end):
            if self.word(at - 1) in (".", "?.", "new", "function") or not _IDENTIFIER.fullmatch(self.words[at]):
                continue
            chain = self.read(at)
            if chain is not None:
                yield chain

    def read(self, start: int) -> Chain | None:
        """The chain that begins at a word; null where nothing is called on it."""
        is_new = self.word(start) == "new"
        at = start + is_new
        head, own = self.word(at), None
        if not _IDENTIFIER.fullmatch(head):
            return None
        closed = self.closing(at + 1) if self.word(at + 1) == "(" else None
        if closed is not None:
            own, at = Call(head, at + 2, closed), closed
        calls: list[Call] = []
        while len(calls) < _LONGEST and self.word(at + 1) in (".", "?."):
            name = self.word(at + 2)
            closed = self.closing(at + 3) if self.word(at + 3) == "(" else None
            if closed is not None:
                calls.append(Call(name, at + 4, closed))
                at = closed
            elif calls or own is not None:
                break
            else:
                head, at = name, at + 2
        if not calls and own is None:
            return None
        variable = self.word(start - 2) if self.word(start - 1) == "=" else ""
        return Chain(head, is_new, tuple(calls), variable, start, at + 1, own)

    def arguments(self, call: Call) -> list[tuple[int, int]]:
        """Where each argument of a call begins and ends."""
        return self.split(call.start, call.end)

    def split(self, start: int, end: int) -> list[tuple[int, int]]:
        """Parts between commas."""
        found, first, at = [], start, start
        while at < end:
            if self.words[at] == ",":
                found.append((first, at))
                first = at + 1
            at = self._closing.get(at, at) + 1
        return [*found, (first, end)] if first < end else found

    def read_text(self, part: tuple[int, int]) -> str | None:
        """A text that is written out; null for anything else."""
        word = self.word(part[0])
        if part[1] - part[0] != 1 or word[:1] not in ("'", '"', "`") or "${" in word:
            return None
        return re.sub(r"\\(.)", r"\1", word[1:-1])

    def read_texts(self, part: tuple[int, int]) -> tuple[str, ...]:
        """The texts of a list, or one text alone; none where one of them is not written out."""
        if self.word(part[0]) != "[":
            alone = self.read_text(part)
            return () if alone is None else (alone,)
        closed = self.closing(part[0])
        texts = [self.read_text(each) for each in self.split(part[0] + 1, closed)] if closed is not None else []
        return tuple(text for text in texts if text is not None) if None not in texts else ()

    def read_object(self, part: tuple[int, int]) -> dict[str, tuple[int, int]]:
        """The parts of an object by name."""
        closed = self.closing(part[0]) if self.word(part[0]) == "{" else None
        found: dict[str, tuple[int, int]] = {}
        for first, last in self.split(part[0] + 1, closed) if closed is not None else []:
            name = self.word(first).strip("'\"`")
            if self.word(first + 1) == ":":
                found[name] = (first + 2, last)
            elif self.word(first + 1) == "(" or self.word(first) in ("async", "get"):
                found[name] = (first + 1, last)
            else:
                found[name] = (first, last)
        return found
