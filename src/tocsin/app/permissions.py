"""What must hold of the grants in the settings, and of what they make private."""

from __future__ import annotations

from tocsin.app.tables import File, TeamTable
from tocsin.config import Problems, Source
from tocsin.errors import list_known
from tocsin.incident.authority import GRANTS
from tocsin.playbook.model import Playbook


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
                    text = f"{person!r} is nobody here; known: {list_known(file.people, person)}."
                    problems.append(source.problem((*base, grant, at), text))
        if table.permissions and not (table.permissions.get("commander") or table.permissions.get("admin")):
            text = "nobody could resolve an incident: name somebody under `commander` or `admin`."
            problems.append(source.problem(base, text))


def check_private(source: Source, team: str, table: TeamTable, playbook: Playbook, problems: Problems) -> None:
    """The table `[teams.ID.private]`: scenarios and severities that the playbook has; a slip would leave one open."""
    known = {
        "scenarios": (table.private.scenarios, [each.title for each in playbook.scenarios]),
        "severities": (table.private.severities, [each.id for each in playbook.severities]),
    }
    for field, (wanted, there) in known.items():
        for at, name in enumerate(wanted):
            if name not in there:
                text = f"the playbook has no {name!r}, so nothing would be private by it; it has {', '.join(there)}."
                problems.append(source.problem(("teams", team, "private", field, at), text))
