"""The knowledge as shipped, read the way the application reads it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tocsin.playbook import effect

_FILES = Path(__file__).parents[2] / "src" / "tocsin" / "knowledge"


@pytest.fixture(scope="session")
def knowledge() -> effect.Knowledge:
    """All the data files that ship with the package, loaded."""
    return effect.load({path.name: tomllib.loads(path.read_text("utf-8")) for path in sorted(_FILES.glob("*.toml"))})
