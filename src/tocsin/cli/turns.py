"""What a responder says about the way: we go this one, we go on in that scenario too."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.words import say

HERE = Where()


def take(
    incident: str,
    line: Annotated[int, Parameter(help="The playbook's line on which the way begins.")],
    /,
    *,
    reason: str = "",
    where: Where = HERE,
) -> None:
    """Of several ways in the playbook, go this one; where another was taken before, say why with --reason."""
    say(Client(where).incident(incident).act("take", line=line, reason=reason))


def jump(
    incident: str,
    scenario: Annotated[str, Parameter(help="The scenario by title, label or line of the playbook.")],
    /,
    *,
    reason: str = "",
    where: Where = HERE,
) -> None:
    """Go on in a further scenario of the same playbook too; what it forbids holds from now on."""
    say(Client(where).incident(incident).act("jump", scenario=scenario, reason=reason))
