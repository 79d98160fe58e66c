"""What runs by itself for a team: freeze it, let it go on, activate a changed playbook."""

from __future__ import annotations

from tocsin.cli.client import Client, Where
from tocsin.cli.words import say

HERE = Where()


def freeze(team: str, /, *, reason: str = "", where: Where = HERE) -> None:
    """Let nothing run by itself for a team."""
    Client(where).post("teams", team, "freeze", on=True, reason=reason)
    say(f"{team}: nothing runs by itself until `tocsin unfreeze {team}`.")


def unfreeze(team: str, /, *, reason: str = "", where: Where = HERE) -> None:
    """Let reads run by themselves again."""
    Client(where).post("teams", team, "freeze", on=False, reason=reason)
    say(f"{team}: reads run by themselves again.")


def activate(team: str, /, *, where: Where = HERE) -> None:
    """Activate the team's playbook as it is now: I have read what changed."""
    Client(where).post("teams", team, "activate")
    say(f"{team}: its playbook is active.")
