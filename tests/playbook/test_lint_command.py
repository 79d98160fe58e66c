"""`tocsin compile` as people and pipelines run it: shapes, exit codes, baselines, colours."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tocsin.cli import compiling
from tocsin.cli.findings import Least
from tocsin.errors import NotFound, UserError
from tocsin.playbook.model import Playbook
from tocsin.playbook.sarif import to_sarif

_PAGE = """# Runbook

**Owner:** Platform team
**Last updated:** 2026-01-01
**Next review:** 2099-01-01

## Checkout is down

**Alert:** `CheckoutDown`

**Symptoms:**
- Orders fail

**Resolution:**

```bash
rm -rf /var/lib/shop/cache
```

**Verification:**
1. Orders come in

**Escalation:**
- After 30 minutes: page the platform lead
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A playbook with one finding, below the current folder."""
    monkeypatch.chdir(tmp_path)
    path = Path("runbooks") / "checkout.md"
    path.parent.mkdir()
    path.write_text(_PAGE, encoding="utf-8")
    return path


def test_text_shows_the_outline_and_the_finding_beside_its_line(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compiling.run(page) == 0
    out = capsys.readouterr().out
    assert "Scenarios\n" in out
    assert "warning PB113 unguarded_deletion" in out
    assert "17 | rm -rf /var/lib/shop/cache\n   | ^^^^^^^^^^^^^^^^^^^^^^^^^^" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(("least", "code"), [("error", 0), ("warning", 1), ("remark", 1), (None, 0)])
def test_it_fails_on_what_is_grave_enough(page: Path, least: Least | None, code: int) -> None:
    assert compiling.run(page, fail_on=least) == code


def test_a_baseline_accepts_what_there_is_and_fails_on_what_is_new(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = Path("ci") / "baseline.json"
    accepted.parent.mkdir()
    assert compiling.run(page, write_baseline=accepted, fail_on="remark") == 0
    assert "1 finding accepted in ci/baseline.json" in capsys.readouterr().out
    assert json.loads(accepted.read_text())["findings"][0]["path"] == "../runbooks/checkout.md"

    assert compiling.run(page, baseline=accepted, fail_on="remark") == 0
    assert "Nothing new to complain about (1 known from the baseline)." in capsys.readouterr().out

    page.write_text(_PAGE.replace("```bash\n", "```bash\nrm -rf /srv/shop/baskets\n"), encoding="utf-8")
    assert compiling.run(page, baseline=accepted, fail_on="remark") == 1
    out = capsys.readouterr().out
    assert "/srv/shop/baskets` deletes" in out
    assert "/var/lib/shop/cache` deletes" not in out


def test_entries_that_match_nothing_any_more_are_named(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accepted = Path("baseline.json")
    compiling.run(page, write_baseline=accepted)
    page.write_text(_PAGE.replace("rm -rf", "ls"), encoding="utf-8")
    capsys.readouterr()
    assert compiling.run(page, format="github", baseline=accepted) == 0
    said = capsys.readouterr()
    assert said.out == "\n"
    assert "1 entry of baseline.json matches nothing any more (runbooks/checkout.md PB113:" in said.err


def test_a_baseline_that_is_not_there_says_how_to_make_one(page: Path) -> None:
    with pytest.raises(NotFound, match=r"--write-baseline nowhere\.json"):
        compiling.run(page, baseline=Path("nowhere.json"))


def test_a_baseline_that_cannot_be_written_says_so(page: Path) -> None:
    with pytest.raises(UserError, match=r"none/baseline\.json cannot be written"):
        compiling.run(page, write_baseline=Path("none/baseline.json"))


def test_json_says_which_findings_are_new_when_there_is_a_baseline(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiling.run(page, write_baseline=Path("b.json"))
    capsys.readouterr()
    compiling.run(page, format="json", baseline=Path("b.json"))
    (found,) = json.loads(capsys.readouterr().out)["playbooks"][0]["diagnostics"]
    assert found["new"] is False
    compiling.run(page, format="json")
    (found,) = json.loads(capsys.readouterr().out)["playbooks"][0]["diagnostics"]
    assert "new" not in found


def test_sarif_and_annotations_name_files_as_seen_from_the_current_folder(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiling.run(page.resolve(), format="sarif")
    run = json.loads(capsys.readouterr().out)["runs"][0]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "runbooks/checkout.md", "uriBaseId": "SRCROOT"}
    compiling.run(page.resolve(), format="github")
    assert capsys.readouterr().out.startswith("::warning file=runbooks/checkout.md,line=17,")


def test_sarif_with_a_baseline_tells_known_from_new(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiling.run(page, write_baseline=Path("b.json"))
    page.write_text(_PAGE.replace("```bash\n", "```bash\nrm -rf /srv/shop/baskets\n"), encoding="utf-8")
    capsys.readouterr()
    compiling.run(page, format="sarif", baseline=Path("b.json"))
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert [
        (each["locations"][0]["physicalLocation"]["region"]["startLine"], each["baselineState"]) for each in results
    ] == [
        (17, "new"),
        (18, "unchanged"),
    ]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(
    page: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    screen = _Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    compiling.run(page)
    assert ("\x1b[1;33mwarning PB113\x1b[0m" in screen.getvalue()) == coloured
    assert ("\x1b" in screen.getvalue()) == coloured


def test_a_hostile_playbook_cannot_speak_to_the_terminal(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page.write_text(
        _PAGE.replace("rm -rf", "rm -rf \x1b[2J\x9b1m").replace("Checkout is", "Check\x1b[31mout is"), "utf-8"
    )
    compiling.run(page)
    out = capsys.readouterr().out
    assert "␛[2J" in out
    assert not any(ord(character) < 0x20 and character != "\n" for character in out)
    assert "\x9b" not in out


def test_explain_knows_findings_and_errors_and_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    compiling.explain("pb101")
    assert capsys.readouterr().out.startswith("PB101 alternatives_in_one_fence")
    compiling.explain("TOC-140")
    assert "NotFound" in capsys.readouterr().out
    with pytest.raises(NotFound, match="PB101"):
        compiling.explain("PB9")


def test_the_sarif_of_no_playbook_is_valid_too() -> None:
    assert to_sarif([Playbook(path="README.md", digest="", is_playbook=False)], "1")["runs"][0]["results"] == []
