"""Every shape of a secret that is known goes, whatever its value; what an incident is read by stays."""

from __future__ import annotations

import pytest
from tests.timeline.planting import SHAPES, Maker, plant, plant_readable

from tocsin.timeline.redact import redact, redact_bytes

SEEDS = range(4)


@pytest.mark.parametrize("name", SHAPES)
def test_a_planted_secret_does_not_survive(name: str) -> None:
    for seed in SEEDS:
        text, secrets = SHAPES[name](Maker(seed))
        shown = redact(f"before it\n{text}\nafter it")
        assert not [each for each in secrets if each in shown], shown
        assert "[redacted: " in shown
        assert shown.startswith("before it\n")
        assert shown.endswith("after it")
        assert redact(shown) == shown


@pytest.mark.parametrize("at", range(len(plant_readable(0))))
def test_what_an_incident_is_read_by_stays(at: int) -> None:
    for seed in range(20):
        text = plant_readable(seed)[at]
        assert redact(text) == text


def test_all_of_them_in_one_output_do_not_hide_each_other() -> None:
    planted = plant(99)
    shown = redact("\n\n---\n".join(each.text for each in planted))
    assert not [(each.name, part) for each in planted for part in each.secrets if part in shown]


@pytest.mark.parametrize("before", [3, 31, 67])
def test_a_secret_across_two_windows_is_found(before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An output is searched in pieces, here of 8 KiB."""
    monkeypatch.setattr("tocsin.timeline.runs.WINDOW", 2**13)
    for each in plant(7):
        lines = b"x" * 60 + b"\n"
        head = lines * ((2**13 - before) // len(lines))
        shown = redact_bytes(head + b"y" * (2**13 - before - len(head)) + b"\n" + each.text.encode() + b"\nend")
        assert not [part for part in each.secrets if part.encode() in shown], each.name
