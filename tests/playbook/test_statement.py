"""Fences read into statements: every statement at its line, nothing invented, a fault stays on its line."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tocsin.playbook.statement import FenceItem, looks_like_shell, read_fence


def _read(text: str, lang: str | None = "bash", first_line: int = 1) -> tuple[FenceItem, ...]:
    return read_fence(text.split("\n"), first_line, lang)


def _short(items: tuple[FenceItem, ...]) -> list[tuple[str, int, str]]:
    return [(item.kind, item.line, item.text) for item in items]


def _fences(source: str) -> Iterator[tuple[int, str | None, list[str]]]:
    for token in MarkdownIt("commonmark").parse(source):
        if token.type == "fence" and token.map:
            yield token.map[0] + 1, token.info.strip() or None, token.content.split("\n")[:-1]


def _norm(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("seed", ["mycelia", "bitcell", "usdx-wexel", "monero-marketplace", "virtengine"])
def test_every_statement_of_the_five_playbooks_and_no_other(seeds: Path, shared: Path, seed: str) -> None:
    labels = json.loads((shared / "gold" / "effects.json").read_text("utf-8"))
    wanted = [(label["line"], _norm(label["text"])) for label in labels if label["seed"] == seed]
    found = [
        (item.line, _norm(item.text))
        for line, lang, lines in _fences((seeds / f"{seed}.md").read_text("utf-8"))
        if looks_like_shell(lines, lang)
        for item in read_fence(lines, line + 1, lang)
        if item.kind == "statement"
    ]
    assert found == wanted


def test_statements_comments_and_what_stands_between() -> None:
    text = "# First look\ndf -h   # how full?\n\nls | wc -l\nfor i in a b; do\n  echo $i  # each\ndone"
    items = _read(text, first_line=10)
    assert _short(items) == [
        ("comment", 10, "First look"),
        ("statement", 11, "df -h"),
        ("statement", 13, "ls | wc -l"),
        ("statement", 14, "for i in a b; do\n  echo $i  # each\ndone"),
    ]
    assert items[1].trailing == "how full?"
    assert items[3].end_line == 16


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("a; b", ["a", "b"]),
        ("a && b || c", ["a && b || c"]),
        ("a &\nb", ["a &", "b"]),
        ("X=1\nexport Y=2", ["X=1", "export Y=2"]),
        ('psql -c "\n  SELECT 1;\n"', ['psql -c "\n  SELECT 1;\n"']),
        ("a \\\n  --b \\\n  --c", ["a \\\n  --b \\\n  --c"]),
        ("a \\\n  --b # why\nc", ["a \\\n  --b", "c"]),
        ("cat <<EOF\n# no comment\nEOF\nls", ["cat <<EOF\n# no comment\nEOF", "ls"]),
        ("f() {\n  ls\n}\nf", ["f() {\n  ls\n}", "f"]),
        ("if a; then\n  b\nfi", ["if a; then\n  b\nfi"]),
        ("echo 'a # b'", ["echo 'a # b'"]),
        ("echo é # ü\nls –x", ["echo é", "ls –x"]),
        (
            "docker logs node-<id> --tail 5\nkubectl -n <ns> get x",
            ["docker logs node-<id> --tail 5", "kubectl -n <ns> get x"],
        ),
        (
            "curl http://l/q?query=topk(1,sum(a)by(b)) | jq\nls",
            ["curl http://l/q?query=topk(1,sum(a)by(b)) | jq", "ls"],
        ),
        ("", []),
        ("\n\n", []),
    ],
)
def test_one_statement_is_what_a_shell_runs_as_one(text: str, statements: list[str]) -> None:
    assert [item.text for item in _read(text) if item.kind == "statement"] == statements


def test_a_fault_costs_only_its_own_line() -> None:
    items = _read("ls -l\nls )\ndf -h\n'; x\nfor i in a; do\n  ls\ndone\nuptime")
    texts = [item.text for item in items]
    assert texts[0] == "ls -l"
    assert "df -h" in texts
    assert "uptime" in texts
    assert "for i in a; do\n  ls\ndone" in texts
    assert [item.fault is not None for item in items if item.text in ("ls -l", "df -h", "uptime")] == [False] * 3
    assert any(item.fault for item in items)


def test_a_bare_url_is_one_statement_with_a_fault() -> None:
    (item,) = _read("curl -s http://l:9090/q?query=sum(rate(x[5m]))by(a) | jq")
    assert item.fault is not None
    assert "quotes" in item.fault
    assert _read("curl -s 'http://l/q?query=sum(x)'")[0].fault is None


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        ("- [ ] Gather logs", "checklist", "Gather logs"),
        ("* [x] Page the lead", "checklist", "Page the lead"),
        ("[ ] Preserve evidence", "checklist", "Preserve evidence"),
        ("...", "todo", "..."),
        ("…", "todo", "…"),
        ("Update the DNS record by hand.", "todo", "Update the DNS record by hand."),
        ("- alertname = X", "todo", "- alertname = X"),
        ("mysql> SELECT 1;", "todo", "mysql> SELECT 1;"),
        ("app_production=# \\d users", "todo", "app_production=# \\d users"),
        ("SELECT * FROM pg_locks;", "todo", "SELECT * FROM pg_locks;"),
        ("process_resident_memory_bytes", "promql", "process_resident_memory_bytes"),
        ("rate(process_cpu_seconds_total[5m])", "promql", "rate(process_cpu_seconds_total[5m])"),
        ('sum by (a) (rate(x{b=~"5.."}[1m])) > 3', "promql", 'sum by (a) (rate(x{b=~"5.."}[1m])) > 3'),
        ('up{job="node"} == 0', "promql", 'up{job="node"} == 0'),
        ("#!/bin/bash", "comment", "!/bin/bash"),
    ],
)
def test_what_is_no_command_is_none(line: str, kind: str, text: str) -> None:
    assert _short(_read(f"ls\n{line}\ndf")) == [("statement", 1, "ls"), (kind, 2, text), ("statement", 3, "df")]


@pytest.mark.parametrize(
    "command",
    [
        "time (ls; df)",
        "pg_isready",
        "node_exporter --version",
        "sum file.txt",
        "sort -n f",
        "Rscript x.R",
        "test -f x",
        "./run: x",
    ],
)
def test_a_command_is_not_taken_for_something_else(command: str) -> None:
    assert [item.kind for item in _read(command)] == ["statement"]


def test_promql_over_several_lines_is_one_item() -> None:
    (item,) = _read("topk(5,\n  sum by (pod) (\n    rate(x[5m])\n  )\n)\n> 3")
    assert (item.kind, item.line, item.end_line) == ("promql", 1, 6)


@pytest.mark.parametrize(
    ("text", "lang", "typed"),
    [
        ("$ ls\na  b\n$ df -h \\\n> /data\nFilesystem", "console", ["ls", "df -h \\\n/data"]),
        ("$ oc logs x | \\\ngrep y\nlevel=debug msg=z", "shell", ["oc logs x | \\\ngrep y"]),
        ("user@host:~$ uptime\n 10:00 up", None, ["uptime"]),
        ("[root@db1 ~]# systemctl status x\nactive", None, ["systemctl status x"]),
        ("host.internal:~$ ps aux\nroot 1", "bash", ["ps aux"]),
        ("# netstat -antp | grep 1\ntcp 0 0", "console", ["netstat -antp | grep 1"]),
        ("# then look\n$ ls\nout", "console", ["ls"]),
        ("> gpg --list-keys\npub rsa", "bash", ["gpg --list-keys"]),
        ("$ echo 'a\nb'\nout", "console", ["echo 'a\nb'"]),
        ("kubectl top pods\nNAMESPACE   NAME   CPU(cores)\nprod   web   2m", "shell", ["kubectl top pods"]),
        ("ls -l\ntotal 24K\n-rw-r--r-- 1 root root 5 May 20 07:31 a", "bash", ["ls -l"]),
        ("> app.log", "bash", ["> app.log"]),
        ('curl x\n{\n  "a": [\n    1\n  ]\n}\nls', "bash", ["curl x", "ls"]),
    ],
)
def test_what_was_typed_is_told_from_what_was_printed(text: str, lang: str | None, typed: list[str]) -> None:
    assert [item.text for item in _read(text, lang) if item.kind == "statement"] == typed


@pytest.mark.parametrize(
    ("text", "lang", "shell"),
    [
        ("anything", "bash", True),
        ("anything", "sh", True),
        ("x", "console", True),
        ("x", "shell-session", True),
        ("x", "Bash", True),
        ("x", "bash {linenos=true}", True),
        ("docker ps\nls", None, True),
        ("$ frobnicate\nout", None, True),
        ("# look\nkubectl get pods -n x", None, True),
        ("sudo systemctl restart x", "text", True),
        ("FOO=1 ./run.sh", None, True),
        ("for i in a b; do\n  echo $i\ndone", None, True),
        ("a: 1\nb: 2", "yaml", False),
        ("ls", "json", False),
        ("rate(x[5m])", "promql", False),
        ("SELECT 1", "sql", False),
        ("# Title", "markdown", False),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: x", "console", False),
        ("rate(http_requests_total[5m])", None, False),
        ("2026-01-01 10:00:00 ERROR boom", None, False),
        ("Alert Received\n     |\n     v\n  Triage", None, False),
        ("We are investigating an issue.\nUsers may see errors.", None, False),
        ("Subject: [P0] Incident", None, False),
        ("", None, False),
        ("# only a remark", None, False),
    ],
)
def test_which_fences_hold_commands(text: str, lang: str | None, shell: bool) -> None:
    assert looks_like_shell(text.split("\n"), lang) is shell


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                [
                    "ls",
                    "$ ls",
                    "# x",
                    "for i in a; do",
                    "done",
                    'echo "',
                    "cat <<EOF",
                    "EOF",
                    "- [ ] a",
                    "x \\",
                    "...",
                    "{",
                ]
            ),
        ),
        max_size=12,
    ),
    st.sampled_from(["bash", "console", None, "yaml"]),
)
def test_any_fence_is_read_and_every_item_lies_in_it(lines: list[str], lang: str | None) -> None:
    lines = [line.replace("\n", " ") for line in lines]
    items = read_fence(lines, 7, lang)
    assert isinstance(looks_like_shell(lines, lang), bool)
    assert [item.line for item in items] == sorted(item.line for item in items)
    for item in items:
        assert 7 <= item.line <= item.end_line < 7 + len(lines)
        assert item.text or item.kind == "comment", "a # alone has no words"
        if item.kind == "statement" and item.line == item.end_line:
            assert item.text in lines[item.line - 7]


@pytest.mark.parametrize(
    "lines",
    [
        ["kubectl get pods -n x | grep y"] * 10_000,
        ["echo é <name> # ü"] * 10_000,
        ["ls )"] * 3000,
        ['echo "a'] * 3001,
        ["for x in a; do"] * 2000,
        ["sum(rate(x[5m]"] * 3000,
        ["(" * 5000],
        ["<a>" * 20_000],
        ["$ ls", "out"] * 5000,
    ],
    ids=range(9),
)
def test_long_fences_take_time_in_proportion(lines: list[str]) -> None:
    """Measured below 3 s each for the worst; what grows with the square of the length would take minutes."""
    start = time.process_time()
    read_fence(lines, 1, "bash")
    assert time.process_time() - start < 20
