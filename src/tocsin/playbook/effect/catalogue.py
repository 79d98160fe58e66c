"""The team's own verdicts on its own commands: data that a named person has vouched for, never a guess.

A pattern is compared word by word with a simple command. ``*`` stands for characters inside one word, and a last word
``**`` for any further words. Neither covers shell syntax, a value that the text does not bound, or, unless the
pattern's word begins with one, a dash: a verdict on ``check *`` says nothing of ``check --repair``.
"""

from __future__ import annotations

import re
import shlex

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.effect.verdict import RANK, Verdict, sort
from tocsin.playbook.effect.word import is_free, readable
from tocsin.playbook.memory import remember
from tocsin.words import Effect, Tag


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict: who gave it and when (ISO date), and for a script the SHA-256 that it had then.

    Whether the script has changed since is for whoever can read it: leave a stale entry out.
    """

    pattern: str
    effect: Effect
    tags: tuple[Tag, ...] = ()
    who: str
    when: str
    sha256: str | None = None
    why: str = ""


class Catalogue(msgspec.Struct, frozen=True):
    """All of a team's verdicts."""

    entries: tuple[Entry, ...] = ()

    def find(self, words: tuple[str, ...]) -> Verdict | None:
        """Return the team's verdict on a command; the most literal pattern wins, between equals the higher effect."""
        if not self.entries:
            return None
        fitting = [entry for entry in self.entries if fits(entry.pattern, words)]
        if not fitting:
            return None
        best = max(fitting, key=lambda entry: (len(entry.pattern.replace("*", "")), RANK[entry.effect]))
        reason = best.why or f"the catalogue says so ({best.who}, {best.when})"
        tags = (*best.tags, Tag.PRIVILEGED) if words[0] in ("sudo", "doas") else best.tags
        return Verdict(best.effect, sort(dict.fromkeys(tags)), f"`{readable(' '.join(words))[:80]}`: {reason}")


EMPTY = Catalogue()

_SYNTAX = compile_late(r"[;&|<>`$(){}\\\n\r'\"!#]")


def fits(pattern: str, words: tuple[str, ...]) -> bool:
    """Return whether a pattern covers a command's words."""
    expected = _split(pattern)
    if expected and expected[-1] == "**":
        expected = expected[:-1]
        words, rest = words[: len(expected)], words[len(expected) :]
        if any(is_free(word) or _SYNTAX.search(word) for word in rest):
            return False
    return len(words) == len(expected) and all(map(_covers, expected, words))


@remember
def _split(pattern: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(pattern))
    except ValueError:
        return tuple(pattern.split())


def _covers(pattern: str, word: str) -> bool:
    if pattern == word:
        return True
    if "*" not in pattern or is_free(word) or _SYNTAX.search(word):
        return False
    if word.startswith("-") and not pattern.startswith("-"):
        return False
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), word) is not None
