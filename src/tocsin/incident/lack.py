"""A duty of the playbook that cannot be kept as the settings are: which, why, and the lines that would mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from tocsin.incident.book import TeamPolicy
from tocsin.incident.breach import asks_for_security
from tocsin.incident.privacy import is_about_security
from tocsin.incident.role import answers_for
from tocsin.oncall.rota import Rota
from tocsin.playbook.model import Playbook
from tocsin.timeline.line import fold

MOST_TEXT = 120
SECURITY = "security"
MAIL = ("mail", 'kind = "smtp"', 'host = "smtp.example.org"', 'sender = "tocsin@example.org"')
"""A channel for mail, by its name: a server that needs no password."""
Kind = Literal[
    "names",
    "reach",
    "means",
    "mailbox",
    "rotation",
    "contact",
    "eligible",
    "security",
    "room",
    "tickets",
    "bridge",
    "audience",
    "status_page",
]


class Stated(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What the playbook says on a line of it."""

    line: int
    text: str


class Mend(msgspec.Struct, frozen=True, kw_only=True):
    """Lines for one table of ``tocsin.toml``, such as ``teams.shop.roles``; a key that is there is set anew."""

    table: str
    lines: tuple[str, ...] = ()


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """Duties that cannot be kept for want of one setting. `why` is a sentence; `mends` hold with each other.

    Where only the team knows a value (an address, a person), the lines have one that shows what belongs there.
    """

    team: str
    kind: Kind
    why: str
    duties: tuple[Stated, ...]
    mends: tuple[Mend, ...]


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings give to judge by. `reach` says why somebody cannot be reached, empty if they can; `url` is the
    server's public address (empty: none), `example` a person for lines that want one.
    """

    playbook: Playbook
    policy: TeamPolicy
    rota: Rota
    reach: Callable[[str], str]
    url: str
    example: str


def state(line: int, text: str) -> Stated:
    """A line of the playbook, in short."""
    return Stated(line=line, text=fold(text, MOST_TEXT))


def in_order(duties: Iterable[Stated]) -> tuple[Stated, ...]:
    """By line, of two on one line the first."""
    found: dict[int, Stated] = {}
    for each in duties:
        found.setdefault(each.line, each)
    return tuple(found[line] for line in sorted(found))


def quote(text: str) -> str:
    """A string of TOML, on one line, whatever is in the text."""
    flat = fold(text, MOST_TEXT).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{flat}"'


def list_quoted(texts: Iterable[str]) -> str:
    """A list of strings."""
    return f"[{', '.join(map(quote, texts))}]"


def add_mail(policy: TeamPolicy) -> tuple[Mend, ...]:
    """A channel for mail, where the settings have none."""
    name, *lines = MAIL
    return () if policy.mail_channel else (Mend(table=f"channels.{name}", lines=tuple(lines)),)


def find_role_lacks(ground: Ground) -> Iterator[Lack]:
    """Roles that want somebody of whom the settings say nothing: who is fit for one, and who answers for security."""
    playbook, policy, rota, example = ground.playbook, ground.policy, ground.rota, ground.example
    known = {role.casefold() for role in policy.eligible}
    for role in playbook.roles:
        if role.demands and role.title.casefold() not in known:
            yield Lack(
                team=policy.team,
                kind="eligible",
                why=f"Anybody may play {role.title}, since the settings do not say who is fit for it.",
                duties=in_order(state(each.line, each.text) for each in role.demands),
                mends=(map_role(f"teams.{policy.team}.eligible", role.title, example),),
            )
    for wanted, duties in _list_approvals(playbook).items():
        roles = (role for role, names in rota.staffing.roles.items() if names)
        taken = (role.title for role in playbook.roles)  # somebody has these in the incident itself
        if not any(answers_for(role, wanted) for role in (*roles, *taken)):
            yield Lack(
                team=policy.team,
                kind="security" if SECURITY in wanted.casefold() else "names",
                why=f"Nobody could give leave: no role of the settings answers for {wanted}.",
                duties=in_order(duties),
                mends=(map_role(f"teams.{policy.team}.roles", wanted, example),),
            )


def map_role(table: str, name: str, example: str) -> Mend:
    """Somebody for a name."""
    return Mend(table=table, lines=(f"{quote(name)} = {list_quoted([example])}",))


def _list_approvals(playbook: Playbook) -> dict[str, list[Stated]]:
    """Whose leave the playbook wants, with the lines. A matter of security wants that of security in any case."""
    found: dict[str, list[Stated]] = {}
    spelt: dict[str, str] = {}

    def add(who: str, line: int, text: str) -> None:
        said = next((each for each in spelt if answers_for(each, who)), None)
        found.setdefault(spelt.setdefault(said or who, who), []).append(state(line, text))

    procedures = (*playbook.scenarios, *playbook.processes)
    approvals = (*playbook.approvals, *(each for procedure in procedures for each in procedure.approvals))
    rules = (*playbook.prohibitions, *(each for procedure in procedures for each in procedure.prohibitions))
    for approval in approvals:
        if approval.by is not None:
            add(approval.by, approval.line, approval.text)
    for rule in rules:
        if rule.forbids.comms:
            add(rule.lifted_by or SECURITY, rule.line, rule.text)
    for scenario in playbook.scenarios:
        if is_about_security(scenario):
            add(SECURITY, scenario.line, scenario.title)
    for rung in playbook.escalation:
        for each in rung.triggers:
            if each.condition is not None and asks_for_security(each.condition):
                add(SECURITY, each.line or rung.line, each.condition)
    return found
