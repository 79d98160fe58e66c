"""What a team says of the blanks in its playbook: what each takes, and where its value comes from."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["word", "port", "sha", "ip", "host", "region", "service", "number"]
"""The shapes that a value can have; `run/kinds.py` says what each takes."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename={"source": "from"}, forbid_unknown_fields=True):
    """`[teams.ID.bindings.NAME]`: what the blank of this name takes, and where its value comes from.

    `type` is one of the kinds, `pattern` a regular expression for the whole value instead. `from` is ``label:NAME``,
    ``inventory`` (what the target sets as `env`), or the value itself; without it, a label of the blank's own name,
    then the inventory, then a person.
    """

    type: Kind | None = None
    pattern: str | None = None
    source: str | None = None
