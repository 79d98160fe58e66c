"""Who may act in an incident, and which roles somebody answers to.

Everybody who is signed in may declare, and read and add a note to what they may see (`sight.py`). Whatever else is
asked of an incident comes from a responder of its team: from whoever stands in one of its schedules, its ladder or its
roles, oversees all teams, or was called or given a role in this incident.

Each command names the permission that it needs. Where a team's settings grant nothing, every responder has all of them.
Where they do (`[teams.ID.permissions]`), a person has what the grants named for them bring, and every responder who is
named for none may respond. Whoever leads an incident, speaks for it or secures it may do that there, and only somebody
with the grant can be given such a role.

Roles are those of the team's settings at that moment, and those taken in the incident.
A role taken in the incident counts under all the names that the playbook gives it (``IC``, ``Incident Commander``),
since its approval gates use any of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from tocsin.errors import NotAuthorised
from tocsin.incident.book import Book, TeamPolicy
from tocsin.incident.commands import Command, TakeRole
from tocsin.incident.office import find_role
from tocsin.incident.sight import OWNER as OWNER
from tocsin.incident.sight import may_see, require_sight
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Person, Staffing
from tocsin.playbook.model import Playbook
from tocsin.words import Permission

MOST_NAMED = 8
P = Permission
GRANTS: dict[str, frozenset[Permission]] = {
    "viewer": frozenset({P.VIEW}),
    "responder": frozenset({P.VIEW, P.RESPOND}),
    "commander": frozenset({P.VIEW, P.RESPOND, P.COMMAND}),
    "comms": frozenset({P.VIEW, P.RESPOND, P.SPEAK}),
    "security": frozenset({P.VIEW, P.RESPOND, P.SECURE}),
    "admin": frozenset({P.VIEW, P.RESPOND, P.COMMAND, P.SPEAK, P.ADMINISTER}),
}
"""What each grant brings. An administrator does not secure by that: who may see what is hidden is another choice."""
ROLES = {"commander": P.COMMAND, "communication": P.SPEAK, "security": P.SECURE}
"""Words in the name of a role by which its holder has a permission in that incident."""
SHORT = {"ic": P.COMMAND, "comms": P.SPEAK, "ciso": P.SECURE}
"""What the same is called for short, as a word of its own."""
ALL = frozenset(Permission) - {P.SERVER}


def name_responders(staffing: Staffing, people: dict[str, Person], overseers: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The ids of those who may act in a team's incidents, those who oversee all teams last."""
    everybody = Rota(staffing=staffing, people=people).everybody()
    last = (name for name in staffing.last_resort if name in people)
    return tuple(dict.fromkeys([*everybody, *last, *overseers]))


def join_responders(policies: Iterable[TeamPolicy]) -> tuple[str, ...] | None:
    """Those who may act where any of several teams may be meant."""
    each = [policy.responders for policy in policies]
    return None if None in each else tuple(dict.fromkeys(person for people in each for person in people or ()))


def is_responder(policy: TeamPolicy, person: str) -> bool:
    """Whether somebody is a responder of the team."""
    return person == OWNER or policy.responders is None or person in policy.responders


def require_responder(policy: TeamPolicy, person: str) -> None:
    """Raise `NotAuthorised`, naming who may, unless `person` may act for the team."""
    if not is_responder(policy, person):
        raise NotAuthorised(
            f"{person} is no responder of team {policy.name}. {name_who_may(policy)} may do this, and whomever "
            "tocsin.toml names in the team's schedules, ladder or roles."
        )


def find_permissions(policy: TeamPolicy, person: str, incident: Incident | None = None) -> frozenset[Permission]:
    """What somebody may ask for in a team, and in one of its incidents."""
    if person == OWNER:
        return ALL
    if incident is not None and not may_see(incident, policy, person):
        return frozenset()
    called = incident is not None and (person in incident.calls or plays_role(incident, person))
    named = [grant for grant, people in policy.permissions.items() if person in people]
    if not policy.permissions:
        return ALL if called or is_responder(policy, person) else frozenset({P.VIEW})
    found = frozenset[Permission]({P.VIEW}).union(*(GRANTS[grant] for grant in named))
    if not named and (called or is_responder(policy, person)):
        found |= GRANTS["responder"]
    held = [role for role, who in incident.roles.items() if who == person] if incident is not None else []
    return found | {each for role in held for each in _needed_for(role)}


def _needed_for(role: str) -> frozenset[Permission]:
    folded = role.casefold()
    short = (SHORT[word] for word in re.findall(r"\w+", folded) if word in SHORT)
    return frozenset(permission for word, permission in ROLES.items() if word in folded).union(short)


def may_act(incident: Incident, policy: TeamPolicy, person: str) -> bool:
    """Whether somebody may ask more of the incident than to add a note."""
    return P.RESPOND in find_permissions(policy, person, incident)


def require_permission(
    policy: TeamPolicy, person: str, permission: Permission, incident: Incident | None = None
) -> None:
    """Raise `NotAuthorised`, naming who may, unless `person` may ask for this."""
    if permission in find_permissions(policy, person, incident):
        return
    if permission is P.RESPOND and incident is None:
        require_responder(policy, person)
    if permission is P.RESPOND or not policy.permissions:
        where = f" {name_who_may(policy)} may do this"
        way = f"; one of them can give {person} a role in {incident.number}." if incident is not None else "."
        raise NotAuthorised(
            f"{person} is no responder of team {policy.name}, and may only read and add notes here.{where}{way}"
        )
    grants = [grant for grant, brings in GRANTS.items() if permission in brings]
    people = [each for grant in grants for each in policy.permissions.get(grant, ())]
    raise NotAuthorised(
        f"{person} may not {permission} in team {policy.name}. {_list(dict.fromkeys(people), str)} may; others are "
        f"granted it by {' or '.join(grants)} under [teams.{policy.team}.permissions] in tocsin.toml."
    )


def require_authority(
    incident: Incident, policy: TeamPolicy, command: Command, playbook: Playbook | None = None
) -> None:
    """Raise `NotAuthorised`, naming who may, unless whoever asks may ask this of the incident.

    To whoever may not see it there is no such incident: `NotFound`. By `playbook` a role is known under all its names.
    """
    person, needed = command.by, command.needs()
    if needed is P.SERVER:
        raise NotAuthorised("Only tocsin itself does this.")
    require_sight(incident, policy, incident.id, person)
    if command.personal:
        require_human(policy, person)
    require_permission(policy, person, needed, incident)
    if isinstance(command, TakeRole):
        _require_role(policy, command, playbook)


def _require_role(policy: TeamPolicy, command: TakeRole, playbook: Playbook | None) -> None:
    """Nobody appoints themselves to what only the settings give, by whichever of the role's names."""
    found = find_role(playbook, command.role) if playbook is not None else None
    names = [command.role, *([found.title, found.abbr or ""] if found is not None else [])]
    needed = frozenset[Permission]().union(*map(_needed_for, names))
    if policy.permissions:
        for each in needed - find_permissions(policy, command.responder):
            require_permission(policy, command.responder, each)
    trusted = (*policy.security, OWNER)
    if P.SECURE in needed and policy.security and command.responder not in trusted and command.by not in trusted:
        raise NotAuthorised(
            f"{command.responder} does not answer for security in team {policy.name}. {_list(policy.security, str)} "
            "may take this role, or give it to somebody."
        )


def name_who_may(policy: TeamPolicy, spell: Callable[[str], str] = str) -> str:
    """Who may act in the team's incidents, each as `spell` writes an id, at most a few of them."""
    granted = (each for grant, people in policy.permissions.items() if P.RESPOND in GRANTS[grant] for each in people)
    known = dict.fromkeys([*(policy.responders or ()), *granted])
    may = [each for each in known if each not in policy.assistants and P.RESPOND in find_permissions(policy, each)]
    return _list([spell(each) for each in may] or ["nobody in tocsin.toml"], str)


def _list(names: Iterable[str], spell: Callable[[str], str]) -> str:
    people = [spell(each) for each in names] or ["Nobody"]
    shown = ", ".join(people[:MOST_NAMED])
    more = len(people) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def require_shadow_reader(policy: TeamPolicy, person: str) -> None:
    """Raise `NotAuthorised` unless the settings name `person` as a reader of the team's shadow report."""
    if person == OWNER or person in policy.shadow_readers:
        return
    named = ", ".join(policy.shadow_readers) or "nobody yet"
    raise NotAuthorised(
        f"The shadow report of team {policy.name} is for those whom the settings name ({named}): "
        f"shadow_readers in [teams.{policy.team}] of tocsin.toml."
    )


def require_human(policy: TeamPolicy, person: str) -> None:
    """Raise `NotAuthorised` for an assistant: what it asks is for people only."""
    if person in policy.assistants:
        raise NotAuthorised(f"{person} is an assistant of team {policy.name}: it may propose, and a person does this.")


def plays_role(incident: Incident, person: str) -> bool:
    """Whether somebody plays any role in the incident."""
    return person in incident.roles.values() or any(person in others for others in incident.beside.values())


def find_roles(incident: Incident, book: Book, rota: Rota, person: str, at: datetime) -> tuple[str, ...]:
    """The names of all roles that `person` answers to at `at`, without duplicates."""
    settled = (role for role in rota.staffing.roles if person in rota.answer(role, at))
    taken = [role for role, who in incident.roles.items() if who == person]
    return tuple(dict.fromkeys([*settled, *taken, *_other_names(book, taken)]))


def _other_names(book: Book, taken: list[str]) -> Iterator[str]:
    wanted = {role.casefold() for role in taken}
    for role in book.playbook.roles:
        names = [name for name in (role.title, role.abbr) if name]
        if wanted & {name.casefold() for name in names}:
            yield from names
