"""The compiler as a whole: agrees with the gold, never raises, is pure, and stays inside the document."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.playbook.report import outline, to_json
from tocsin.words import Level

_FIXTURES = sorted((Path(__file__).parent / "fixtures").rglob("*.md"))
_SEEDS = ("mycelia", "bitcell", "usdx-wexel", "monero-marketplace", "virtengine")
_GENTLE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_MARKDOWN = st.text(st.sampled_from("#-*`~|>:0123 \n\t[x]()<!->aSEVPif{$\u00e2\u274c\ufffd\r"), max_size=300)
_LINES = st.lists(
    st.sampled_from(
        ["# Runbook", "## Scenario: X", "**Symptoms:**", "```bash", "```", "  ```", "~~~", "- item", "1. step",
         "| a | b |",
         "|---|---|", "> quote", "<!--", "-->", "===", "---", "", "    code", "rm -rf /", "# If so", "**DO NOT:**",
         "<table>", "<tr><td>x", "</table>", "::: note", '!!! tip "x"', "- [ ] box", "SEV-1: 5 min", "\ttab", "**bold",
         "`"]
    ),
    max_size=40,
).map("\n".join)  # fmt: skip


def _check(playbook: Playbook, source: bytes) -> None:
    """Every line that the model names is a line of the document, and everything can be shown."""
    last = source.count(b"\n") + source.count(b"\r") + 1
    entry = to_json(playbook)
    json.dumps(entry)
    for path, line in _lines(entry):
        least = 0 if path[0] == "diagnostics" else 1
        assert least <= line <= last, (path, line)
    for procedure in (*playbook.scenarios, *playbook.processes):
        _check_procedure(procedure)
    assert outline(playbook)


def _check_procedure(procedure: Any) -> None:
    assert procedure.line <= procedure.end_line
    sections = {section.line for section in procedure.sections}
    branches = {branch.line for branch in procedure.branches}
    lines = [step.line for step in procedure.steps]
    assert lines == sorted(lines)
    for step in procedure.steps:
        assert procedure.line <= step.line <= procedure.end_line
        assert step.section is None or step.section in sections
        assert step.branch is None or step.branch in branches
        assert (step.statement is not None) == (step.kind == "statement")
    for span in (*procedure.sections, *procedure.branches, *procedure.fences):
        assert procedure.line <= span.line <= span.end_line <= procedure.end_line


def _lines(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if (key in ("line", "section", "branch") or key.endswith("_line")) and isinstance(inner, int):
                yield (*path, key), inner
            elif key == "lines":
                yield from (((*path, key), line) for line in inner)
            else:
                yield from _lines(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, path)


def test_the_five_agree_with_the_gold(shared: Path, seeds: Path, tmp_path: Path, knowledge: effect.Knowledge) -> None:
    arguments = []
    for name in _SEEDS:
        playbook = compile_playbook((seeds / f"{name}.md").read_bytes(), f"{name}.md", knowledge)
        target = tmp_path / f"{name}.json"
        target.write_text(json.dumps(to_json(playbook)), "utf-8")
        arguments.append(f"{name}={target}")
    done = subprocess.run(
        [sys.executable, str(shared / "gold" / "check.py"), "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", _SEEDS)
def test_every_line_of_a_seeds_model_is_in_it(name: str, seeds: Path, knowledge: effect.Knowledge) -> None:
    source = (seeds / f"{name}.md").read_bytes()
    playbook = compile_playbook(source, name, knowledge)
    _check(playbook, source)
    lines = source.decode("utf-8", "replace").splitlines()
    for statement in playbook.statements:
        first = statement.text.split("\n")[0].split()
        assert first[0] in lines[statement.line - 1]


@pytest.mark.parametrize("path", _FIXTURES, ids=lambda path: path.stem)
def test_compiling_is_pure(path: Path, knowledge: effect.Knowledge) -> None:
    source = path.read_bytes()
    once = compile_playbook(source, path.name, knowledge)
    assert once == compile_playbook(source, path.name, knowledge)
    _check(once, source)


def test_line_ends_and_marks_of_encoding_change_nothing(knowledge: effect.Knowledge) -> None:
    source = (Path(__file__).parent / "fixtures" / "sound.md").read_bytes()
    plain = to_json(compile_playbook(source, "x", knowledge))
    for other in (source.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + source):
        assert {**to_json(compile_playbook(other, "x", knowledge)), "digest": plain["digest"]} == plain
    wide = compile_playbook(source.decode().encode("utf-16"), "x", knowledge)
    assert [finding.rule for finding in wide.diagnostics] == ["not_utf8"]
    assert to_json(wide)["scenarios"] == plain["scenarios"]


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\x00\x01\x02\x7fELF" * 50, "binary"),
        (b"# Runbook\n\xff\xfe\xfa broken \xe4\n", "not_utf8"),
        (b"x" * 2000, "too_large"),
        (b"# A\n\n## Scenario: X\n\n```bash\nls\n\n## Next\n", "unclosed_fence"),
        (b"# A\n\n<!-- never closed\n\n- x\n", "unclosed_comment"),
    ],
)
def test_faulty_input_is_reported(source: bytes, rule: str, knowledge: effect.Knowledge) -> None:
    playbook = compile_playbook(source, "x", knowledge, max_bytes=1000)
    found = {finding.rule: finding for finding in playbook.diagnostics}
    assert rule in found
    assert found[rule].level in (Level.ERROR, Level.WARNING)
    assert "2000 bytes" not in found[rule].text  # whoever reads a file for us stops at the limit
    assert rule != "too_large" or "over 1000 bytes" in found[rule].text
    assert "x: no playbook" in outline(playbook) or playbook.is_playbook


@_GENTLE
@given(st.binary(max_size=400))
def test_never_raises_on_bytes(knowledge: effect.Knowledge, source: bytes) -> None:
    _check(compile_playbook(source, "x", knowledge), source)


@_GENTLE
@given(st.one_of(_MARKDOWN, _LINES))
def test_never_raises_on_odd_markdown(knowledge: effect.Knowledge, text: str) -> None:
    source = text.encode("utf-8", "surrogatepass")
    _check(compile_playbook(source, "x", knowledge), source)


@settings(_GENTLE, max_examples=40)
@given(data=st.data())
def test_never_raises_on_a_mutated_playbook(knowledge: effect.Knowledge, data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(_FIXTURES)).read_bytes().split(b"\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(("cut", "twice", "shift", "join", "noise")))
        if change == "cut":
            del lines[at : at + data.draw(st.integers(1, 5))]
            lines = lines or [b""]
        elif change == "twice":
            lines[at:at] = lines[at : at + 8]
        elif change == "shift":
            lines[at] = b" " * data.draw(st.integers(1, 9)) + lines[at]
        elif change == "join":
            lines[at : at + 2] = [b" ".join(lines[at : at + 2])]
        else:
            lines[at] = lines[at][:5] + data.draw(st.binary(max_size=6)) + lines[at][5:]
    source = b"\n".join(lines)
    _check(compile_playbook(source, "x", knowledge), source)


@pytest.mark.parametrize(
    "source",
    [
        b">" * 30000,
        b"\n".join(b" " * i + b"- x" for i in range(400)),
        b"- " * 5000,
        b"```\n" * 4001,
        b"<!-- x --> " * 5000,
        b"<!--" * 5000,
        b"|" * 20000 + b"\n" + b"|-" * 10000 + b"|\n",
        b"# " + b"a " * 50000,
        b"**" * 20000,
        b"[" * 20000 + b"](" * 20000,
        b"**A:**\n" * 5000,
        b"## Scenario: X\n" * 3000,
        b"1. Do not\n" * 5000,
        b"<table>" * 5000,
        b"- [ ] x if y\n" * 5000,
        b"SEV-1 " * 10000,
        b"every 5 minutes (P1) " * 3000,
        b"\xe2\x80\x8b" * 10000,
        b"`" * 20000,
        b"a" * 300000,
    ],
    ids=range(20),
)
def test_hostile_input_costs_little(source: bytes, knowledge: effect.Knowledge) -> None:
    playbook = compile_playbook(b"# Incident Runbook\n\n## Scenario: A\n\n" + source, "x", knowledge)
    assert playbook.diagnostics


def test_one_alert_a_file_is_one_scenario(shared: Path, knowledge: effect.Knowledge) -> None:
    """Most of a large collection with a file for each alert; the rest are its own notes, stubs and helpers."""
    folder = next((found for found in (shared / "corpus" / "playbooks").glob("openshift__runbooks*")), None)
    if folder is None:
        pytest.skip("The collection is not in the corpus.")
    paths = sorted(folder.rglob("*.md"))[::6]
    exact = 0
    for path in paths:
        playbook = compile_playbook(path.read_bytes(), path.name, knowledge)
        names = [scenario.alerts for scenario in playbook.scenarios]
        exact += names == [(path.stem,)]
    assert exact >= 0.8 * len(paths)


def test_every_file_of_the_corpus_compiles(shared: Path, knowledge: effect.Knowledge) -> None:
    paths = sorted((shared / "corpus" / "playbooks").rglob("*.md*"))[::23]
    if not paths:
        pytest.skip("The corpus is missing.")
    for path in paths:
        source = path.read_bytes()
        _check(compile_playbook(source, path.name, knowledge), source)
