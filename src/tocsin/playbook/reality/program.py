"""The command line of a program of the checkout: its verbs, what is below each, and their flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

_DEEPEST = 8


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """One verb. ``lasting`` flags hold for everything below it too; ``whole`` unless something else may add flags, and
    ``closed`` unless something else may add verbs.
    """

    name: str
    aliases: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    lasting: frozenset[str] = frozenset()
    below: tuple[Verb, ...] = ()
    whole: bool = True
    closed: bool = True
    where: str = ""

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
