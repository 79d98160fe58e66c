"""The five playbooks rewritten (other names, words, numbers, forms and order) must yield the rewritten model.

This is the guard against overfitting: every rewrite changes a playbook without changing its meaning, and its expected
model with it. Rewrites work on numbered lines, so that the lines of the model can follow their lines of text.
"""

from __future__ import annotations

import copy
import json
import types
from pathlib import Path
from typing import Any

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.report import to_json

from .numbered import follow, join, move, on_text, split
from .reshaping import (
    decorate,
    drop_rules,
    list_steps_in_tables,
    promote_labels,
    restyle,
    shift,
    shuffle,
    tabulate,
    underline,
    untabulate,
)
from .rewording import MORE_SYNONYMS, double_model, double_times, rename, rename_model, reword, reword_model

SEEDS = ("mycelia", "bitcell", "usdx-wexel", "monero-marketplace", "virtengine")
REWRITES = (
    "as_written", "renamed", "doubled", "reworded", "reworded_2", "reworded_3", "deeper", "shuffled", "tabulated",
    "untabulated",
    "restyled", "promoted", "stepped", "crlf", "shallower", "underlined", "decorated", "without_rules", "everything",
)  # fmt: skip
"""One rewrite each, and all of them together."""


def _rewrite(how: str, text: str, gold: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    every = how == "everything"
    lines = split(text)
    procedures = [*gold["scenarios"], *gold["processes"]]
    spans = [(item["line"], item["end_line"]) for item in procedures]
    if every or how == "shuffled":
        lines = shuffle(lines, gold["scenarios"])
    if how == "tabulated":
        lines = tabulate(lines, spans)
    if every or how == "untabulated":
        lines = untabulate(lines)
    if every or how == "doubled":
        lines, gold = on_text(double_times)(lines), double_model(gold)
    if every or how == "reworded":
        lines, gold = on_text(reword)(lines), reword_model(gold)
    if how in ("reworded_2", "reworded_3"):
        words = MORE_SYNONYMS[int(how[-1]) - 2]
        lines, gold = on_text(lambda whole: reword(whole, words))(lines), reword_model(gold, words)
    if how == "promoted":
        lines = on_text(promote_labels)(lines)
    if how == "stepped":
        lines = list_steps_in_tables(lines, spans)
    if how == "underlined":
        lines = underline(lines)
    if how == "decorated":
        lines = on_text(decorate)(lines)
    if how == "without_rules":
        lines = drop_rules(lines)
    if how == "shallower":
        lines = on_text(lambda whole: shift(whole, -1))(lines)
    if every or how == "renamed":
        lines, gold = on_text(rename)(lines), rename_model(gold)
    if every or how == "deeper":
        lines = on_text(lambda whole: shift(whole, 1))(lines)
    if every or how == "restyled":
        lines = on_text(restyle)(lines)
    text = join(lines)
    return text.replace("\n", "\r\n") if every or how == "crlf" else text, move(gold, follow(lines))


@pytest.mark.parametrize("how", REWRITES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_rewritten_playbook_yields_the_rewritten_model(
    seed: str, how: str, shared: Path, check: types.ModuleType, knowledge: effect.Knowledge
) -> None:
    gold = json.loads((shared / "gold" / f"{seed}.json").read_text("utf-8"))
    text = (shared / "seeds" / f"{seed}.md").read_text("utf-8")
    rewritten, expected = _rewrite(how, text, copy.deepcopy(gold))
    got = to_json(compile_playbook(rewritten.encode(), f"{seed}.md", knowledge))
    tally = check.Tally()
    check.compare(tally, seed, expected, got)
    faults = [fault for kind in tally.wrong.values() for fault in kind]
    assert not faults, "\n".join(faults)
