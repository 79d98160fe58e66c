"""The pages of docs/lint say what the rules say of themselves, and so does `tocsin explain`."""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path

import pytest

from tocsin.cli import findings
from tocsin.playbook.handbook import EXPLANATIONS

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> types.ModuleType:
    """The tool that writes the pages."""
    spec = importlib.util.spec_from_file_location("lint_docs", _ROOT / "tools" / "lint_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_current(tool: types.ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--check"]) == 0, capsys.readouterr().out


def test_every_code_has_its_place_on_a_page_and_a_line_in_the_index(tool: types.ModuleType) -> None:
    pages = tool.render()
    rest = "".join(text for name, text in pages.items() if name != "README.md")
    for code, found in EXPLANATIONS.items():
        assert f"## {code} {found.rule}\n" in rest
        assert f"| [{code}](" in pages["README.md"]


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_explain_prints_all_four_parts(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert findings.explain(code.lower())
    said = capsys.readouterr().out
    found = EXPLANATIONS[code]
    assert said.startswith(f"{code} {found.rule} ({found.level})")
    assert all(part in said for part in (found.what, f"Why: {found.why}", "Example:", "Use instead:"))
    assert all(line.strip() in said for line in f"{found.example}\n{found.instead}".split("\n"))


def test_explain_does_not_know_what_is_no_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert not findings.explain("PB999")
    assert capsys.readouterr().out == ""
