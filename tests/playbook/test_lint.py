"""Every rule speaks on its own fixture, on the right lines, and nobody speaks about a sound playbook.

`fixtures/lint/RULE.md` names on its first line what the rule reports in it; `fixtures/lint/good/RULE.md` is what the
rule asks for. Both are compiled beside `fixtures/lint/beside/database.md`, as a folder of playbooks would be.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from pathlib import Path

import pytest

from tocsin.playbook import effect, handbook, lint
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.library import compile_library
from tocsin.playbook.model import Playbook
from tocsin.words import Level

_FIXTURES = Path(__file__).parent / "fixtures"
_LINT = _FIXTURES / "lint"
_TODAY = datetime.date(2026, 7, 1)
_REPORTED = re.compile(r"<!-- reported: ([\d, ]*) -->")
_NAMES = [lint.name_of(rule) for rule in lint.RULES]


def _compile(source: bytes, knowledge: effect.Knowledge, today: datetime.date | None = _TODAY) -> Playbook:
    beside = (_LINT / "beside" / "database.md").read_bytes()
    files = [("runbooks/this.md", source), ("runbooks/database.md", beside)]
    return compile_library(files, knowledge, today=today).playbooks[0]


def _reported(path: Path, name: str, knowledge: effect.Knowledge) -> list[Diagnostic]:
    return [found for found in _compile(path.read_bytes(), knowledge).diagnostics if found.rule == name]


@pytest.mark.parametrize("name", _NAMES)
def test_a_rule_reports_the_lines_that_its_fixture_names(name: str, knowledge: effect.Knowledge) -> None:
    path = _LINT / f"{name}.md"
    match = _REPORTED.match(path.read_text("utf-8"))
    assert match is not None
    expected = [int(number) for number in match.group(1).split(",") if number.strip()]
    found = _reported(path, name, knowledge)
    assert found
    assert sorted(each.line for each in found if each.line) == expected
    assert not [each for each in _compile(path.read_bytes(), knowledge).diagnostics if each.code.startswith("PB0")]


@pytest.mark.parametrize("name", _NAMES)
def test_a_rule_is_silent_where_its_advice_was_followed(name: str, knowledge: effect.Knowledge) -> None:
    path = _LINT / "good" / f"{name}.md"
    assert _compile(path.read_bytes(), knowledge).is_playbook
    assert _reported(path, name, knowledge) == []


@pytest.mark.parametrize("name", _NAMES)
def test_a_finding_marks_something_on_its_line_and_names_a_way_out(name: str, knowledge: effect.Knowledge) -> None:
    path = _LINT / f"{name}.md"
    lines = path.read_text("utf-8").split("\n")
    for found in _reported(path, name, knowledge):
        assert found.text.strip().endswith((".", "?"))
        assert found.help.strip().endswith(".")
        assert all(0 < line <= len(lines) for line in found.lines)
        if found.line:
            marked = lines[found.line - 1][found.column - 1 : found.end_column - 1]
            assert marked.strip() == marked != ""
        else:
            assert (found.column, found.end_column) == (0, 0)


@pytest.mark.parametrize("code", handbook.EXPLANATIONS)
def test_every_code_is_explained_in_four_parts(code: str) -> None:
    found = handbook.EXPLANATIONS[code]
    assert all((found.what, found.why, found.example, found.instead))
    assert found.what.endswith((".", "?"))
    assert found.why.rstrip(")").endswith(".")
    assert found.example != found.instead


@pytest.mark.parametrize("name", _NAMES)
def test_the_examples_of_an_explanation_stand_in_the_fixtures(name: str) -> None:
    found = handbook.find(name)
    assert found is not None
    assert _stands_in(found.example, (_LINT / f"{name}.md").read_text("utf-8"))
    assert _stands_in(found.instead, (_LINT / "good" / f"{name}.md").read_text("utf-8"))


def _stands_in(example: str, text: str) -> bool:
    """Whether the lines of an example stand in a text, in order, whatever stands between them."""
    lines = iter([line.strip() for line in text.split("\n")])
    return all(any(line == wanted.strip() for line in lines) for wanted in example.split("\n") if wanted.strip())


@pytest.mark.parametrize("name", ["PB106", "pb106", "placeholder_redirects", "placeholder-redirects", " PB106 "])
def test_an_explanation_is_found_however_its_name_is_written(name: str) -> None:
    found = handbook.find(name)
    assert found is not None
    assert found.code == "PB106"


def test_codes_are_unique_and_every_fixture_has_a_rule() -> None:
    counts = Counter(rule.CODE for rule in lint.RULES)
    assert not [code for code, count in counts.items() if count > 1]
    assert all(re.fullmatch(r"PB[1234]\d\d", code) for code in counts)
    assert {path.stem for path in _LINT.glob("*.md")} == set(_NAMES)
    assert {path.stem for path in (_LINT / "good").glob("*.md")} == set(_NAMES)


def test_nothing_is_said_of_a_sound_playbook(knowledge: effect.Knowledge) -> None:
    playbook = compile_playbook((_FIXTURES / "sound.md").read_bytes(), "sound.md", knowledge, today=_TODAY)
    assert playbook.is_playbook
    assert len(playbook.scenarios) == 2
    assert [(found.code, found.line, found.text) for found in playbook.diagnostics] == []


def test_review_dates_are_judged_only_against_a_given_day(knowledge: effect.Knowledge) -> None:
    source = (_LINT / "review_overdue.md").read_bytes()
    assert "review_overdue" not in {found.rule for found in _compile(source, knowledge, today=None).diagnostics}
    before = _compile(source, knowledge, today=datetime.date(2025, 6, 1)).diagnostics
    assert "review_overdue" not in {found.rule for found in before}


def test_the_dangerous_comes_first(knowledge: effect.Knowledge) -> None:
    source = b"\n".join(
        (_LINT / f"{name}.md").read_bytes() for name in ("document_data_missing", "restore_then_delete")
    )
    found = _compile(source + b"\n```bash\nls\n", knowledge).diagnostics
    groups = [each.code[:3] for each in found]
    assert groups == sorted(groups, key=["PB1", "PB0", "PB2", "PB3"].index)
    assert found[0].level is Level.ERROR


_UNREADABLE = {
    "PB001": b"# Runbook f\xfcr den Shop\n",
    "PB002": b" \n",
    "PB003": b"PK\0\0",
    "PB004": b"# Runbook\n" * 200,
    "PB005": b"# Runbook\n\n```bash\nls\n",
    "PB006": "# Runbook\n\nStop â†’ copy â†’ start\n".encode(),
    "PB007": b"# Runbook\n\n<!-- reviewed by ops\n",
    "PB010": b"# Shop\n\nIt sells things.\n",
    "PB011": b"# ShopDown\n\nThis runbook has moved to [shop](../shop.md).\n",
}


@pytest.mark.parametrize("code", _UNREADABLE)
def test_what_cannot_be_read_is_said_with_its_code(code: str, knowledge: effect.Knowledge) -> None:
    found = compile_playbook(_UNREADABLE[code], "x.md", knowledge, max_bytes=1000).diagnostics
    mine = next(each for each in found if each.code == code)
    explained = handbook.EXPLANATIONS[code]
    assert (mine.rule, mine.level) == (explained.rule, explained.level)


def test_every_code_before_the_rules_has_its_test() -> None:
    assert {code for code in handbook.EXPLANATIONS if code.startswith("PB0")} == set(_UNREADABLE)
