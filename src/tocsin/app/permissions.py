"""What must hold of the grants in the settings."""

from __future__ import annotations

from tocsin.app.tables import File
from tocsin.config import Problems, Source
from tocsin.incident.authority import GRANTS


def check_permissions(source: Source, file: File, problems: Problems) -> None:
    """The tables `[teams.ID.permissions]`: known grants, known people, and somebody who may change them back."""
    for team, table in file.teams.items():
        base = ("teams", team, "permissions")
        for grant, people in table.permissions.items():
            if grant not in GRANTS:
                text = f"there is no grant {grant!r}; there are {', '.join(GRANTS)}."
                problems.append(source.problem((*base, grant), text))
            for at, person in enumerate(people):
                if person not in file.people:
                    text = f"{person!r} is nobody here; known: {', '.join(file.people) or 'nobody yet'}."
                    problems.append(source.problem((*base, grant, at), text))
        if table.permissions and not (table.permissions.get("commander") or table.permissions.get("admin")):
            text = "nobody could resolve an incident: name somebody under `commander` or `admin`."
            problems.append(source.problem(base, text))
