"""Contacts outside, as the settings have them: what must hold of them, and their addresses by how they are recorded."""

from __future__ import annotations

from collections.abc import Container, Mapping

import msgspec

from tocsin.app.contactable import NEEDS
from tocsin.app.tables import File
from tocsin.config import Path, Problems, Source
from tocsin.engine.shelf import Settings
from tocsin.incident.authority import find_permissions
from tocsin.incident.book import TeamPolicy
from tocsin.incident.office import list_roles
from tocsin.incident.role import answers_for
from tocsin.oncall.outsider import Outsider, as_person, make_id
from tocsin.oncall.settings import Person
from tocsin.playbook.model import Playbook
from tocsin.words import Permission

NOT_FOR_THEM = {
    "terminal": "the terminal is only where the server runs",
    "pagerduty": "PagerDuty calls the team's own people",
    "webpush": "phones are subscribed by people who sign in",
    "slack": "Slack pages members of the team's own workspace",
}


def list_contacts(settings: Settings) -> dict[str, Person]:
    """Each contact's addresses, by the id under which they stand in the record."""
    return {
        make_id(team, name): as_person(each)
        for team, shelf in settings.teams.items()
        for name, each in shelf.policy.contacts.items()
    }


def check_contacts(source: Source, file: File, channels: Mapping[str, msgspec.Struct], problems: Problems) -> None:
    """The tables `[teams.ID.contacts.NAME]`: names, and channels that can reach them."""
    for team, table in file.teams.items():
        for name, contact in table.contacts.items():
            path: Path = ("teams", team, "contacts", name)
            if not name.replace("-", "").replace("_", "").isalnum():
                problems.append(source.problem(path, "its name has letters, digits, dashes and underscores."))
            if not contact.channels:
                text = 'say how they are reached: channels = ["mail"], with their `mail` or `phone`.'
                problems.append(source.problem((*path, "channels"), text))
            for at, channel in enumerate(contact.channels):
                text = _find_fault(channel, contact, channels)
                if text:
                    problems.append(source.problem((*path, "channels", at), text))


def _find_fault(channel: str, contact: Outsider, channels: Mapping[str, msgspec.Struct]) -> str:
    if channel not in channels:
        return f"there is no channel {channel!r}; there are: {', '.join(channels)}."
    kind = str(getattr(channels[channel], "kind", "terminal"))
    if kind in NOT_FOR_THEM:
        return f"a contact outside cannot be reached by {channel}: {NOT_FOR_THEM[kind]}."
    field, what = NEEDS.get(kind, ("", ""))
    return f"{channel} needs {what}; give them `{field}`." if field and not getattr(contact, field) else ""


def check_scenarios(
    source: Source, team: str, contacts: Mapping[str, Outsider], playbook: Playbook, problems: Problems
) -> None:
    """Scenarios and entries of the playbook that there are."""
    titles = {each.title.casefold() for each in playbook.scenarios}
    entries = {each.title.casefold() for each in playbook.contacts}
    for name, contact in contacts.items():
        path: Path = ("teams", team, "contacts", name)
        for at, title in enumerate(contact.scenarios):
            if title.casefold() not in titles:
                problems.append(source.problem((*path, "scenarios", at), f"the playbook has no scenario {title!r}."))
        for at, entry in enumerate(contact.entries):
            if entry.casefold() not in entries:
                known = ", ".join(each.title for each in playbook.contacts) or "none"
                text = f"the playbook lists no contact {entry!r}; it has: {known}."
                problems.append(source.problem((*path, "entries", at), text))


def check_callers(
    source: Source, policy: TeamPolicy, people: Container[str], playbook: Playbook, problems: Problems
) -> None:
    """Those who call a contact and those who allow it: people who may act for the team, or roles that there are."""
    roles = list_roles(playbook, policy.roles)
    for name, contact in policy.contacts.items():
        path: Path = ("teams", policy.team, "contacts", name)
        named = [((*path, "who", at), who) for at, who in enumerate(contact.who)]
        for where, who in [*named, *([((*path, "approval"), contact.approval)] if contact.approval else [])]:
            if who in people:
                if Permission.RESPOND not in find_permissions(policy, who):
                    text = f"{who} may not act for this team; name them in its schedules, its ladder or its roles."
                    problems.append(source.problem(where, text))
            elif not any(answers_for(role, who) for role in roles):
                text = f"{who!r} is neither a person under [people] nor a role; the roles are {', '.join(roles)}."
                problems.append(source.problem(where, text))
