"""Where the verbs speak to may be closed, full, gone, or unable to hold the words: one sentence, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLAYBOOK = """\
# Kasse – Störung

## Common Incident Scenarios

### 1. Kasse klemmt → „nichts geht“

**Alert:** `TillStuck`

**Diagnosis:**
```bash
uptime
```
"""
LINES = [["compile", "till.md"], ["compile", "till.md", "--format", "json"], ["--help"]]


def shell(folder: Path, line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a shell line in which `T` is tocsin."""
    (folder / "till.md").write_text(PLAYBOOK, encoding="utf-8")
    text = line.replace("T ", f"{sys.executable} -m tocsin ", 1)
    return subprocess.run(
        ["bash", "-c", text], cwd=folder, env={**os.environ, **environment}, capture_output=True, timeout=180
    )


def is_one_sentence(said: bytes) -> bool:
    text = said.decode(errors="replace")
    return text.startswith("tocsin: ") and "Traceback" not in text and text.count("\n") == 1


@pytest.mark.parametrize("words", LINES[:2])
def test_a_closed_output_is_told(tmp_path: Path, words: list[str]) -> None:
    done = shell(tmp_path, f"T {' '.join(words)} >&-")
    assert done.returncode == 2
    assert is_one_sentence(done.stderr)


@pytest.mark.parametrize("words", LINES)
def test_a_full_output_is_told(tmp_path: Path, words: list[str]) -> None:
    done = shell(tmp_path, f"T {' '.join(words)} >/dev/full")
    assert done.returncode == 2
    assert is_one_sentence(done.stderr)
    assert b"No space left" in done.stderr


@pytest.mark.parametrize("words", LINES[1:3])
def test_a_reader_that_has_seen_enough_is_no_fault(tmp_path: Path, words: list[str]) -> None:
    done = shell(tmp_path, f"set -o pipefail; T {' '.join(words)} | head -c 1")
    assert (done.returncode, done.stderr) == (0, b"")
    gone = shell(tmp_path, f"set -o pipefail; T {' '.join(words)} | true")
    assert (gone.returncode, gone.stderr) == (0, b"")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_output_that_lacks_the_words_gets_what_it_can_hold(tmp_path: Path, encoding: str) -> None:
    text = shell(tmp_path, "T compile till.md", PYTHONIOENCODING=encoding)
    assert (text.returncode, text.stderr) == (0, b"")
    assert b"Kasse" in text.stdout
    found = shell(tmp_path, "T compile till.md --format json", PYTHONIOENCODING=encoding)
    assert found.returncode == 0
    playbook = json.loads(found.stdout.decode("utf-8"))["playbooks"][0]
    assert playbook["scenarios"][0]["title"] == "Kasse klemmt → „nichts geht“"


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (r"T compile $'\xff.md'", 2, b"cannot be read"),
        ("T compile /proc/self/mem", 2, b"cannot be read"),
        ("T compile .", 0, b""),
        (r"printf 'ls \xff' | T classify -", 0, b""),
        ("T classify - <&-", 2, b"Standard input is closed"),
        ("T init afile --playbook till.md; exit $?", 2, b"Give another folder"),
        ("T init /proc/x --playbook till.md", 2, b"Give another folder"),
        ("T init W --playbook missing.md", 2, b"missing.md cannot be read"),
        ("T key nobody --workspace .", 2, b"tocsin init"),
        ("T explain TOC-162", 0, b""),
        ("T incidents --workspace .", 2, b"tocsin init"),
    ],
)
def test_odd_input_is_one_sentence(tmp_path: Path, line: str, code: int, said: bytes) -> None:
    (tmp_path / "afile").write_text("")
    done = shell(tmp_path, line)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert said in done.stderr
    assert (tmp_path / "afile").read_text() == ""


def test_a_key_is_made_for_a_team_that_there_is(tmp_path: Path) -> None:
    assert shell(tmp_path, "T init W --playbook till.md").returncode == 0
    for team in ("other", "../../x"):
        done = shell(tmp_path, f"T key {team} --workspace W")
        assert done.returncode == 2
        assert b"it has till" in done.stderr
    assert sorted(path.name for path in (tmp_path / "W" / "secrets").iterdir()) == ["till.intake"]
    assert not (tmp_path / "x.intake").exists()
    before = (tmp_path / "W" / "secrets" / "till.intake").read_text()
    assert shell(tmp_path, "T key till --workspace W").returncode == 0
    assert (tmp_path / "W" / "secrets" / "till.intake").read_text() != before


@pytest.mark.parametrize(
    ("words", "shown"),
    [("", b"Kasse"), ("--steps", b"Kasse"), ("--format json", b'"path": "till.md"'), ("--coverage", b"till.md")],
)
@pytest.mark.parametrize(
    "paths", ["till.md missing.md", "missing.md till.md", "till.md empty missing.md", ". missing.md"]
)
def test_one_file_that_cannot_be_read_keeps_nobody_from_the_others(
    tmp_path: Path, words: str, shown: bytes, paths: str
) -> None:
    (tmp_path / "empty").mkdir()
    done = shell(tmp_path, f"T compile {paths} {words}")
    assert done.returncode == 2
    assert shown in done.stdout
    said = done.stderr.decode().splitlines()
    assert said[-1] == "tocsin: missing.md cannot be read: No such file or directory."
    assert all(each.startswith("tocsin: ") for each in said)
    assert len(said) == 1 + ("empty" in paths)


def test_what_could_not_be_read_is_said_after_what_could_and_no_baseline_is_made_of_the_rest(tmp_path: Path) -> None:
    both = shell(tmp_path, "T compile missing.md till.md 2>&1")
    assert both.stdout.splitlines()[-1].startswith(b"tocsin: missing.md cannot be read")
    kept = shell(tmp_path, "T compile missing.md till.md --write-baseline accepted.json")
    assert kept.returncode == 2
    assert b"accepted.json was not written" in kept.stderr
    assert not (tmp_path / "accepted.json").exists()
    assert shell(tmp_path, "T compile missing.md till.md --fail-on error").returncode == 2


@pytest.mark.parametrize("name", ["runbooks", "d.md"])
def test_a_folder_without_markdown_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    done = shell(tmp_path, f"T compile {name}")
    assert done.returncode == 2
    assert is_one_sentence(done.stderr)
    assert f"{name} is a folder, and holds no Markdown file".encode() in done.stderr


@pytest.mark.parametrize(("words", "said"), [("help", b"Usage: tocsin COMMAND"), ("help ack", b"Usage: tocsin ack")])
def test_help_is_a_word_too(tmp_path: Path, words: str, said: bytes) -> None:
    done = shell(tmp_path, f"T {words}")
    assert (done.returncode, said in done.stdout) == (0, True)
