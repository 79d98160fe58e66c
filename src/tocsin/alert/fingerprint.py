"""Alertmanager's own fingerprint of an alert, so that links and silences match between the two.

64-bit FNV-1a over the label names in byte order, each as ``name 0xFF value 0xFF``, as 16 hex digits (checked against a
real Alertmanager in `tests/web/test_beside_alertmanager.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF


def find_fingerprint(labels: Mapping[str, str]) -> str:
    """The fingerprint of a set of labels; empty-valued labels do not count."""
    state = _OFFSET
    for name in sorted((name for name, value in labels.items() if value), key=str.encode):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            state = ((state ^ byte) * _PRIME) & _MASK
    return f"{state:016x}"
