"""The pure rooms are pure, and what watches over them would notice if they were not."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "tocsin"
PURE = ("words.py", "errors.py", "config.py", "pattern.py", "playbook", "oncall", "timeline", "incident", "alert",
        "page", "run", "comms", "review")  # fmt: skip
CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint", "compile"}


def modules(room: str) -> list[Path]:
    path = SOURCE / room
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_calls_nothing_that_touches_the_world(room: str) -> None:
    """import-linter sees imports and ruff sees names; the builtins that need neither are looked for here."""
    for path in modules(room):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in CALLS, f"{path}:{node.lineno} calls {node.func.id}"


@pytest.mark.parametrize(
    "line", ["import os", "import logging", "import asyncio", "from datetime import datetime\nNOW = datetime.now()"]
)
def test_ruff_would_notice(tmp_path: Path, line: str) -> None:
    room = tmp_path / "src" / "tocsin" / "page"
    room.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (room / "planted.py").write_text(f'"""Planted."""\n\n{line}\n')
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "."]
    done = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "TID251" in done.stdout


def test_every_room_has_its_place_in_the_layers() -> None:
    rooms = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = text[text.index("layers = [") :]
    layers = layers[: layers.index("]")]
    named = {name.strip() for line in layers.split('"')[1::2] for name in line.split("|")}
    assert rooms - {"__init__", "__main__"} == named
