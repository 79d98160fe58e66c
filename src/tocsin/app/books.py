"""Which playbook a team has, by a settings file whose other parts may not hold together yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tocsin.app.place import NAME
from tocsin.config import Problems, read
from tocsin.errors import ConfigError, NotFound, UserError


def find_playbook(root: Path, team: str) -> Path:
    """The playbook of a team of the workspace in `root`. Raises `NotFound` if there is no such team."""
    problems = Problems()
    try:
        text = (root / NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{root / NAME} cannot be read: {error}.") from error
    values: Any = read(text, NAME, problems).values
    if problems:
        raise ConfigError(problems.in_order())
    teams = values.get("teams")
    found = teams.get(team) if isinstance(teams, dict) else None
    if not isinstance(found, dict):
        known = ", ".join(teams) if isinstance(teams, dict) and teams else "none"
        raise NotFound(f"There is no team {team!r} in {root / NAME}; there is: {known}.")
    playbook = found.get("playbook")
    if not isinstance(playbook, str) or not playbook:
        raise UserError(f'{NAME} names no playbook for the team {team!r}: playbook = "playbooks/{team}.md"')
    return root / playbook
