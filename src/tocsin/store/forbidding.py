"""Which open incidents may forbid something on their team's targets: a look into a file that a server may have open."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from tocsin.errors import Corrupt
from tocsin.incident.state import OPEN


class Forbidder(NamedTuple):
    """An open incident, by id, and the scenario whose prohibitions hold for its team."""

    incident: str
    scenario: str


def read_forbidders(database: Path, team: str) -> list[Forbidder]:
    """The team's open incidents that forbid something, as they stand now; none where nothing was ever recorded.

    Raises `Corrupt` where the file cannot be read: then nobody knows what is forbidden.
    """
    if not database.exists():
        return []
    marks = ", ".join("?" * len(OPEN))
    query = f"SELECT id, scenario FROM card WHERE team = ? AND forbids AND status IN ({marks}) ORDER BY id"  # noqa: S608 only marks
    try:
        connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            rows = connection.execute(query, (team, *sorted(OPEN))).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise Corrupt(f"{database} cannot be read ({error}), so what open incidents forbid is not known.") from error
    return [Forbidder(incident, scenario or "") for incident, scenario in rows]
