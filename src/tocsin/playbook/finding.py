"""What a lint rule looks at and what it says: the view of a compiled playbook, and a finding."""

from __future__ import annotations

import datetime
import functools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.block import Block
from tocsin.playbook.draft import Draft, Said
from tocsin.playbook.model import Playbook, Procedure, Statement, Step
from tocsin.playbook.procedure.fence import FenceReading
from tocsin.playbook.recognise.document import sayings
from tocsin.playbook.shelf import Shelf
from tocsin.playbook.suppression import Suppressions
from tocsin.words import Effect, Level, Tag


class Finding(msgspec.Struct, frozen=True):
    """One fault: the 1-based line (0: the whole document), what is wrong, what to do, other lines that belong to it.

    ``mark`` is what it is about, as it stands on the line (nothing: the whole line). ``subject`` tells findings apart
    that the words of their line do not: what is missing, or what was counted.
    """

    line: int
    text: str
    help: str
    lines: tuple[int, ...] = ()
    level: Level | None = None
    mark: str = ""
    subject: str = ""


class Link(NamedTuple):
    """A link of the document: its 1-based line, its words, and where it leads as written."""

    line: int
    text: str
    target: str


_LINK = compile_late(r"(?<!!)\[(?P<text>[^\[\]]{0,500})\]\((?P<target>[^)\s]{1,1000})[^)]{0,200}\)")


class View:
    """A compiled playbook and the document that it came from. ``today`` is None when dates are not to be judged.

    ``shelf`` holds the documents of the same folder, None when the document was compiled by itself.
    """

    def __init__(
        self, playbook: Playbook, draft: Draft, today: datetime.date | None, shelf: Shelf | None = None
    ) -> None:
        self.playbook = playbook
        self.draft = draft
        self.today = today
        self.shelf = shelf

    @property
    def levels(self) -> tuple[str, ...]:
        """The ids of the severities that hold here: the document's own, else those of its folder's policy."""
        own = tuple(severity.id for severity in self.playbook.severities)
        return own or (self.playbook.policy.levels if self.playbook.policy else ())

    @functools.cached_property
    def procedures(self) -> tuple[Procedure, ...]:
        """All scenarios and processes in document order."""
        return tuple(sorted((*self.playbook.scenarios, *self.playbook.processes), key=lambda found: found.line))

    def block_of(self, procedure: Procedure) -> Block | None:
        """The heading that a procedure was read from."""
        return self._procedure_blocks.get(procedure.line)

    @functools.cached_property
    def _procedure_blocks(self) -> dict[int, Block]:
        return {block.line: block for block, _ in self.draft.procedure_blocks()}

    @functools.cached_property
    def suppressions(self) -> Suppressions:
        """The comments that set findings aside."""
        return Suppressions(self.draft.outline, self.today, self.lines_with("<!--"))

    @functools.cached_property
    def repaired(self) -> frozenset[int]:
        """The lines that held double-encoded characters: they read differently here than in the file."""
        return frozenset(self.draft.source.repaired)

    @functools.cached_property
    def words(self) -> tuple[tuple[int, str], ...]:
        """Every line of words outside fences, without marks, with its number."""
        return tuple((line, text) for line, text, _ in self.draft.words)

    @functools.cached_property
    def sayings(self) -> tuple[Said, ...]:
        """What the document says of itself: owner, version, dates."""
        return sayings(self.draft)

    @functools.cached_property
    def fenced(self) -> frozenset[int]:
        """The lines of all fences, their marks included."""
        return frozenset(line for block in self.draft.outline.fences for line in range(block.line, block.end_line + 1))

    @functools.cached_property
    def links(self) -> tuple[Link, ...]:
        """The links outside fences, in order; pictures are none."""
        return tuple(
            Link(number, match["text"], match["target"])
            for number in self.lines_with("](")
            if number not in self.fenced
            for match in _LINK.finditer(self.line(number))
        )

    @functools.cached_property
    def fences(self) -> list[FenceReading]:
        """Every fence of the document, inside procedures or not."""
        return [self.draft.fence(block) for block in self.draft.outline.fences]

    @functools.cached_property
    def shells(self) -> list[FenceReading]:
        """The fences that hold at least one statement."""
        return [found for found in self.fences if found.statements]

    def fences_in(self, procedure: Procedure) -> list[FenceReading]:
        """The fences of one procedure."""
        begins = self._fence_lines
        return self.fences[bisect_left(begins, procedure.line) : bisect_right(begins, procedure.end_line)]

    @functools.cached_property
    def _fence_lines(self) -> list[int]:
        return [found.block.line for found in self.fences]

    def mentions(self, *parts: str) -> bool:
        """Whether any of these texts stands anywhere in the document: what a rule is about often does not."""
        return any(part in self._text for part in parts)

    def runs(self, *parts: str) -> bool:
        """Whether any of these texts stands in a command: most rules about one program have nothing to look at."""
        return any(part in self._commands for part in parts)

    def lines_with(self, *parts: str) -> list[int]:
        """The numbers of the lines that hold any of these texts: quicker than asking each line."""
        found: set[int] = set()
        for part in parts:
            number, start = 1, 0
            at = self._text.find(part)
            while at >= 0:
                number += self._text.count("\n", start, at)
                found.add(number)
                start = self._text.find("\n", at)
                at = self._text.find(part, start) if start >= 0 else -1
        return sorted(found)

    @functools.cached_property
    def _commands(self) -> str:
        return "\n".join([statement.text for statement in self.playbook.statements])

    @functools.cached_property
    def _text(self) -> str:
        return "\n".join(self.draft.outline.lines)

    def line(self, number: int) -> str:
        """A line of the document, as repaired."""
        lines = self.draft.outline.lines
        return lines[number - 1] if 0 < number <= len(lines) else ""


def commands(procedure: Procedure) -> Iterator[tuple[Step, Statement]]:
    """The steps of a procedure that run something, with their statements."""
    for step in procedure.steps:
        if step.statement is not None:
            yield step, step.statement


_CHANGES = frozenset({Effect.MUTATE, Effect.DESTROY})
_ACTS = _CHANGES | {Effect.UNKNOWN}


def changes(statement: Statement) -> bool:
    """Whether a statement changes or deletes something."""
    return statement.effect in _CHANGES


def acts(statement: Statement) -> bool:
    """Whether a statement changes something, or may do so for all that is known."""
    return statement.effect in _ACTS


def deletes(statement: Statement) -> bool:
    """Whether what a statement does cannot simply be done again: it deletes, or it destroys evidence for good."""
    return statement.effect is Effect.DESTROY or (
        statement.effect is Effect.MUTATE
        and Tag.IRREVERSIBLE in statement.tags
        and Tag.EVIDENCE_DESTROYING in statement.tags
    )


def mends(statement: Statement) -> bool:
    """Whether a statement changes the system, rather than only saving something to a file."""
    return changes(statement) and (Tag.WRITES_FILE not in statement.tags or Tag.EVIDENCE_DESTROYING in statement.tags)


def is_guarded(procedure: Procedure, step: Step) -> bool:
    """Whether a condition, a caution or an approval stands before a step."""
    if step.branch is not None or step.caution:
        return True
    for approval in procedure.approvals:
        whole = approval.scope == "scenario" or (approval.scope == "section" and approval.section == step.section)
        if whole or approval.line <= step.line <= (approval.end_line or approval.line):
            return True
    return False


_LONGEST = 40
"""A text to be shortened is looked at for this many times its length: nobody pads a command with more blanks."""


def shorten(text: str, length: int = 60) -> str:
    """The beginning of a text on one line."""
    flat = " ".join(text[: _LONGEST * length].replace("\\\n", " ").split())
    return flat if len(flat) <= length and len(text) <= _LONGEST * length else flat[: length - 1].rstrip() + "…"


def first_line(text: str) -> str:
    """The part of a command that stands on its first line."""
    return text.partition("\n")[0].rstrip(" \\")


def join(lines: list[int] | tuple[int, ...]) -> str:
    """Line numbers for a sentence: ``3, 7 and 9``."""
    words = [str(line) for line in lines]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
