"""What the settings file says about where alerts go: the tables `[[route]]`."""

from __future__ import annotations

import msgspec


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alerts with all the labels of `match` go to `team`, as `scenario` if named; `record` keeps them and no more.

    With `heartbeat`, they count as beats of that heartbeat of the team and do no more: for an alert that always fires.
    """

    match: dict[str, str]
    team: str | None = None
    scenario: str | None = None
    record: bool = False
    heartbeat: str = ""
