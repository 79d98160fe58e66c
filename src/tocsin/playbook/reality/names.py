"""Names with gaps: what a statement leaves open stands in a word as one private character, `WILD`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

WILD = "\ue000"
_RUN = re.compile(f"{WILD}+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_CLOSE = 0.5
_MOST = 2000


def close_gaps(text: str) -> str:
    """Several gaps side by side are one."""
    return _RUN.sub(WILD, text)


def is_wild(text: str) -> bool:
    """Whether part of a word is not written out."""
    return WILD in text


def is_open(text: str) -> bool:
    """Whether so little of a word is written out that nothing can be looked up by it."""
    return not re.search(r"[A-Za-z0-9]{2}", text.replace(WILD, " ")) if WILD in text else not text


def show(text: str) -> str:
    """A word for people: a gap is an ellipsis."""
    return text.replace(WILD, "…")


def fits(pattern: str, name: str) -> bool:
    """Whether a name may be what a word stands for."""
    if WILD not in pattern:
        return pattern == name
    return re.fullmatch(".+?".join(map(re.escape, pattern.split(WILD))), name) is not None


def find(pattern: str, names: Iterable[str]) -> str | None:
    """The first name that a word may stand for."""
    return next((name for name in names if fits(pattern, name)), None)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The most similar of some names, if any is similar at all: by its letters, and by the words that it is made of."""
    plain = name.replace(WILD, "")
    words = _split(plain)
    best, score = None, 0.0
    for each in sorted({each for each in names if each and each != name})[:_MOST]:
        others = _split(each)
        shared = len(words & others) / len(words | others) if words and others else 0.0
        alike = difflib.SequenceMatcher(None, plain.lower(), each.lower()).ratio()
        if plain.isdecimal() and each.isdecimal():
            shared = 1 / (1 + abs(int(plain) - int(each)))
        if (alike >= _CLOSE or any(len(word) > 2 for word in words & others)) and alike + shared > score:
            best, score = each, alike + shared
    return best


def _split(name: str) -> frozenset[str]:
    """The words of a name, however they are joined: ``pause:sailings``, ``ChainHalted``."""
    return frozenset(word.lower() for word in _WORD.findall(name))
