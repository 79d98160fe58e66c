"""What must hold of the settings of a status page."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import PurePath

from tocsin.app.tables import File, TeamTable, is_mail
from tocsin.comms.settings import find_fault
from tocsin.config import Problems, Source
from tocsin.playbook.model import Playbook

OURS = frozenset({".tocsin", "secrets", "playbooks"})


def check_pages(source: Source, file: File, problems: Problems) -> None:
    """The tables `[teams.ID.status]` of all teams."""
    taken: dict[PurePath, str] = {}
    for team, table in file.teams.items():
        _check_page(source, team, table, file.channels, problems)
        folder = table.status.export
        other = taken.setdefault(PurePath(folder), team) if folder else team
        if other != team:
            text = (
                f"{folder!r} is where {other}'s page is kept already; name a folder of its own, such as public/{team}."
            )
            problems.append(source.problem(("teams", team, "status", "export"), text))


def _check_page(
    source: Source, team: str, table: TeamTable, channels: Mapping[str, object], problems: Problems
) -> None:
    page, base = table.status, ("teams", team, "status")
    where, fault = find_fault(page, tuple(table.maintenance))
    if fault:
        problems.append(source.problem((*base, *where), fault))
    mails = [name for name, each in channels.items() if is_mail(each)]
    if page.channel and page.channel not in mails:
        known = ", ".join(mails) or "none"
        text = f"followers are told by an smtp channel; there is no {page.channel!r}, there is {known}."
        problems.append(source.problem((*base, "channel"), text))
    parts = PurePath(page.export).parts or (".",)
    if page.export and (parts[0] in (*OURS, ".") or ".." in parts):
        text = f"{page.export!r} is no folder for what anybody may read; name one of its own, such as public/{team}."
        problems.append(source.problem((*base, "export"), text))


def check_components(source: Source, team: str, table: TeamTable, playbook: Playbook, problems: Problems) -> None:
    """The scenarios that components name: one that no playbook has would never be down."""
    titles = [each.title for each in playbook.scenarios]
    for name, component in table.status.components.items():
        for at, scenario in enumerate(component.scenarios):
            if scenario not in titles:
                near = get_close_matches(scenario, titles, n=1)
                known = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(map(repr, titles)) or 'none'}."
                text = f"the playbook has no scenario with the title {scenario!r}; {known}"
                problems.append(source.problem(("teams", team, "status", "components", name, "scenarios", at), text))
