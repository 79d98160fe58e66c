"""`tocsin status`: the public status page as files."""

from __future__ import annotations

from pathlib import Path

from tocsin.app.public.copies import put_copy
from tocsin.cli.client import Client, Where
from tocsin.cli.words import count, say
from tocsin.errors import NotFound

HERE = Where()


def export(folder: Path, /, *, team: str | None = None, where: Where = HERE) -> None:
    """Write a team's status page to a folder: page, feed and JSON, each file in place whole or not at all.

    Any file server can show it, also while tocsin is down: `python3 -m http.server --directory FOLDER`. With `export`
    under [teams.ID.status] in tocsin.toml the server keeps such a copy by itself.

    Parameters
    ----------
    folder
        It is made if it is not there; other files in it stay.
    team
        Whose page (default: the only team).
    """
    client = Client(where)
    files = client.get("status", team or _find_only(client), "copy")["files"]
    changed = put_copy(folder, {name: str(text).encode() for name, text in files.items()})
    say(f"{folder} holds the page: {count(len(files), 'file')}, {changed} of them new or changed.")


def _find_only(client: Client) -> str:
    teams = [str(each["id"]) for each in client.get("teams")]
    if len(teams) != 1:
        raise NotFound(f"Say whose page: --team {' or --team '.join(teams)}.")
    return teams[0]
