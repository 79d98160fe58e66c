"""Alertmanager's own fingerprint of an alert, so that links and silences match between the two.

64-bit FNV-1a over the label names in byte order, each as ``name 0xFF value 0xFF``, as 16 hex digits (checked against a
real Alertmanager in `tests/web/test_beside_alertmanager.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
_MOST_KNOWN = 50_000

_known: dict[tuple[str, int], tuple[int, int]] = {}


def find_fingerprint(labels: Mapping[str, str]) -> str:
    """The fingerprint of a set of labels; empty-valued labels do not count.

    Over a text the hash is ``state * factor + term``, where the term depends on the state's lowest byte alone: so it is
    remembered for texts that come again. Names in the order of code points are in that of their UTF-8 bytes too.
    """
    state = _OFFSET
    for name in sorted(labels):
        value = labels[name]
        if value:
            factor, term = _known.get((name, state & 255)) or _learn(name, state & 255)
            state = (state * factor + term) & _MASK
            factor, term = _known.get((value, state & 255)) or _learn(value, state & 255)
            state = (state * factor + term) & _MASK
    return f"{state:016x}"


def _learn(text: str, low: int) -> tuple[int, int]:
    """The factor and the term of a text behind a state that ends with the byte `low`."""
    state = low
    content = text.encode() + b"\xff"
    for byte in content:
        state = ((state ^ byte) * _PRIME) & _MASK
    factor = pow(_PRIME, len(content), _MASK + 1)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[text, low] = found = (factor, (state - low * factor) & _MASK)
    return found
