"""Letting people and alert sources in."""

from __future__ import annotations

from pathlib import Path

from tocsin.app.initialise import make_key
from tocsin.app.place import NAME, find_workspace
from tocsin.app.workspace import read_teams
from tocsin.cli.client import Client, Where
from tocsin.cli.words import say
from tocsin.errors import NotFound

HERE = Where()


def signin(person: str | None = None, /, *, where: Where = HERE) -> None:
    """Print a link that signs a person in, once, within the hour (default: the first person in tocsin.toml)."""
    say(Client(where).post("links", person=person)["url"])


def key(team: str, /, *, workspace: Path | None = None) -> None:
    """Make a new intake key for a team; the old one stops working as soon as the server has seen it."""
    root = find_workspace((workspace or Path.cwd()).absolute())
    teams = read_teams(root)
    if team not in teams:
        raise NotFound(f"tocsin.toml has no team {team!r}; it has {', '.join(teams) or 'none'}.")
    made = make_key(root, team)
    (root / NAME).touch()
    say(f"Alerts for {team} go to /in/{made}/api/v2/alerts (Prometheus, amtool) or /in/{made}/alertmanager.")
