"""The knowledge as shipped, read the way the application reads it."""

from __future__ import annotations

import importlib.util
import tomllib
import types
from pathlib import Path

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook

from .strangers import Read

_FILES = Path(__file__).parents[2] / "src" / "tocsin" / "knowledge"


@pytest.fixture(scope="session")
def knowledge() -> effect.Knowledge:
    """All the data files that ship with the package, loaded."""
    return effect.load({path.name: tomllib.loads(path.read_text("utf-8")) for path in sorted(_FILES.glob("*.toml"))})


@pytest.fixture(scope="session")
def check(shared: Path) -> types.ModuleType:
    """The comparison that comes with the expected models."""
    spec = importlib.util.spec_from_file_location("gold_check", shared / "gold" / "check.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def read(knowledge: effect.Knowledge) -> Read:
    """Compile a text."""
    return lambda text: compile_playbook(text.encode(), "runbook.md", knowledge)
