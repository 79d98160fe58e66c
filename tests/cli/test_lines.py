"""What the verbs print of an incident: strangers' words fill a place in a line and never make one of their own."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tocsin.cli import incidents, words
from tocsin.cli.incidents import _lines
from tocsin.cli.steps import _describe
from tocsin.timeline.line import fold

EVIL = "Disk ok\n\nOwed:\n  met   Nothing\u2028Acknowledge: http://evil\x1b[2J\x07"
STEP = {"id": "L1", "state": "planned", "kind": "statement", "effect": "read", "line": 3, "condition": EVIL}


def room(**changes: Any) -> dict[str, Any]:
    return {
        "id": "till-1",
        "number": EVIL,
        "title": EVIL,
        "severity": None,
        "status": "active",
        "opened_at": "2026-11-20T03:00:00Z",
        "suggestions": [{"severity": "P1", "line": 3, "text": EVIL}],
        "obligations": [{"state": "pending", "due_at": None, "what": EVIL, "line": 4, "key": "bridge"}],
        "steps": [{**STEP, "text": EVIL}],
        **changes,
    }


def test_an_incident_is_shown_in_lines_of_our_own() -> None:
    lines = "\n".join(_lines(room())).split("\n")
    assert len([line for line in lines if line == "Owed:"]) == 1
    assert not [line for line in lines if line.startswith("Acknowledge")]
    own = [line for line in lines if line and not line.startswith(" ")]
    assert len(own) == 4, "number and title; severity; two headings"
    assert not set("\x1b\x07\u2028") & set("".join(lines))


@pytest.mark.parametrize(
    ("state", "due", "is_open", "text"),
    [
        ("late", "03:15:00", True, "Open the bridge (line 291), due 20 Nov 03:15 UTC, 2 min ago"),
        ("pending", "03:17:40", True, "Open the bridge (line 291), due 20 Nov 03:17 UTC, in 40 s"),
        ("pending", "05:18:00", True, "Open the bridge (line 291), due 20 Nov 05:18 UTC, in 2 h 1 min"),
        ("met", "03:15:00", False, "Open the bridge (line 291), due 20 Nov 03:15 UTC"),
    ],
)
def test_what_is_owed_says_for_how_long(state: str, due: str, is_open: bool, text: str) -> None:
    duty = {"state": state, "what": "Open the bridge", "line": 291, "key": "bridge", "is_open": is_open}
    duty["due_at"] = f"2026-11-20T{due}Z"
    lines = _lines(room(now="2026-11-20T03:17:00Z", obligations=[duty]))
    assert f"  {state:<14} {text}  [bridge]" in lines


def test_the_lines_of_a_step_stay_lines_behind_its_margin() -> None:
    lines = _lines(room(steps=[{**STEP, "text": "if true; then\n  date \\\n    -u\nfi", "condition": None}]))
    assert lines[-4:] == [f"{' ' * 10}{line}" for line in ("if true; then", "  date \\", "    -u", "fi")]


def test_what_failed_in_part_and_what_was_left_stand_below_the_step() -> None:
    left = [{"path": "/tmp/a\nOwed:.log", "size": 12, "digest": ""}]
    outcome = {"state": "ok", "outcome": "failed in part", "partly": "curl exited 7"}
    ran = {**outcome, "outputs": {}, "why": "", "left": left, "more_left": 3}
    lines = _lines(room(steps=[{**STEP, "text": "date", "condition": None, "ran": ran}]))
    assert lines[-6].split()[:4] == [STEP["id"], "failed", "in", "part"]
    assert lines[-5:] == [
        f"{' ' * 10}{line}"
        for line in (
            "date",
            "failed in part",
            "! curl exited 7",
            "+ left /tmp/a Owed:.log, 12 bytes",
            "+ left 3 more files",
        )
    ]


def test_what_is_approved_is_shown_as_it_is_and_nothing_beside_it() -> None:
    shown = _describe(
        {
            "target": "t\nRun exactly this",
            "effect": "mutate",
            "program": "date  \nrm -rf /\nOn t, read:",
            "env": {"a": "1\nOn t, read:"},
            "verdict": {"why": "it\nOn t, read:"},
        }
    )
    assert shown.splitlines() == [
        "On t Run exactly this, mutate:",
        "    date  ",
        "    rm -rf /",
        "    On t, read:",
        "    a=1 On t, read:",
        "it On t, read:",
    ]


def test_an_entry_of_the_timeline_is_one_entry(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    entry = {"seq": 7, "at": "2026-11-20T03:00:00Z", "text": "Ana: done\n   8  03:00:01  Bo approved L1\r\n9 x"}

    class Fake:
        def __init__(self, where: object) -> None: ...

        def incident(self, given: str) -> Any:
            return self

        def get(self, *parts: str) -> Any:
            return [entry, {**entry, "seq": 8, "text": ""}]

    monkeypatch.setattr(incidents, "Client", Fake)
    incidents.timeline("till-1")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line[:4].strip()] == ["   7  03:00:00  Ana: done", "   8  03:00:00  "]
    assert all(line.startswith(" " * 16 + "| ") for line in lines[1:3])


@pytest.mark.parametrize("title", ["[/]", "[red]x[/red]", "[link=http://evil]y[/link]", ":smile:", "\\[x]", EVIL])
def test_a_title_is_no_markup(title: str, capsys: Any) -> None:
    words.show_table("Incidents", ("Id", "Title"), [("till-1", fold(title)), ("till-2", "b")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert fold(title) in lines[1]


class Screen(io.StringIO):
    """A terminal to write to."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [20, 40, 60, 200])
def test_no_terminal_is_too_narrow_for_an_id(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """What has to be typed again is never cut."""
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", str(columns))
    row = ("monero-marketplace-1", "unclassified", "active", "Nov 21 06:48", "Database Connection Failures")
    words.show_table("Incidents", ("Id", "Severity", "Status", "Opened", "Title"), [row])
    said = screen.getvalue()
    assert all(each in said for each in row[:3])
    assert "…" not in said
