"""What the shadow mode would have done on a day."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.words import Format, TeamId, say
from tocsin.errors import UserError

HERE = Where()


def shadow(
    *,
    team: TeamId,
    day: Annotated[str, Parameter(help="YYYY-MM-DD in the team's zone; by default yesterday.")] = "",
    other: Annotated[Path | None, Parameter(help="What PagerDuty did: an export of log entries or webhooks.")] = None,
    out: Annotated[Path | None, Parameter(help="Write it to this file, which only you can read.")] = None,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """Say what tocsin would have done for a team in shadow mode, beside what the other pager did.

    It is told to those only whom the settings name: shadow_readers in [teams.TEAM].
    """
    client = Client(where)
    if other is None:
        found = client.get("teams", team, "shadow", day=day)
    else:
        try:
            content = other.read_bytes()
        except OSError as error:
            raise UserError(f"{other} cannot be read: {error.strerror}.") from error
        found = client.send(content, "teams", team, "shadow", day=day)
    text = found["text"] if format == "text" else json.dumps(found["report"], indent=2) + "\n"
    if out is None:
        say(text.rstrip("\n"))
        return
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror}.") from error
    say(f"Written to {out}.")
