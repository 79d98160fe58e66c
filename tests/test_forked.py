"""A process that was forked is like one that was started: its words, streams, environment, folder, end and code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests import forked

TELL = """
import json, os, signal, sys
fds = sorted(int(each) for each in os.listdir("/proc/self/fd"))
is_usual = signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL
print(json.dumps([fds[:-1], os.getcwd(), dict(os.environ), sys.argv[1:], is_usual]))
sys.stdout.flush()
"""


def start_by_interpreter(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "tocsin", *words]
    return subprocess.run(argv, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("words", [["--version"], ["explain", "TOC-999"], ["classify", "rm -rf /x"], ["nonsense"]])
def test_it_says_what_an_interpreter_of_its_own_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(TELL)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "SAID": "here"}
    monkeypatch.chdir(tmp_path)
    assert forked.may_fork(environment)
    there, here = (each(*words, environment=environment) for each in (start_by_interpreter, forked.run))
    told, rest = (list(each) for each in zip(*(done.stdout.split("\n", 1) for done in (there, here)), strict=True))
    assert "here" in told[1]
    assert (told[0], rest[0]) == (told[1], rest[1])
    assert (there.stderr, there.returncode) == (here.stderr, here.returncode)


def test_it_can_be_killed_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(600)")
    with (tmp_path / "log").open("wb") as log:
        process = forked.spawn("--version", out=log, environment={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    process.kill()
    assert process.wait(30) == process.poll() == -signal.SIGKILL
    process.kill()  # whoever has ended is not killed again


@pytest.mark.parametrize("name", ["PYTHONUTF8", "LC_ALL", "TZ", "PYTHONWARNINGS"])
def test_what_an_interpreter_reads_first_makes_it_start_anew(name: str) -> None:
    assert not forked.may_fork({**os.environ, name: "other"})
    assert forked.may_fork({**os.environ, "TOCSIN_TOKEN": "other"})


def test_torture_forks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TORTURE", "all")
    assert not forked.may_fork(dict(os.environ))
