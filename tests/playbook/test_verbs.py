"""The verbs about playbooks as a shell calls them: what they print, what they return, and that they end cleanly."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tocsin.cli import compiling, linking, playbooks, watching
from tocsin.errors import UserError

_ROOT = Path(__file__).resolve().parents[2]
_PLAYBOOK = (
    "# Disk is full\n\n**Alert:** `DiskFull`\n\n## Symptoms\n- x\n\n## Fix\n\n```bash\nrm -rf /var/cache/shop\n```\n"
)
_RULES = "groups: [{name: x, rules: [{alert: DiskFull, expr: a}, {alert: NodeDown, expr: b}]}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of playbooks, with levels in one file and a scenario in another."""
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "disk.md").write_text(_PLAYBOOK.replace("\n\n## S", "\n**Severity:** SEV-1\n\n## S"))
    levels = "# Incident severity levels\n\n- **SEV-1**: respond within 5 minutes\n- **SEV-2**: respond within 1 hour\n"
    (tmp_path / "books" / "severity.md").write_text(levels)
    (tmp_path / "books" / ".hidden").mkdir()
    (tmp_path / "books" / ".hidden" / "x.md").write_text(_PLAYBOOK)
    (tmp_path / "rules.yml").write_text(_RULES)
    return tmp_path


def test_a_folder_is_compiled_as_one_library(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compiling.run(folder / "books", format="json") == 0
    found = json.loads(capsys.readouterr().out)["playbooks"]
    assert [Path(each["path"]).name for each in found] == ["disk.md", "severity.md"]
    assert found[0]["policy"]["levels"] == ["SEV-1", "SEV-2"]


def test_steps_are_listed_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiling.run(folder / "books" / "disk.md", steps=True)
    assert "  ask    rm -rf /var/cache/shop   [destroy" in capsys.readouterr().out


def test_coverage_of_a_file_and_of_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compiling.run(folder / "books", coverage=True) == 0
    said = capsys.readouterr().out
    assert "shell lines in procedures: 1 of 1 (100 %) are steps" in said
    assert f"{folder / 'books'}: 2 files" in said
    compiling.run(folder / "books" / "disk.md", coverage=True, format="json")
    (entry,) = json.loads(capsys.readouterr().out)["files"]
    assert {line["taken"] for line in entry["lines"]} >= {"scenario", "section", "symptom", "step"}


def test_no_file_is_an_error_with_a_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="tocsin compile"):
        compiling.run()
    assert compiling.run(tmp_path) == 2
    said = capsys.readouterr()
    assert "tocsin compile" in said.err
    assert not said.out


def test_link_shows_both_ways_and_fails_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call: Callable[..., int] = linking.run
    assert call(folder / "rules.yml", playbooks=(folder / "books",)) == 0
    said = capsys.readouterr().out
    assert "✓ DiskFull" in said
    assert "✗ NodeDown" in said
    assert call(folder, playbooks=(folder / "books",), format="json", fail_on="warning") == 1
    entry = json.loads(capsys.readouterr().out)
    assert entry["figures"]["by_name"] == 1
    assert [each["code"] for each in entry["diagnostics"]] == ["PB503"]


def test_link_wants_rules_and_playbooks(folder: Path) -> None:
    with pytest.raises(UserError, match="rule file"):
        linking.run(playbooks=(folder,))
    (folder / "none").mkdir()
    with pytest.raises(UserError, match="Markdown"):
        linking.run(folder / "rules.yml", playbooks=(folder / "none",))


def test_diff_of_files_and_of_folders(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = folder / "new"
    new.mkdir()
    (new / "disk.md").write_text(_PLAYBOOK.replace("## Fix\n", "## Fix\n\nNever restart the shop.\n"))
    (new / "mail.md").write_text(_PLAYBOOK.replace("Disk is full", "Mail is stuck").replace("DiskFull", "MailStuck"))
    old = folder / "books"
    assert playbooks.diff(old / "disk.md", old / "disk.md", fail_on="any") == 0
    assert capsys.readouterr().out == "Nothing changed in what they do.\n"
    assert playbooks.diff(old / "disk.md", new / "disk.md", fail_on="dangerous") == 0
    assert "Forbidden now: “Never restart the shop.”" in capsys.readouterr().out
    assert playbooks.diff(old, new, format="json", fail_on="dangerous") == 1
    files = json.loads(capsys.readouterr().out)["files"]
    assert [each["path"] for each in files] == ["disk.md", "mail.md", "severity.md"]
    assert files[1]["changes"][0]["weight"] == "dangerous"
    with pytest.raises(UserError, match="two files or two folders"):
        playbooks.diff(old, new / "disk.md")


def test_schema_and_export(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    playbooks.schema()
    assert json.loads(capsys.readouterr().out)["title"] == "tocsin compile --format json"
    playbooks.export(folder / "books" / "disk.md")
    assert capsys.readouterr().out.startswith("# Disk is full\n\n**Alert:** `DiskFull`\n")
    playbooks.export(folder / "books" / "disk.md", output=folder / "normal.md")
    assert (folder / "normal.md").read_text().endswith("```\n")
    (folder / "empty.md").write_text("")
    with pytest.raises(UserError, match="nothing to be read"):
        playbooks.export(folder / "empty.md")


def test_watching_does_it_again_after_a_change_and_ends_at_ctrl_c(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "books" / "disk.md"
    runs: list[str] = []
    moments = iter(["nothing", "edit", "break", "stop"])

    def do() -> None:
        runs.append(path.read_text() if path.exists() else "gone")
        if not path.exists():
            raise UserError("It cannot be read.")

    def wait() -> None:
        moment = next(moments)
        if moment == "edit":
            path.write_text("# changed\n")
        elif moment == "break":
            path.unlink()
        elif moment == "stop":
            raise KeyboardInterrupt

    assert watching.keep_watching([folder / "books"], do, wait) == 0
    assert [text[:9] for text in runs] == ["# Disk is", "# changed", "gone"]
    said = capsys.readouterr()
    assert said.out.count("disk.md changed") == 2
    assert "It cannot be read." in said.err


def test_ctrl_c_ends_the_program_quietly(folder: Path) -> None:
    watching = [sys.executable, "-m", "tocsin", "compile", str(folder / "books" / "disk.md"), "--watch"]
    command = ["env", "--default-signal=INT", *watching]  # whoever runs the tests in the background ignores it
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=buffered) as process:
        assert process.stdout is not None
        while "Disk is full" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert (process.returncode, errors) == (0, "")


def test_the_hook_for_pre_commit_fails_at_an_error_and_only_then(folder: Path) -> None:
    (hook,) = yaml.safe_load((_ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    program, *arguments = shlex.split(hook["entry"])
    assert program == "tocsin"
    broken = folder / "broken.md"
    broken.write_text(_PLAYBOOK + "\n```bash\nls\n")
    for path, code in ((folder / "books" / "disk.md", 0), (broken, 1)):
        command = [sys.executable, "-m", "tocsin", *arguments, str(path)]
        ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
        assert ran.returncode == code, ran.stdout + ran.stderr
