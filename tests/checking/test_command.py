"""`tocsin check` as a person and a pipeline use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.cli import checking
from tocsin.errors import NotFound, UserError

from .ground import SAMPLES, copy, edit

FERRY = SAMPLES / "ferry"


def test_a_playbook_that_holds_exits_with_0_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert checking.run(FERRY / "playbook.md", root=FERRY) == 0
    assert capsys.readouterr().out.startswith("22 statements checked: 0 missing, 0 ambiguous, 21 matches")


def test_a_drift_exits_with_1_and_names_place_and_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copy("ferry", tmp_path)
    edit("docker-compose.yml", "  api:\n", "  backend:\n")(root)
    assert checking.run(root / "playbook.md", root=root) == 1
    said = capsys.readouterr().out
    assert "playbook.md:23: missing: docker-compose logs --tail=500 api | grep ERROR\n    compose service api:" in said


def test_json_has_a_row_for_each_statement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copy("ferry", tmp_path)
    edit("api/package.json", '"rpc:ping"', '"node:ping"')(root)
    assert checking.run(root / "playbook.md", root=root, format="json") == 1
    found = json.loads(capsys.readouterr().out)
    row = next(each for each in found["statements"] if "rpc:ping" in each["text"])
    assert row["verdict"] == "missing" and row["line"] == 45 and row["nearest"] == "node:ping"
    assert row["what"].startswith("npm script rpc:ping") and row["where"].startswith("api/package.json:")
    assert {each["verdict"] for each in row["findings"]} == {"missing", "matches"}
    assert found["summary"] == {"statements": 22, "matches": 20, "missing": 1, "ambiguous": 0, "not_checkable": 1}


def test_all_shows_what_matches_too(capsys: pytest.CaptureFixture[str]) -> None:
    checking.run(FERRY / "playbook.md", root=FERRY, all=True)
    said = capsys.readouterr().out
    assert "matches: docker-compose ps" in said and "not checkable: cd /opt/ferry" in said


def test_what_cannot_be_read_is_said_last_and_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checking.run(FERRY / "playbook.md", tmp_path / "none.md", root=FERRY) == 2
    assert "none.md cannot be read" in capsys.readouterr().err
    with pytest.raises(UserError, match="Name at least one playbook"):
        checking.run(root=FERRY)
    with pytest.raises(UserError, match="no folder"):
        checking.run(FERRY / "playbook.md", root=tmp_path / "none")


def test_a_team_has_its_playbook_in_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tocsin.toml").write_text('[teams.ferry]\nplaybook = "playbooks/ferry.md"\n')
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "ferry.md").write_text((FERRY / "playbook.md").read_text())
    assert checking.run(team="ferry", workspace=tmp_path, root=FERRY) == 0
    assert "22 statements" in capsys.readouterr().out
    with pytest.raises(NotFound, match="there is: ferry"):
        checking.run(team="fairy", workspace=tmp_path, root=FERRY)


def test_a_document_that_is_no_playbook_is_checked_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes\n\n```bash\ndocker-compose restart apo\n```\n")
    assert checking.run(notes, root=FERRY) == 1
    assert "compose service apo" in capsys.readouterr().out


def test_what_a_text_hides_from_a_terminal_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes\n\n```bash\ndocker-compose restart 'a\x1b[2Jpo'\n```\n")
    checking.run(notes, root=FERRY)
    assert "\x1b" not in capsys.readouterr().out


def test_nothing_of_the_checkout_is_run(tmp_path: Path) -> None:
    root = copy("bazaar", tmp_path)
    for path in root.rglob("*.sh"):
        path.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n" + path.read_text())
    for path in (root / "sitecustomize.py", root / "conftest.py"):
        path.write_text(f"open('{tmp_path}/ran', 'w')\n")
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", "check", "playbook.md", "--root", "."],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(SAMPLES.parents[2] / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert not (tmp_path / "ran").exists()
