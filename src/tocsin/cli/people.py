"""Letting people and alert sources in."""

from __future__ import annotations

from pathlib import Path

from tocsin.app.initialise import make_key
from tocsin.app.place import NAME, find_workspace
from tocsin.app.workspace import read_people, read_teams
from tocsin.cli.client import Client, Where
from tocsin.cli.identity import forget, keep
from tocsin.cli.words import Format, TeamId, say, show_json
from tocsin.errors import NotFound, UserError, list_known
from tocsin.incident.authority import OWNER as LOCAL
from tocsin.timeline.line import fold

HERE = Where()


def signin(person: str | None = None, /, *, where: Where = HERE) -> None:
    """Print a link that signs a person in, once, within the hour (default: the first person in tocsin.toml).

    Parameters
    ----------
    person
        The person, by their id in tocsin.toml (default: who is first in it).
    """
    say(Client(where, as_nobody=True).post("links", person=person or where.as_)["url"])


def whoami(
    *,
    set: str | None = None,  # noqa: A002 the option's name
    unset: bool = False,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """Say in whose name you act; with --set, choose once who you are in this workspace.

    Parameters
    ----------
    set
        The id of a person in tocsin.toml: from now on you.
    unset
        Forget it again.
    format
        `text` for people, `json` for programs.
    """
    if set is not None or unset:
        _choose(None if unset else set, where)
        return
    client = Client(where)
    found = client.get("whoami")
    found["from"] = client.person_from or ("the token" if where.url else "there is only one person")
    if format == "json":
        show_json(found)
    elif found["id"] == LOCAL:
        say("Nobody yet: `tocsin whoami --set NAME` chooses once; `--as NAME` says it for one verb.")
    else:
        say(f"{fold(found['id'])} ({fold(found['name'])}), by {found['from']}.")


def _choose(person: str | None, where: Where) -> None:
    if where.url is not None:
        raise UserError("At a server elsewhere you are whose token it is; there is nothing to choose.")
    root = find_workspace((where.workspace or Path.cwd()).absolute())
    if person is None:
        forget(root)
        say("Forgotten. Say who you are each time: --as NAME, or TOCSIN_AS.")
        return
    people = read_people(root)
    if person not in people:
        raise NotFound(f"tocsin.toml has no person {person!r}; it has {list_known(people, person)}.")
    keep(root, person)
    say(f"You are {person} in {root} from now on.")


def key(team: TeamId, /, *, workspace: Path | None = None) -> None:
    """Make a new intake key for a team; the old one stops working as soon as the server has seen it."""
    root = find_workspace((workspace or Path.cwd()).absolute())
    teams = read_teams(root)
    if team not in teams:
        raise NotFound(f"tocsin.toml has no team {team!r}; it has {', '.join(teams) or 'none'}.")
    made = make_key(root, team)
    (root / NAME).touch()
    say(f"Alerts for {team} go to /in/{made}/api/v2/alerts (Prometheus, amtool) or /in/{made}/alertmanager.")
