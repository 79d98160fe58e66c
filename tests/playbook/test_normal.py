"""The normal form of a playbook compiles to the same model, and is its own normal form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.playbook.normal import normalise
from tocsin.playbook.report import to_json

_GENTLE = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_PLACES = frozenset({"line", "end_line", "lines", "column", "end_column"})
_OF_THE_FILE = frozenset({"path", "digest", "diagnostics", "set_aside"})
_LINES = st.lists(
    st.sampled_from(
        ["# Runbook", "## Scenario: X", "## Y is down", "**Symptoms:**", "Symptoms: slow", "**Fix:** restart it",
         "```bash", "```",
         "  ```", "~~~", "- item", "  - nested", "1. step", "2. next", "   more", "| a | b |", "|---|---|",
         "> quote", "> - q", "<!-- x -->", "===", "---", "", "    code", "rm -rf /tmp/x", "# If so", "**DO NOT:**",
         "<table>", "<tr><td>x", "</table>", "::: note", '!!! tip "x"', "- [ ] box", "- [x] done", "SEV-1: 5 min",
         "\ttab", "**bold", "`", "text here", "### Deep", "    # x", "    - y", "Step 2 – Assess", "[1]: http://x",
         "**1. Database is down**", "**2. Cache is down**", "+ plus", "* star", "10) ten", "<b>x</b>",
         "kubectl get pods"]
    ),
    max_size=40,
).map("\n".join)  # fmt: skip


def _model(value: Any) -> Any:
    """A published entry without places: where a step points to a section, only that it does."""
    if isinstance(value, dict):
        kept = {
            key: each for key, each in value.items() if key not in _PLACES | _OF_THE_FILE and not key.endswith("_line")
        }
        for key in ("section", "branch"):
            if key in kept and not isinstance(kept[key], dict):
                kept[key] = kept[key] is not None
        return {key: _words(each) if key == "body" else _model(each) for key, each in kept.items()}
    return [_model(each) for each in value] if isinstance(value, list) else value


def _words(body: str) -> list[str]:
    return [" ".join(line.split()) for line in body.split("\n") if line.strip()]


def _again(source: bytes, path: str, knowledge: effect.Knowledge) -> tuple[Playbook, str, Playbook]:
    one = compile_playbook(source, path, knowledge)
    text = normalise(source, one)
    return one, text, compile_playbook(text.encode(), path, knowledge)


@pytest.mark.parametrize("name", ["mycelia", "bitcell", "usdx-wexel", "monero-marketplace", "virtengine"])
def test_the_five_keep_their_models(name: str, seeds: Path, knowledge: effect.Knowledge) -> None:
    one, text, other = _again((seeds / f"{name}.md").read_bytes(), f"{name}.md", knowledge)
    assert _model(to_json(other)) == _model(to_json(one))
    assert normalise(text.encode(), other) == text


def test_a_sample_of_the_corpus_keeps_its_models(shared: Path, knowledge: effect.Knowledge) -> None:
    paths = [path for path in sorted((shared / "corpus" / "playbooks").rglob("*")) if path.suffix in (".md", ".mdx")][
        ::9
    ]
    if not paths:
        pytest.skip("The corpus is missing.")
    for path in paths:
        one, text, other = _again(path.read_bytes(), path.name, knowledge)
        assert _model(to_json(other)) == _model(to_json(one)), path
        assert normalise(text.encode(), other) == text, path


@_GENTLE
@given(_LINES)
def test_any_markdown_keeps_its_model(knowledge: effect.Knowledge, text: str) -> None:
    one, _, other = _again(f"# Incident runbook\n\n{text}".encode(), "x.md", knowledge)
    assert _model(to_json(other)) == _model(to_json(one))


@_GENTLE
@given(st.data())
def test_a_mutated_playbook_keeps_its_model(knowledge: effect.Knowledge, data: st.DataObject) -> None:
    lines = (Path(__file__).parent / "fixtures" / "sound.md").read_text("utf-8").split("\n")
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at : at + data.draw(st.integers(0, 3))] = data.draw(st.lists(st.sampled_from(lines), max_size=2))
    one, _, other = _again("\n".join(lines).encode(), "x.md", knowledge)
    assert _model(to_json(other)) == _model(to_json(one))


def test_the_form_itself(knowledge: effect.Knowledge) -> None:
    source = (
        "Search is down\n====\n<!-- hidden -->\nSymptoms: slow\n\nFix\n---\n\n* a\n* b\n    continued\n\n"
        "1) one:\n~~~sh\nls\n~~~\n\n| x|y |\n|-|-|\n|1|`a|b`\n\n```bash\necho â†’ never closed\n"
    ).encode()
    assert _again(source, "x.md", knowledge)[1] == (
        "# Search is down\n\n**Symptoms:** slow\n\n## Fix\n\n- a\n- b\n  continued\n\n1. one:\n\n    ```sh\n    ls\n"
        "    ```\n\n"
        "| x | y |\n|---|---|\n| 1 | `a\\|b` |\n\n```bash\necho → never closed\n```\n"
    )


def test_what_cannot_be_read_has_no_form(knowledge: effect.Knowledge) -> None:
    assert normalise(b"", compile_playbook(b"", "x", knowledge)) == ""
    assert normalise(b"\0\1", compile_playbook(b"\0\1", "x", knowledge)) == ""
