"""What is passed along while a statement is judged: the knowledge, what feeds a command, and the way back in.

A command may carry another one (``sudo``, ``ssh``, ``find -exec``), so judging calls itself; it does so through the two
callables of `Judge`, and no deeper than a person could follow.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tocsin.playbook.effect.catalogue import Catalogue
from tocsin.playbook.effect.flags import Scan
from tocsin.playbook.effect.knowledge import Knowledge, Spec
from tocsin.playbook.effect.verdict import NOTHING, Verdict, unknown

DEEPEST = 12
"""How many commands may carry one another before nobody could follow."""


class Input(msgspec.Struct, frozen=True):
    """What a command reads: ``text`` where that is written out, else None; ``verdict`` of whatever produces it."""

    given: bool = False
    text: str | None = None
    verdict: Verdict = NOTHING


TERMINAL = Input()


class Command(msgspec.Struct, frozen=True):
    """One simple command: its words, the variables they use, the verdict on their substitutions, and its input."""

    words: tuple[str, ...]
    names: frozenset[str] = frozenset()
    parts: Verdict = NOTHING
    input: Input = TERMINAL

    def carrying(self, words: tuple[str, ...]) -> Command:
        """The command of these words that this one runs, reading what this one reads."""
        return Command(words, self.names, self.parts, self.input)


def _define_nothing(_: str) -> None:
    """The functions of a text that defines none."""


class Judge(msgspec.Struct, frozen=True):
    """The judge of one statement, at one depth; ``source`` is all the text that it has seen on the way down,
    ``holds`` what variables may hold that are not written out.
    """

    knowledge: Knowledge
    catalogue: Catalogue
    depth: int
    judge_text: Callable[[str, Judge, Input], Verdict]
    judge_command: Callable[[Command, Judge], Verdict]
    source: str = ""
    holds: Verdict = NOTHING
    functions: Callable[[str], Verdict | None] = _define_nothing

    def text(self, text: str, feed: Input = TERMINAL) -> Verdict:
        """Judge text that another shell will read."""
        if self.depth >= DEEPEST:
            return unknown("commands inside commands, too deep to follow")
        return self.judge_text(text, self._inner(), feed)

    def command(self, command: Command) -> Verdict:
        """Judge a command that another command runs."""
        if self.depth >= DEEPEST:
            return unknown("commands inside commands, too deep to follow")
        return self.judge_command(command, self._inner())

    def seeing(self, text: str) -> Judge:
        """Return the judge of this text, at the same depth."""
        return Judge(
            self.knowledge,
            self.catalogue,
            self.depth,
            self.judge_text,
            self.judge_command,
            f"{self.source}\n{text}",
            self.holds,
            self.functions,
        )

    def _inner(self) -> Judge:
        """Return the judge one level down, where no function of the outer text is defined."""
        return Judge(
            self.knowledge,
            self.catalogue,
            self.depth + 1,
            self.judge_text,
            self.judge_command,
            self.source,
            self.holds,
        )


class Call(msgspec.Struct, frozen=True):
    """A known program's call, for the readers of what it carries: ``name`` as said, its words after the sub-command."""

    name: str
    spec: Spec
    words: tuple[str, ...]
    command: Command


Reader = Callable[[Call, Scan, Judge], Verdict]
"""Reads what a command carries: gets the call, its words as scanned, and the judge."""
