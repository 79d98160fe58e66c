"""Which of the old belongs to which of the new: by name first, then by likeness."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")

_LIKE = 0.6
_NO_KEY = (None, "", ())
_MOST = 200


def pair(
    old: Sequence[T],
    new: Sequence[T],
    keys: Sequence[Callable[[T], Hashable | None]],
    words: Callable[[T], str],
) -> list[tuple[T | None, T | None]]:
    """Pairs in the order of the new, then what is gone. Each key is tried in turn on what is left; what no key pairs is
    paired by the likeness of its words.
    """
    rest = list(old)
    partner: dict[int, T] = {}
    for key in keys:
        by_key: dict[Hashable, list[T]] = {}
        for each in rest:
            by_key.setdefault(key(each), []).append(each)
        for index, each in enumerate(new):
            same = by_key.get(key(each)) if index not in partner and key(each) not in _NO_KEY else None
            if same:
                partner[index] = same.pop(0)
                rest.remove(partner[index])
    _pair_alike(rest, new, partner, words)
    return [*((partner.get(index), each) for index, each in enumerate(new)), *((each, None) for each in rest)]


def _pair_alike(rest: list[T], new: Sequence[T], partner: dict[int, T], words: Callable[[T], str]) -> None:
    """Pair what is left by likeness, in order; too much of it is left alone, for it would take too long."""
    if len(rest) * len(new) > _MOST * _MOST:
        return
    for index, each in enumerate(new):
        if index in partner or not rest:
            continue
        scored = [(likeness(words(other), words(each)), place) for place, other in enumerate(rest)]
        score, place = max(scored, key=lambda entry: (entry[0], -entry[1]))
        if score >= _LIKE:
            partner[index] = rest.pop(place)


def likeness(one: str, other: str) -> float:
    """How alike two texts are, from 0 to 1."""
    matcher = difflib.SequenceMatcher(None, one[:2000], other[:2000], autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= _LIKE and matcher.quick_ratio() >= _LIKE else 0.0
