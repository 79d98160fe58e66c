"""Alertmanager's own fingerprint of an alert, so that links and silences match between the two.

64-bit FNV-1a over the label names in byte order, each as ``name 0xFF value 0xFF``, as 16 hex digits (checked against a
real Alertmanager in `tests/web/test_beside_alertmanager.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
_MOST_KNOWN, _MOST_MET = 20_000, 50_000
"""Texts that are known, and marks of pairs that have been met; then they are forgotten, and met anew."""
_MOST_UNMASKED = 64
"""Bytes after which the number that the hash grows to is cut to size."""

Pair = tuple[str, str]


class _Step(NamedTuple):
    """What a text does to a state: over a text the hash is ``state * factor + term``."""

    factor: int
    term: int


_names: list[dict[str, _Step]] = [{} for _ in range(256)]
_pairs: list[dict[Pair, _Step]] = [{} for _ in range(256)]
_met: set[int] = set()
_count = [0]


def find_fingerprint(labels: Mapping[str, str]) -> str:
    """The fingerprint of a set of labels; empty-valued labels do not count.

    The term of a step depends on the state's lowest byte alone, so a step is remembered for pairs that come again: what
    is met once, such as an alert's own number, is walked and costs no more. Names in the order of code points are in
    that of their UTF-8 bytes too.
    """
    state = _OFFSET
    for pair in sorted(labels.items()):
        if pair[1]:
            step = _pairs[state & 255].get(pair)
            state = _meet(pair, state) if step is None else (state * step[0] + step[1]) & _MASK
    return f"{state:016x}"


def _meet(pair: Pair, before: int) -> int:
    """The state behind a pair that is not known; it is known from the second time on."""
    name, value = pair
    low = before & 255
    first = _names[low].get(name) or _remember(_names[low], name, _find_step(name, before, _walk(name, before)))
    after = _walk(value, (before * first[0] + first[1]) & _MASK)
    mark = hash(pair) ^ low
    if mark in _met:
        _remember(_pairs[low], pair, _find_step(name + value, before, after, ends=2))
    elif len(_met) < _MOST_MET:
        _met.add(mark)
    else:
        _met.clear()
    return after


def _remember(known: dict[Any, _Step], text: Any, step: _Step) -> _Step:
    """Know a text again; once there are too many, most of which came twice, all are learnt anew."""
    _count[0] += 1
    if _count[0] > _MOST_KNOWN:
        _count[0] = 1
        for names, pairs in zip(_names, _pairs, strict=True):
            names.clear()
            pairs.clear()
    known[text] = step
    return step


def _walk(text: str, state: int) -> int:
    """The state behind a text and its end, byte by byte."""
    content = text.encode()
    for at in range(0, len(content), _MOST_UNMASKED):
        for byte in content[at : at + _MOST_UNMASKED]:
            state = (state ^ byte) * _PRIME  # only the lowest byte is looked at: cut to 64 bits later, it is the same
        state &= _MASK
    return ((state ^ 0xFF) * _PRIME) & _MASK


def _find_step(text: str, before: int, after: int, *, ends: int = 1) -> _Step:
    factor = pow(_PRIME, len(text.encode()) + ends, _MASK + 1)
    return _Step(factor, (after - before * factor) & _MASK)
