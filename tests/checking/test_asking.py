"""`--live` asks with commands that only look, and what cannot be asked stays not checkable."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tocsin.integrations import asking
from tocsin.integrations.asking import Live
from tocsin.playbook.reality import Finding, Question, Row, Verdict
from tocsin.playbook.reality.finding import make_row

from .test_kinds import GO, check

UNIT = Question(argv=("systemctl", "cat", "--no-pager", "shop.service"))
SERVICES = Question(argv=("docker", "compose", "config", "--services"), expects="web")
METRIC = Question(url="/api/v1/series?limit=1&match[]=shop_total", expects="shop_total")


def ask(question: Question, verdict: Verdict, folder: Path, prometheus: str | None = None) -> Row:
    found = Finding(verdict=verdict, kind="unit", what="x", why="Why.", ask=question)
    return Live(folder, prometheus).settle([make_row("p.md", 1, "x", [found])])[0]


def program(folder: Path, name: str, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("body", "before", "after"),
    [
        ("exit 0", Verdict.NOT_CHECKABLE, Verdict.MATCHES),
        ("echo No files found for shop.service. >&2; exit 1", Verdict.NOT_CHECKABLE, Verdict.MISSING),
        ("echo Access denied >&2; exit 1", Verdict.NOT_CHECKABLE, Verdict.NOT_CHECKABLE),
        ("exit 0", Verdict.MISSING, Verdict.AMBIGUOUS),
        ("echo No files found >&2; exit 1", Verdict.MISSING, Verdict.MISSING),
        ("echo bus error >&2; exit 1", Verdict.MISSING, Verdict.MISSING),
        ("exit 1", Verdict.MATCHES, Verdict.MATCHES),
    ],
)
def test_the_exit_code_and_the_complaint_decide(
    body: str, before: Verdict, after: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "systemctl", body, monkeypatch)
    assert ask(UNIT, before, tmp_path).verdict is after


def test_a_list_has_the_name_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "docker", "printf 'web\\ndb\\n'", monkeypatch)
    assert ask(SERVICES, Verdict.NOT_CHECKABLE, tmp_path).verdict is Verdict.MATCHES
    program(tmp_path, "docker", "printf 'webapp\\n'", monkeypatch)
    assert ask(SERVICES, Verdict.NOT_CHECKABLE, tmp_path).verdict is Verdict.MISSING
    program(tmp_path, "docker", "echo cannot connect >&2; exit 1", monkeypatch)
    row = ask(SERVICES, Verdict.NOT_CHECKABLE, tmp_path)
    assert row.verdict is Verdict.NOT_CHECKABLE and "cannot connect" in row.why


@pytest.mark.parametrize(
    ("flag", "after"), [("--limit", Verdict.MATCHES), ("--lim", Verdict.MISSING), ("-l", Verdict.MATCHES)]
)
def test_help_must_name_the_flag(flag: str, after: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "shopd", "echo '  -l, --limit int   how many'", monkeypatch)
    asked = Question(argv=("shopd", "query", "--help"), expects=flag)
    assert ask(asked, Verdict.NOT_CHECKABLE, tmp_path).verdict is after
    program(tmp_path, "shopd", "exit 3", monkeypatch)
    assert ask(asked, Verdict.NOT_CHECKABLE, tmp_path).verdict is Verdict.NOT_CHECKABLE


def test_only_programs_that_know_help_are_asked_for_it() -> None:
    plain = {"go.mod": "module x/shopd", "main.go": 'package main\nfunc main() { switch os.Args[1] { case "drop": } }'}
    rows = [row for fence in ("shopd dorp", "ssh h 'shopd dorp'") for row in check(plain, fence)]
    assert all(row.verdict == "missing" for row in rows)
    assert all(each.ask is None for row in rows for each in row.findings)
    asked = {each.ask.argv for row in check(GO, "shopd statsu") for each in row.findings if each.ask is not None}
    assert asked == {("shopd", "--help")}
    assert all(each.ask is None for row in check(GO, "ssh h 'shopd statsu'") for each in row.findings)


def test_who_gives_no_answer_or_is_not_there_is_not_checkable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 0.2)
    program(tmp_path, "systemctl", "exec sleep 60", monkeypatch)
    assert "no answer" in ask(UNIT, Verdict.NOT_CHECKABLE, tmp_path).why
    (tmp_path / "systemctl").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "There is no systemctl here" in ask(UNIT, Verdict.NOT_CHECKABLE, tmp_path).why


def test_prometheus_is_asked_where_one_is_named(tmp_path: Path) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status":"success","data":[{"__name__":"shop_total"}]}')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 its name
            return

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert ask(METRIC, Verdict.NOT_CHECKABLE, tmp_path, url).verdict is Verdict.MATCHES
        other = Question(url="/api/v1/x", expects="shop_lost")
        assert ask(other, Verdict.NOT_CHECKABLE, tmp_path, url).verdict is Verdict.MISSING
        server.shutdown()
    assert "could not be asked" in ask(METRIC, Verdict.NOT_CHECKABLE, tmp_path, "http://127.0.0.1:1").why
    assert "could not be asked" in ask(METRIC, Verdict.NOT_CHECKABLE, tmp_path, "nonsense").why
    assert "--prometheus" in ask(METRIC, Verdict.NOT_CHECKABLE, tmp_path).why
