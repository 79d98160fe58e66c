"""`tocsin show`: what steps printed, its end only, and nothing in it that could steer a terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.cli.client import Where
from tocsin.cli.incidents import show
from tocsin.errors import NotFound

from .answering import Answering
from .conftest import Serve

LONG, NASTY, GONE = "a" * 64, "b" * 64, "c" * 64
OUTPUTS = {
    LONG: "".join(f"line {at}\n" for at in range(1, 41)),
    NASTY: "\x1b[2J\x1b]0;owned\x07hello\rworse\x00\x9b31m\u202eevil\n",
}


def step(id: str, **more: Any) -> dict[str, Any]:  # noqa: A002 the field's name
    base = {"id": id, "state": "planned", "kind": "statement", "effect": "read", "text": f"cmd {id}", "ran": None}
    return {**base, "line": int(id[1:]) if id.startswith("L") else 0, **more}


def ran(**more: Any) -> dict[str, Any]:
    base = {"state": "ok", "exit_code": 0, "duration_s": 0.31, "by": None, "stdout": "", "stderr": "", "cut": 0}
    base["outcome"] = more.get("state", "ok")
    return {**base, "why": "", **more}


STEPS = [
    step("L12", state="ok", ran=ran(stdout=LONG, by={"id": "ana", "name": "Ana"})),
    step("L14", state="failed", ran=ran(state="failed", exit_code=3, stderr=NASTY, cut=512)),
    step("L16", state="ok", ran=ran(stdout=GONE)),
    step("L18", state="ok", ran=ran(left=[{"path": "/tmp/zz", "size": 7, "digest": ""}], beside=["L12", "L14"])),
    step("L20"),
    step("T1"),
]
ROOM = {
    "id": "till-1",
    "number": "INC-1",
    "title": "Till Stuck",
    "severity": None,
    "status": "active",
    "opened_at": "2026-11-20T03:12:00Z",
    "obligations": [],
    "steps": STEPS,
}


class Answers(Answering):
    """One incident, and the evidence of its steps."""

    def get(self) -> None:
        digest = self.path.partition("?")[0].rpartition("/")[2]
        if self.path.startswith("/api/evidence/"):
            known, content = digest in OUTPUTS, OUTPUTS.get(digest, "").encode()
        else:
            known, content = self.path == "/api/incidents/till-1", json.dumps(ROOM).encode()
        if not known:
            content = json.dumps({"error": {"message": "This evidence is lost."}}).encode()
        self.say(content, 200 if known else 404, "text/plain; charset=utf-8")


@pytest.fixture
def where(serve: Serve) -> Where:
    return serve(Answers)


def test_each_step_says_how_it_ended_and_what_it_printed_last(where: Where, capsys: pytest.CaptureFixture[str]) -> None:
    show("till-1", where=where)
    said = capsys.readouterr().out
    assert "ok, exit 0, 0.3 s, approved by Ana" in said
    assert "| line 40\n" in said
    assert "| line 31\n" in said
    assert "| line 30\n" not in said
    assert "(30 lines of stdout before these: tocsin show till-1 --step L12 --full)" in said
    assert "failed, exit 3" in said
    assert "(512 bytes from the middle were too many to be kept)" in said
    assert "(stdout cannot be shown: This evidence is lost.)" in said


def test_what_was_written_while_others_ran_is_laid_to_nobody(where: Where, capsys: pytest.CaptureFixture[str]) -> None:
    show("till-1", step="L18", where=where)
    said = capsys.readouterr().out
    assert "(written while L12, L14 ran too; by which of them is not known)" in said
    assert "+ written /tmp/zz, 7 bytes" in said
    assert "+ left" not in said


def test_nothing_that_was_printed_steers_a_terminal(where: Where, capsys: pytest.CaptureFixture[str]) -> None:
    show("till-1", full=True, where=where)
    said = capsys.readouterr().out
    assert "hello" in said
    assert not {"\x1b", "\x07", "\r", "\x00", "\x9b", "\u202e"} & set(said)


@pytest.mark.parametrize("given", ["L12", "l12", "12", " 12 "])
def test_one_step_by_its_id_or_line_in_full(where: Where, capsys: pytest.CaptureFixture[str], given: str) -> None:
    show("till-1", step=given, full=True, where=where)
    said = capsys.readouterr().out
    assert "| line 1\n" in said
    assert "cmd L14" not in said


def test_json_has_it_too(where: Where, capsys: pytest.CaptureFixture[str]) -> None:
    show("till-1", format="json", where=where)
    steps = {each["id"]: each for each in json.loads(capsys.readouterr().out)["steps"]}
    assert steps["L12"]["ran"]["outputs"]["stdout"]["lines"][-1] == "line 40"
    assert steps["L12"]["ran"]["outputs"]["stdout"]["hidden"] == 30
    assert steps["L20"]["ran"] is None
    show("till-1", step="T1", format="json", where=where)
    assert json.loads(capsys.readouterr().out)["id"] == "T1"


def test_a_step_that_is_not_there_names_those_that_are(where: Where) -> None:
    with pytest.raises(NotFound, match="L12, L14, L16, L18, L20, T1"):
        show("till-1", step="99", where=where)
