"""The command line of a program of the checkout: its verbs, what is below each, and their flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

_DEEPEST = 8


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One operand, by the name that the script gives it. ``choices`` are the only values that it takes, ``number`` and
    ``path`` say what its type is.
    """

    name: str = ""
    choices: tuple[str, ...] = ()
    line: int = 0
    number: bool = False
    path: bool = False


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """A place where it waits for somebody to type. Any of ``unless`` (flags, variables) keeps it from asking."""

    line: int
    how: str
    unless: frozenset[str] = frozenset()


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option under all its names, with their dashes. ``takes`` a value, or is a switch, or null where both may be.

    ``choices`` are the only values that it takes, ``parted`` if it takes several in one word. ``required`` only where
    nothing else (a default, the environment, a settings file) can stand in for it. ``group`` is shared by options of
    which only one may be given. One of its ``own`` is not for the verbs below.
    """

    names: tuple[str, ...]
    takes: bool | None = True
    choices: tuple[str, ...] = ()
    parted: bool = False
    any_case: bool = False
    number: bool = False
    required: bool = False
    group: str = ""
    own: bool = False


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """One verb. ``lasting`` flags hold for everything below it too; ``whole`` unless something else may add flags, and
    ``closed`` unless something else may add verbs.

    ``options`` are its flags as far as more than their names is known. ``least`` operands it demands and ``most`` it
    takes, null for any number or where nobody can say; ``parameters`` are their names. ``shortens`` if the beginning of
    a flag may stand for it; ``prompts`` are where it waits for somebody to type.
    """

    name: str
    aliases: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    lasting: frozenset[str] = frozenset()
    below: tuple[Verb, ...] = ()
    whole: bool = True
    closed: bool = True
    where: str = ""
    options: tuple[Option, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    least: int = 0
    most: int | None = None
    shortens: bool = False
    prompts: tuple[Prompt, ...] = ()

    def is_called(self, word: str) -> bool:
        """Whether a word means this verb."""
        return word == self.name or word in self.aliases

    def find(self, word: str) -> Verb | None:
        """The verb below that a word means."""
        return next((each for each in self.below if each.is_called(word)), None)

    def everything(self, depth: int = 0) -> Iterator[Verb]:
        """This verb and all below it."""
        yield self
        for each in self.below if depth < _DEEPEST else ():
            yield from each.everything(depth + 1)


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A program that the checkout builds. ``root`` is its tree where it could be read; else ``verbs`` and ``flags`` are
    all that its sources define, wherever they hang.
    """

    name: str
    where: str
    root: Verb | None = None
    verbs: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    whole: bool = False
    places: Mapping[str, str] = {}
