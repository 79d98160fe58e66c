"""What the playbook wants waited or watched: begin it, or end it before its time."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.steps import spell_step
from tocsin.cli.words import say

HERE = Where()


def wait(
    incident: str,
    step: str,
    /,
    *,
    end: Annotated[bool, Parameter(help="It need not last any longer; say with --reason why.")] = False,
    reason: str = "",
    where: Where = HERE,
) -> None:
    """Begin a wait of the playbook, as long as its line says; or end one now."""
    asked = Client(where).incident(incident)
    verb, told = ("unwait", {"reason": reason}) if end else ("wait", {})
    say(asked.act("steps", spell_step(step), verb, **told))
