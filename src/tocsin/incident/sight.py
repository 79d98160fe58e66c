"""Who may see an incident. One rule for screens, API, chat and commands: whoever may not see it is told that it is not.

Of an incident that is not private everybody sees everything who is signed in. A private one is seen by whoever was
paged for it, holds a role in it, answers for security in its team, or was invited. Nobody sees it for administering or
overseeing: who needs to know is another question. The server's own credential sees all, since it belongs to whoever can
read the server's files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tocsin.errors import NotFound
from tocsin.incident.book import TeamPolicy
from tocsin.incident.state import Incident
from tocsin.oncall.rota import list_members
from tocsin.oncall.settings import Person, Staffing

OWNER = "local-admin"
"""In whose name the server's own credential asks: whoever can read the workspace's private files."""
SECURITY = "security"
"""A word in the name of those roles, and the grant, whose holders see private incidents of their team."""


def name_security(
    staffing: Staffing, people: Mapping[str, Person], permissions: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Those who answer for a team's security: by a role of the settings, whoever's turn it is, or by the grant."""
    named = [name for role, names in staffing.roles.items() if SECURITY in role.casefold() for name in names]
    found = [person for name in named for person in _expand(staffing, name)]
    return tuple(dict.fromkeys(each for each in (*found, *permissions.get(SECURITY, ())) if each in people))


def _expand(staffing: Staffing, name: str) -> Iterator[str]:
    if name in staffing.schedules:
        yield from list_members(staffing.schedules[name])
        yield from (each.person for each in staffing.calendars.get(name, ()))
    else:
        yield name


def name_readers(incident: Incident, policy: TeamPolicy) -> dict[str, str]:
    """Everybody who sees a private incident, each with why, in words behind “sees it, since they …”."""
    readers = dict.fromkeys(policy.security, "answer for the team's security")
    if incident.privacy is not None:
        readers |= {who: f"were invited by {by}" for who, by in incident.privacy.invited.items()}
    readers |= dict.fromkeys(incident.paged, "were paged for it")
    readers |= dict.fromkeys(incident.outside, "were called from outside")  # who has no screen, and may answer
    readers |= {who: f"are {role}" for role, others in incident.beside.items() for who in others}
    return readers | {who: f"are {role}" for role, who in incident.roles.items()}


def may_see(incident: Incident, policy: TeamPolicy, person: str) -> bool:
    """Whether somebody may know that there is such an incident, and all that is in it."""
    return not incident.is_private or person == OWNER or person in name_readers(incident, policy)


def keep_readers(people: Iterable[str], incident: Incident, policy: TeamPolicy) -> tuple[str, ...]:
    """Those of them who may see it, each once: nobody else is asked to do anything about a private incident."""
    return tuple(each for each in dict.fromkeys(people) if may_see(incident, policy, each))


def require_sight(incident: Incident | None, policy: TeamPolicy | None, stream: str, person: str) -> Incident:
    """The incident. Raises `NotFound` where there is none, and just so where `person` may not see it."""
    if incident is None or policy is None or not may_see(incident, policy, person):
        raise find_nothing(stream)
    return incident


def find_nothing(stream: str) -> NotFound:
    """The answer to whoever asks for an incident that is not, or is not for them: one and the same."""
    return NotFound(f"There is no incident {stream[:100]!r}; `tocsin incidents` lists them.")
