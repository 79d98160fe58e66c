"""The five playbooks in forms that other teams use: columns in another order, other marks, other words, no labels.

As in the other rewrites the model must follow; what a rewrite changes in the text it changes in what is expected.
"""

from __future__ import annotations

import copy
import json
import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.report import to_json

from .numbered import Lines, follow, join, move, on_text, split
from .reshaping import tabulate
from .rewording import reword, reword_model
from .test_transform import SEEDS

_MORE_WORDS = (
    {
        "Symptoms": "How users notice", "Immediate Actions": "Do this first", "Investigation Steps": "Find out why",
        "Recovery Steps": "Recovery procedure", "Diagnosis": "Things to check", "Resolution Steps": "How to resolve",
        "Resolution": "What to do", "Fix": "Corrective measures", "Follow-up": "Clean up", "Detection": "How we notice",
        "Common Causes": "Contributing factors", "Verification": "Sanity checks", "Escalation": "Escalate",
        "Severity Levels": "Severity scale", "Incident Severity Levels": "Severities",
        "Severity Classification": "How bad is it", "Response Times": "Response targets",
        "Emergency Contacts": "Telephone list", "Contacts": "Phone numbers", "Incident Metrics": "What we count",
        "Metrics": "Measuring ourselves", "Training and Drills": "Game days and training",
        "Escalation Procedures": "Escalation policy", "Common Incidents": "Incident catalogue",
        "Common Incident Scenarios": "Incident scenarios", "Common Scenarios": "Scenarios we have seen",
        "Technical Playbooks": "Playbooks", "Incident Roles": "People", "Incident Response Team": "The team",
        "Containment Actions": "Containment", "Questions": "What we need to know",
    },
    {
        "Symptoms": "What it looks like", "Immediate Actions": "Act now", "Investigation Steps": "Investigate",
        "Recovery Steps": "Restore service", "Diagnosis": "Inspect", "Resolution Steps": "Steps to resolve",
        "Resolution": "Actions to take", "Fix": "Solve", "Follow-up": "Later", "Detection": "Signals",
        "Common Causes": "Usual suspects", "Verification": "Check the result", "Severity Levels": "Severity table",
        "Emergency Contacts": "On-call contacts", "Contacts": "People to contact", "Metrics": "Indicators we track",
        "Escalation Procedures": "Get help", "Common Incidents": "Known problems",
        "Investigation": "Find out what happened", "Incident Roles": "Response team", "Questions": "Things to ask",
    },
)  # fmt: skip
_PARTS = (
    "Symptoms", "Diagnosis", "Resolution", "Fix", "Follow-up", "Immediate Actions", "Investigation Steps",
    "Recovery Steps", "Response", "Verification", "Common Causes", "Investigation",
)  # fmt: skip
_PART = re.compile(rf"\*\*({'|'.join(_PARTS)}):\*\*")
_NAMING = ("Severity", "Level", "Role", "Contact", "Metric")
_NUMBER = re.compile(
    r"24/7|\bT\+\d+h?|\d{4}-\d\d-\d\d|\d+ ?[ap]m\b|\d\d?:\d\d|\w*[A-Za-z]-?\d\w*|\d+[A-Za-z]\w*|https?://\S+|"
    r"\d+(?:\s?-\s?\d+)?\+?\s?(?:minutes?|mins?|hours?|days?|weeks?)\b|\d+"
)


def outside_fences(change: Callable[[str], str]) -> Callable[[str], str]:
    """A change of single lines that leaves fences alone."""

    def apply(text: str) -> str:
        out, fenced = [], False
        for raw in text.split("\n"):
            mark = raw.lstrip().startswith("```")
            fenced ^= mark
            out.append(raw if fenced or mark else change(raw))
        return "\n".join(out)

    return apply


def raise_numbers(text: str) -> str:
    """Every number that is no time, date, name or idiom one higher: thresholds, counters, ordinals, percentages."""
    return _NUMBER.sub(lambda match: str(int(match[0]) + 1) if match[0].isdigit() else match[0], text)


def raise_model(value: Any, key: str = "") -> Any:
    if isinstance(value, list):
        return [raise_model(item, key) for item in value]
    if isinstance(value, dict):
        in_fence = value.get("in_fence", False)
        return {name: item if in_fence else raise_model(item, name) for name, item in value.items()}
    return raise_numbers(value) if isinstance(value, str) and key != "slot_texts" else value


def raise_all(lines: Lines, gold: dict[str, Any]) -> tuple[Lines, dict[str, Any]]:
    """The numbers of a text and of its model; a level that the text gives in words has none."""
    told = dict(lines)
    raised = raise_model(gold)
    for found in raised["escalation"]:
        level = found["level"]
        found["level"] = level + 1 if level and str(level) in (told[found["line"]] or "") else level
    return on_text(outside_fences(raise_numbers))(lines), raised


def turn_columns(lines: Lines) -> Lines:
    """Tables with their columns in reverse order, where the header names what the rows are about."""
    out: Lines = []
    turned = fenced = False
    for number, text in lines:
        fenced ^= text.lstrip().startswith("```")
        cells = [cell.strip() for cell in text.strip().strip("|").split("|")]
        if not out or not out[-1][1].startswith("|"):
            turned = text.startswith("|") and not fenced and cells[0] in _NAMING
        out.append((number, f"| {' | '.join(reversed(cells))} |" if turned and text.startswith("|") else text))
    return out


def count_rows(lines: Lines) -> Lines:
    """Tables with a running number before the first column."""
    out: Lines = []
    row = 0
    for number, text in lines:
        row = row + 1 if text.startswith("|") else 0
        cell = {1: "No.", 2: "---"}.get(row, str(row - 2))
        out.append((number, f"| {cell} {text}" if row else text))
    return out


def space_out(lines: Lines) -> Lines:
    """A blank line between the items of every list."""
    out: Lines = []
    fenced = False
    item = re.compile(r"\s*(?:[-*]|\d+\.) ")
    for at, (number, text) in enumerate(lines):
        fenced ^= text.lstrip().startswith("```")
        below = lines[at + 1][1] if at + 1 < len(lines) else ""
        out += [(number, text), *([(None, "")] if not fenced and item.match(text) and item.match(below) else [])]
    return out


def unlabel(text: str) -> str:
    """Fences of commands that do not say so; one bare line of a program that nobody knows could be anything."""
    lines = text.split("\n")
    out = list(lines)
    for at, raw in enumerate(lines):
        if re.fullmatch(r"\s*```bash\s*", raw):
            end = next(index for index in range(at + 1, len(lines)) if lines[index].strip() == "```")
            typed = [line for line in lines[at + 1 : end] if line.strip() and not line.strip().startswith("#")]
            bare = len(typed) == 1 and re.fullmatch(r"\s*[\w ]+", typed[0])
            out[at] = raw if bare or not typed else raw.replace("bash", "")
    return "\n".join(out)


def indent_fences(text: str) -> str:
    """Fences at column 0 two columns further in, with what they hold."""
    out, fenced = [], False
    for raw in text.split("\n"):
        mark = raw.startswith("```")
        out.append("  " + raw if (mark or fenced) and raw.strip() else raw)
        fenced ^= mark
    return "\n".join(out)


def number_headings(text: str) -> str:
    """Chapters and what stands in them counted ("2.3 Response Times"), where no title has a number of its own."""
    counts, out, fenced = [0] * 7, [], False
    for raw in text.split("\n"):
        fenced ^= raw.lstrip().startswith("```")
        match = re.match(r"(##+) (.*)", raw)
        if match and not fenced:
            depth = len(match[1])
            counts[depth] += 1
            counts[depth + 1 :] = [0] * (6 - depth)
            own = re.match(r"\d|Playbook|PLAY|Step|Phase|Level|Scenario:|P\d|SEV", match[2])
            raw = raw if own else f"{match[1]} {'.'.join(map(str, counts[2 : depth + 1]))} {match[2]}"
        out.append(raw)
    return "\n".join(out)


def _spans(gold: dict[str, Any]) -> list[tuple[int, int]]:
    return [(item["line"], item["end_line"]) for item in (*gold["scenarios"], *gold["processes"])]


_Model = dict[str, Any]
_Rewrite = Callable[[Lines, _Model], tuple[Lines, _Model]]


def _text(change: Callable[[str], str], follow_up: Callable[[Any], Any] = lambda gold: gold) -> _Rewrite:
    return lambda lines, gold: (on_text(change)(lines), follow_up(gold))


def _words(words: dict[str, str]) -> _Rewrite:
    return lambda lines, gold: (on_text(lambda text: reword(text, words))(lines), reword_model(gold, words))


_REWRITES: dict[str, _Rewrite] = {
    "reworded_4": _words(_MORE_WORDS[0]),
    "reworded_5": _words(_MORE_WORDS[1]),
    "raised": raise_all,
    "columns_turned": lambda lines, gold: (turn_columns(lines), gold),
    "tabulated_and_turned": lambda lines, gold: (turn_columns(tabulate(lines, _spans(gold))), gold),
    "rows_counted": lambda lines, gold: (count_rows(lines), gold),
    "spaced_out": lambda lines, gold: (space_out(lines), gold),
    "plus_bullets": _text(outside_fences(lambda raw: re.sub(r"^(\s*)- (?!\[)", r"\1+ ", raw))),
    "slanted": _text(outside_fences(lambda raw: _PART.sub(r"*\1:*", raw))),
    "slanted_bare": _text(outside_fences(lambda raw: _PART.sub(r"_\1_", raw))),
    "plain_labels": _text(outside_fences(lambda raw: _PART.sub(r"\1:", raw))),
    "unlabelled": _text(unlabel),
    "headings_numbered": _text(number_headings),
    "anchored": _text(outside_fences(lambda raw: re.sub(r"^(#+ [^`]*)$", r"\1 {#its-own}", raw))),
    "all_ones": _text(outside_fences(lambda raw: re.sub(r"^(\s*)\d+\. ", r"\g<1>1. ", raw))),
    "tildes": _text(lambda text: text.replace("```", "~~~")),
    "fences_indented": _text(indent_fences),
    "capitals": _text(outside_fences(lambda raw: _PART.sub(lambda match: match[0].upper(), raw))),
}


@pytest.mark.parametrize("how", _REWRITES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_playbook_in_another_form_yields_the_same_model(
    seed: str, how: str, shared: Path, check: types.ModuleType, knowledge: effect.Knowledge
) -> None:
    gold = copy.deepcopy(json.loads((shared / "gold" / f"{seed}.json").read_text("utf-8")))
    text = (shared / "seeds" / f"{seed}.md").read_text("utf-8")
    lines, expected = _REWRITES[how](split(text), gold)
    got = to_json(compile_playbook(join(lines).encode(), f"{seed}.md", knowledge))
    tally = check.Tally()
    check.compare(tally, seed, move(expected, follow(lines)), got)
    faults = [
        fault for kind in tally.wrong.values() for fault in kind if how != "unlabelled" or ": lang: " not in fault
    ]
    assert not faults, "\n".join(faults)
