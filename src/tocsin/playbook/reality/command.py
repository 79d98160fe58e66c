"""A command as a shell would run it: its words, where it runs, in which directory, and what it is fed."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tocsin.playbook.reality.names import WILD


class Place(StrEnum):
    """On which side a command runs: where the responder stands, on another machine, or in a container."""

    HERE = "here"
    REMOTE = "remote"
    INSIDE = "inside"


OUTSIDE = "\ue001"
"""A directory that no checkout holds: a person's home, a log folder."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command. ``folders`` are the directories that it may run in, as paths of the checkout or `OUTSIDE`.

    ``host`` is the machine or container that it runs on or in; ``env`` is set for it alone; ``known`` are the variables
    that the shell has exported by then. ``fed`` says that something other than a terminal is its input, ``answers``
    that this something says yes. ``before`` are the words of the command that a pipe feeds it from; ``writes`` what its
    redirections write.
    """

    words: tuple[str, ...]
    folders: tuple[str, ...] = ("",)
    place: Place = Place.HERE
    host: str = ""
    inside: str = ""
    env: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    fed: bool = False
    answers: bool = False
    before: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """The program's name without its directory."""
        return self.words[0].rsplit("/", 1)[-1] if self.words else ""

    @property
    def is_here(self) -> bool:
        """Whether it runs where the checkout may be."""
        return self.place is Place.HERE


class Arguments(msgspec.Struct, frozen=True):
    """The words behind a program taken apart: operands, flags with their values, and what stands behind ``--``."""

    operands: tuple[str, ...] = ()
    flags: tuple[tuple[str, str | None], ...] = ()
    rest: tuple[str, ...] = ()

    def values(self, *names: str) -> tuple[str, ...]:
        """What was given to a flag, each time."""
        return tuple(value for name, value in self.flags if name in names and value is not None)

    def value(self, *names: str) -> str | None:
        """What was given to a flag, the last time."""
        found = self.values(*names)
        return found[-1] if found else None

    def has(self, *names: str) -> bool:
        """Whether a flag was given."""
        return any(name in names for name, _ in self.flags)


def take_apart(words: tuple[str, ...], valued: frozenset[str], *, stop: bool = False) -> Arguments:
    """Read words as most programs do. ``valued`` are the flags that take the next word; ``stop`` ends at an operand."""
    operands: list[str] = []
    flags: list[tuple[str, str | None]] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            return Arguments(tuple(operands), tuple(flags), words[at:])
        if word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            flags.append((name, value))
        elif word.startswith("-") and len(word) > 1 and not word.startswith(f"-{WILD}"):
            name, attached = _short(word, valued)
            takes = name in valued and attached is None and at < len(words)
            flags.append((name, words[at] if takes else attached))
            at += takes
        elif stop:
            return Arguments(tuple(operands), tuple(flags), words[at - 1 :])
        else:
            operands.append(word)
    return Arguments(tuple(operands), tuple(flags))


def _short(word: str, valued: frozenset[str]) -> tuple[str, str | None]:
    """A short flag with its value attached (``-nprod``), or the last of a cluster (``-it``)."""
    if word in valued or word.startswith("--") or len(word) == 2:
        return word, None
    if word[:2] in valued:
        return word[:2], word[2:].removeprefix("=")
    last = f"-{word[-1]}"
    return (last, None) if last in valued else (word, None)
