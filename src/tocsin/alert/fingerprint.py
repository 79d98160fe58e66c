"""Alertmanager's own fingerprint of an alert, so that links and silences match between the two.

64-bit FNV-1a over the label names in byte order, each as ``name 0xFF value 0xFF``, as 16 hex digits (checked against a
real Alertmanager in `tests/web/test_beside_alertmanager.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
_MOST_KNOWN = 20_000

_Step = tuple[int, int]
_names: list[dict[str, _Step]] = [{} for _ in range(256)]
_pairs: list[dict[tuple[str, str], _Step]] = [{} for _ in range(256)]
_count = [0]


def find_fingerprint(labels: Mapping[str, str]) -> str:
    """The fingerprint of a set of labels; empty-valued labels do not count.

    Over a text the hash is ``state * factor + term``, where the term depends on the state's lowest byte alone: so it is
    remembered for pairs that come again. Names in the order of code points are in that of their UTF-8 bytes too.
    """
    state = _OFFSET
    for pair in sorted(labels.items()):
        if pair[1]:
            step = _pairs[state & 255].get(pair) or _learn_pair(pair, state)
            state = (state * step[0] + step[1]) & _MASK
    return f"{state:016x}"


def _learn_pair(pair: tuple[str, str], before: int) -> _Step:
    """The factor and the term of a pair behind a state."""
    name, value = pair
    first = _names[before & 255].get(name)
    if first is None:
        first = _walk(name, before)
        _remember(_names[before & 255], name, first)
    state = (before * first[0] + first[1]) & _MASK
    second = _walk(value, state)
    step = (first[0] * second[0]) & _MASK, (first[1] * second[0] + second[1]) & _MASK
    _remember(_pairs[before & 255], pair, step)
    return step


def _walk(text: str, before: int) -> _Step:
    """The factor and the term of a text behind a state, byte by byte."""
    state, content = before, text.encode() + b"\xff"
    for byte in content:
        state = ((state ^ byte) * _PRIME) & _MASK
    factor = _find_power(len(content))
    return factor, (state - before * factor) & _MASK


@lru_cache(maxsize=1024)
def _find_power(count: int) -> int:
    return pow(_PRIME, count, _MASK + 1)


def _remember(known: dict[Any, _Step], text: Any, step: _Step) -> None:
    """Know a text again; once there are too many, most of which came once, all are learnt anew."""
    _count[0] += 1
    if _count[0] > _MOST_KNOWN:
        _count[0] = 1
        for names, pairs in zip(_names, _pairs, strict=True):
            names.clear()
            pairs.clear()
    known[text] = step
