"""The fingerprint is FNV-1a over all bytes, however much of it was remembered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alert import fingerprint
from tocsin.alert.fingerprint import find_fingerprint

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


def plain(labels: dict[str, str]) -> str:
    state = 0xCBF29CE484222325
    for name in sorted((name for name, value in labels.items() if value), key=str.encode):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"


@given(st.lists(st.dictionaries(TEXTS, TEXTS, max_size=6), max_size=5))
def test_what_is_remembered_changes_nothing(sets: list[dict[str, str]]) -> None:
    for labels in sets * 3:
        assert find_fingerprint(labels) == plain(labels)


def test_it_is_alertmanagers_own() -> None:
    assert find_fingerprint({}) == "cbf29ce484222325"
    assert find_fingerprint({"alertname": "BenchAlert", "bench_id": "x1", "empty": ""}) == "d6ab216abf3c3c95"


def test_however_many_pairs_are_met_it_stays_the_same() -> None:
    """More than are remembered, once, twice and again after they were forgotten."""
    sets = [{"alertname": "Disk", "id": f"{n}-{'ü' * (n % 90)}", "zone": f"{n % 7}"} for n in range(400)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprint, "_MOST_KNOWN", 150)
        patch.setattr(fingerprint, "_MOST_MET", 170)
        for labels in [*sets, *sets[:100], *sets[50:150], *sets]:
            assert find_fingerprint(labels) == plain(labels)
