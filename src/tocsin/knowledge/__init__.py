"""What is generally known of programs: one data file for each family of commands, read once at start-up.

The files are data, not rules: `playbook/effect` gives them their meaning. Adding a program is adding a file.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from tocsin.playbook.effect import Knowledge, load


@cache
def load_knowledge() -> Knowledge:
    """Everything that the shipped files know."""
    return load(_read_tables())


def _read_tables() -> dict[str, dict[str, Any]]:
    files = sorted(resources.files(__name__).iterdir(), key=lambda file: file.name)
    return {file.name: tomllib.loads(file.read_text(encoding="utf-8")) for file in files if file.name.endswith(".toml")}
