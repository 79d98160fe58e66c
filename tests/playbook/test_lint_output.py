"""Findings as people, code hosts and workflows get them: excerpts with carets, SARIF, GitHub annotations."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.playbook import effect, handbook
from tocsin.playbook.annotation import annotate
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.diagnostic import Diagnostic, SetAside
from tocsin.playbook.excerpt import draw
from tocsin.playbook.model import Playbook
from tocsin.playbook.report import complaints
from tocsin.playbook.sarif import to_sarif
from tocsin.playbook.visible import show, width
from tocsin.words import Level

from .schema import find_faults

# The schema as published by OASIS (2.1.0-rtm.5, which the standard kept), without its descriptions.
_SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "sarif-2.1.0.json").read_text("utf-8"))
_LINT = Path(__file__).parent / "fixtures" / "lint"


def _finding(**changed: Any) -> Diagnostic:
    found: dict[str, Any] = {
        "code": "PB106", "rule": "placeholder_redirects", "level": Level.ERROR, "line": 2, "text": "It overwrites.",
        "help": "Bind it.", "column": 9, "end_column": 13, "fingerprint": "0123456789abcdef",
    }  # fmt: skip
    return Diagnostic(**(found | changed))


def _draw(found: Diagnostic, lines: list[str], columns: int = 100) -> list[str]:
    return list(draw(found, "x.md", lines, columns))


# -- text -------------------------------------------------------------------------------------------------------------


def test_a_finding_is_drawn_beside_its_line_with_a_caret_under_what_is_meant() -> None:
    assert _draw(_finding(), ["", "restart <id> --now", ""]) == [
        "error PB106 placeholder_redirects: It overwrites.",
        " --> x.md:2:9",
        "  |",
        "2 | restart <id> --now",
        "  |         ^^^^",
        "  = Bind it.",
    ]


def test_lines_that_belong_to_it_are_drawn_too_and_gaps_are_shown() -> None:
    lines = [f"line {number}" for number in range(1, 13)]
    drawn = _draw(_finding(line=11, column=1, end_column=5, lines=(8, 10)), lines)
    assert drawn[3:8] == [" 8 | line 8", ".. |", "10 | line 10", "11 | line 11", "   | ^^^^"]


def test_many_lines_that_belong_to_it_are_left_out() -> None:
    drawn = _draw(_finding(line=1, column=1, end_column=5, lines=(2, 3, 4, 5)), ["line"] * 5)
    assert len([row for row in drawn if "line" in row]) == 1


def test_a_finding_about_the_whole_file_has_no_excerpt() -> None:
    assert _draw(_finding(line=0, column=0, end_column=0), ["x"]) == [
        "error PB106 placeholder_redirects: It overwrites.",
        " --> x.md",
        "  = Bind it.",
    ]


def test_a_line_that_the_file_does_not_have_is_not_drawn() -> None:
    assert not [row for row in _draw(_finding(line=99, lines=(98,)), ["x"]) if "|" in row]


@pytest.mark.parametrize(
    ("line", "column", "end", "shown"),
    [
        ("x" * 300 + "<id>" + "y" * 300, 301, 305, "<id>"),
        ("<id>" + "y" * 300, 1, 5, "<id>"),
        ("界" * 100 + "<id>", 101, 105, "<id>"),
        ("a" * 500, 1, 501, "aaaa"),
    ],
)
def test_a_long_line_is_cut_to_the_width_around_the_mark(line: str, column: int, end: int, shown: str) -> None:
    drawn = _draw(_finding(line=1, column=column, end_column=end), [line], 60)
    text, caret = drawn[3], drawn[4]
    assert width(text) <= 60
    assert width(caret) <= 60
    assert "…" in text
    cells = _by_column(text)
    assert "".join(cells[at] for at in range(caret.index("^"), caret.index("^") + 4)).startswith(shown)


def _by_column(text: str) -> list[str]:
    """The character at each column; a wide one fills two."""
    cells: list[str] = []
    for character in text:
        cells += [character] + [""] * (width(character) - 1)
    return cells


@given(st.text(max_size=200), st.integers(1, 60), st.integers(0, 60), st.integers(10, 120))
def test_whatever_the_line_nothing_in_it_reaches_the_terminal_and_it_fits(
    line: str, column: int, more: int, columns: int
) -> None:
    line = line.replace("\n", " ").replace("\r", " ")
    found = _finding(line=1, column=column, end_column=column + more, text=line, help=line)
    rows = _draw(found, [line], columns)
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for row in rows for character in row)
    excerpt = [row for row in rows if re.match(r"\s*\d* \|", row)]
    assert all(width(row) <= max(columns, 24) for row in excerpt)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("a\tb", "a    b"),
        ("\x7f\x00", "␡␀"),
        ("rm \u202egpj.sh", "rm <U+202E>gpj.sh"),
        ("zero\u200bwidth", "zero<U+200B>width"),
        ("Größe 界 👩\u200d🚒", "Größe 界 👩\u200d🚒"),
    ],
)
def test_control_characters_are_made_visible(text: str, shown: str) -> None:
    assert show(text) == shown


def test_of_a_rule_that_speaks_often_one_finding_is_drawn_and_the_others_are_listed(
    knowledge: effect.Knowledge,
) -> None:
    rows = "".join(f"| Lead {number} | [phone] |\n" for number in range(6))
    page = (
        "# Runbook\n\n## Checkout is down\n\n**Symptoms:**\n- Slow\n\n**Resolution:**\n1. Call\n\n"
        f"## Contacts\n\n| Role | Phone |\n|---|---|\n{rows}"
    )
    playbook = compile_playbook(page.encode(), "x.md", knowledge)
    told = complaints(playbook, page.split("\n"))
    assert told.count("warning PB207") == 1
    assert told.count("cannot be reached") == 6
    assert told.count("Fill it in") == 1


def test_what_is_known_and_what_is_set_aside_is_counted() -> None:
    aside = SetAside(diagnostic=_finding(), line=1, reason="agreed", until="2030-01-01")
    playbook = Playbook(path="x.md", digest="", is_playbook=True, set_aside=(aside,))
    assert complaints(playbook, [], known=2) == (
        "Nothing new to complain about (2 known from the baseline, 1 set aside by comments)."
    )
    assert complaints(Playbook(path="x.md", digest="", is_playbook=True), []) == "Nothing to complain about."


# -- SARIF ------------------------------------------------------------------------------------------------------------


def _all_fixtures(knowledge: effect.Knowledge) -> list[Playbook]:
    return [compile_playbook(path.read_bytes(), f"lint/{path.name}", knowledge) for path in sorted(_LINT.glob("*.md"))]


def test_sarif_of_every_rule_keeps_to_the_published_schema(knowledge: effect.Knowledge) -> None:
    log = json.loads(json.dumps(to_sarif(_all_fixtures(knowledge), "1.2.3", frozenset())))
    assert list(find_faults(log, _SCHEMA, _SCHEMA)) == []
    results = log["runs"][0]["results"]
    assert {result["ruleId"] for result in results} >= {code for code in handbook.EXPLANATIONS if code[2] in "12"}
    assert {result["baselineState"] for result in results} == {"new"}


def test_the_schema_check_itself_finds_faults() -> None:
    log = to_sarif([Playbook(path="x.md", digest="", is_playbook=True, diagnostics=(_finding(),))], "1")
    result = log["runs"][0]["results"][0]
    result["level"] = "remark"
    result["extra"] = 1
    result["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    del result["message"]
    assert len(list(find_faults(log, _SCHEMA, _SCHEMA))) == 4


def test_a_result_names_its_rule_its_place_and_its_fingerprint() -> None:
    playbook = Playbook(path="runbooks/für alle.md", digest="", is_playbook=True, diagnostics=(_finding(lines=(2, 7)),))
    run = to_sarif([playbook], "1.2.3")["runs"][0]
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "PB106"
    assert rule["name"] == "PlaceholderRedirects"
    assert rule["defaultConfiguration"] == {"level": "error"}
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 2, "startColumn": 9, "endColumn": 13}
    assert unquote(place["artifactLocation"]["uri"]) == "runbooks/für alle.md"
    assert place["artifactLocation"]["uri"].isascii()
    assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
    assert result["partialFingerprints"] == {"tocsinFinding/v1": "0123456789abcdef"}
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["region"] == {"startLine": 7}
    assert "baselineState" not in result


def test_what_is_known_unchanged_and_what_is_set_aside_is_said() -> None:
    known, new = _finding(), _finding(line=5, fingerprint="f" * 16)
    aside = SetAside(diagnostic=_finding(line=9, fingerprint="a" * 16), line=8, reason="agreed", until="2030-01-01")
    playbook = Playbook(path="x.md", digest="", is_playbook=True, diagnostics=(known, new), set_aside=(aside,))
    results = to_sarif([playbook], "1", {("x.md", known.fingerprint)})["runs"][0]["results"]
    assert [result["baselineState"] for result in results] == ["unchanged", "new", "new"]
    (suppression,) = results[2]["suppressions"]
    assert suppression["kind"] == "inSource"
    assert suppression["justification"].startswith("agreed")


def test_a_finding_about_the_whole_file_has_no_region() -> None:
    whole = _finding(line=0, column=0, end_column=0)
    log = to_sarif([Playbook(path="/abs/x.md", digest="", is_playbook=True, diagnostics=(whole,))], "1")
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "file:///abs/x.md"}}
    assert list(find_faults(log, _SCHEMA, _SCHEMA)) == []


# -- GitHub -----------------------------------------------------------------------------------------------------------


def test_an_annotation_says_where_and_what() -> None:
    assert annotate("runbooks/x.md", [_finding()]) == (
        "::error file=runbooks/x.md,line=2,col=9,endColumn=13,title=PB106 placeholder_redirects::"
        "It overwrites. Bind it."
    )


@pytest.mark.parametrize(("level", "command"), [(Level.WARNING, "warning"), (Level.REMARK, "notice")])
def test_levels_become_the_commands_that_there_are(level: Level, command: str) -> None:
    assert annotate("x.md", [_finding(level=level)]).startswith(f"::{command} ")


def test_a_finding_about_the_whole_file_names_no_line() -> None:
    assert annotate("x.md", [_finding(line=0, column=0, end_column=0)]).startswith("::error file=x.md,title=")


def test_nothing_in_a_playbook_can_begin_a_command_of_its_own() -> None:
    hostile = "100 %\r\n::set-output name=x::y\x1b[2J"
    line = annotate("a,b:c\n::warning::.md", [_finding(text=hostile)])
    assert "\n" not in line
    assert "\r" not in line
    assert "\x1b" not in line
    assert "file=a%2Cb%3Ac%0A%3A%3Awarning%3A%3A.md," in line
    assert "100 %25%0A::set-output" in line
