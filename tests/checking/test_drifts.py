"""Whatever drifts away from a playbook is found at its line, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.cli.reading import compile_text
from tocsin.integrations.checkout import read_checkout
from tocsin.knowledge import load_knowledge
from tocsin.playbook.reality import judge_playbook
from tocsin.playbook.source import show_lines

from . import drifts_built, drifts_composed, drifts_installed
from .ground import NAMES, SAMPLES, Drift, copy, judge

DRIFTS = (*drifts_built.DRIFTS, *drifts_composed.DRIFTS, *drifts_installed.DRIFTS)


@pytest.mark.parametrize("name", NAMES)
def test_a_playbook_that_holds_is_found_to_hold(name: str) -> None:
    rows = judge(SAMPLES / name)
    assert [(row.line, row.what, row.why) for row in rows if row.verdict in ("missing", "ambiguous")] == []
    assert sum(row.verdict == "matches" for row in rows) > len(rows) * 0.8


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: f"{drift.sample}: {drift.at}: {drift.what}")
def test_a_drift_is_found_at_its_line_and_nowhere_else(drift: Drift, tmp_path: Path) -> None:
    root = copy(drift.sample, tmp_path)
    drift.change(root)
    rows = judge(root)
    hit = [row for row in rows if row.verdict == drift.verdict and drift.what in row.what]
    assert hit, [(row.line, row.verdict, row.what) for row in rows if drift.at in row.text]
    assert all(drift.at in row.text for row in hit)
    assert drift.nearest in (None, *(row.nearest for row in hit))
    allowed = (drift.at, *drift.also)
    wrong = [row for row in rows if row.verdict in ("missing", "ambiguous")]
    assert [(row.line, row.text, row.what) for row in wrong if not any(each in row.text for each in allowed)] == []


SEEDS = {
    "orchard": "mycelia",
    "granite": "bitcell",
    "ferry": "usdx-wexel",
    "bazaar": "monero-marketplace",
    "harbor": "virtengine",
}


@pytest.mark.parametrize("name", NAMES)
def test_another_teams_playbook_does_not_match_and_every_verdict_has_its_reason(name: str, shared: Path) -> None:
    content = (shared / "seeds" / f"{SEEDS[name]}.md").read_bytes()
    playbook = compile_text(content, "seed.md")
    rows = judge_playbook(playbook, show_lines(content), read_checkout(SAMPLES / name), load_knowledge().programs)
    assert {row.line for row in rows} >= {statement.line for statement in playbook.statements}
    assert sum(row.verdict == "missing" for row in rows) >= 10
    assert all(row.why for row in rows if row.verdict != "matches")
    assert all(row.what for row in rows if row.verdict != "not_checkable")


def test_there_are_enough_of_every_shape() -> None:
    assert len(DRIFTS) >= 40
    assert all(sum(drift.sample == name for drift in DRIFTS) >= 8 for name in NAMES)
