"""What runs by itself for a team: freeze it, let it go on, activate a changed playbook."""

from __future__ import annotations

from typing import Any

from tocsin.cli.client import Client, Where
from tocsin.cli.words import Reason, TeamId, Yes, agrees, is_person_there, say
from tocsin.timeline.line import fold

HERE = Where()
MOST_TEXT = 1000


def freeze(team: TeamId, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """Let nothing run by itself for a team."""
    Client(where).post("teams", team, "freeze", on=True, reason=reason)
    say(f"{team}: nothing runs by itself until `tocsin unfreeze {team}`.")


def unfreeze(team: TeamId, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """Let reads run by themselves again."""
    Client(where).post("teams", team, "freeze", on=False, reason=reason)
    say(f"{team}: reads run by themselves again.")


def activate(team: TeamId, /, *, yes: Yes = False, where: Where = HERE) -> None:
    """Say what the team's playbook does otherwise than the one that was activated, ask, and activate it.

    Until then nothing of it runs by itself.
    """
    client = Client(where)
    found = client.get("teams", team, "difference")
    say("\n".join(_tell(found)))
    if is_person_there() and not yes and not agrees("You have read it: activate?"):
        say(f"{team}: it was not activated; nothing runs by itself.")
        return
    client.post("teams", team, "activate", digest=found["digest"])
    say(f"{team}: its playbook is active.")


def _tell(found: dict[str, Any]) -> list[str]:
    """What changed, the dangerous first."""
    if found["activated"] == found["digest"]:
        return ["This version is active already."]
    if not found["changes"]:
        return ["Nothing changed in what it does."]
    lines = [f"Since {fold(found['activated_by']) or 'somebody'} activated it:"]
    for each in found["changes"]:
        line = f"line {each['new_line']}" if each.get("new_line") else f"was line {each['old_line']}"
        where = f" ({line})" if each.get("new_line") or each.get("old_line") else ""
        scope = f"{fold(each['scope'])}: " if each.get("scope") else ""
        lines.append(f"  {each['weight']:<9} {each['topic']:<12} {scope}{fold(each['text'], MOST_TEXT)}{where}")
    return lines
