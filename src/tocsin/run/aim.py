"""Where a statement really runs: on the team's own target, or on those of its inventory that it names.

``ssh validator-3 'PROGRAM'`` is PROGRAM on the target validator-3, and a loop of it over ``validator-{1..10}`` is
PROGRAM on ten targets. So is a statement that its comment wants on every one of a group. Whoever approves sees the
program and the targets, not the way there. A host is only ever one of the inventory: where the team has such targets,
what would go to any other, or cannot be followed for sure, is refused and says why.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from tree_sitter import Node

from tocsin.incident.book import TargetPolicy, TeamPolicy
from tocsin.pattern import compile_late
from tocsin.playbook.braces import TooMany
from tocsin.playbook.model import Statement, Step
from tocsin.playbook.shell import parse_bound
from tocsin.run.carried import Carried, find_carried, goes_elsewhere
from tocsin.timeline.events import Fan, Order
from tocsin.words import Effect

REMOTE = frozenset({"ssh", "container", "cluster", "group"})
LOOPS = frozenset({"for_statement", "while_statement", "c_style_for_statement"})

_EVERY = compile_late(r"\b(?:each|every|all)(?: of)?(?: the)? ([A-Za-z][\w-]*)", 2)
_TOGETHER = compile_late(r"\bsimultan|\bat the same (?:time|moment|second)|\ball at once\b|\bin lockstep\b", 2)


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """A program and where it runs; `refused` says why it does not run there, `said` what whoever approves should
    know.
    """

    text: str
    target: str = ""
    fan: Fan | None = None
    said: str = ""
    refused: str = ""


def aim(statement: Statement, step: Step | None, policy: TeamPolicy, known: Mapping[str, str]) -> Aim | None:
    """Where the statement runs; null for the team's own target. `known` are the values of blanks."""
    if not any(each.kind in REMOTE for each in policy.targets):
        return None
    root = parse_bound(statement.text)
    try:
        carried = find_carried(root, statement.text, known)
    except TooMany as error:
        return Aim(text=statement.text, refused=f"{error}; write a smaller range.")
    if carried is not None and "" in carried.hosts:  # whoever looks at it fills in the blank first
        return None
    if carried is not None:
        return _aim_at(carried, statement, policy)
    if goes_elsewhere(root, statement):
        return Aim(
            text=statement.text,
            refused="It goes to other machines in a way that cannot be followed for sure, and tocsin reaches them by "
            "the inventory alone. Write ssh HOST 'PROGRAM' by itself, or copy it and run it by hand.",
        )
    return _aim_by_words(root, statement, step, policy)


def reach(policy: TeamPolicy, target: str, fan: Fan | None) -> TargetPolicy | None:
    """What the target of a task lets run; of several, what all of them do."""
    known = policy.find_target(target)
    if known is not None or fan is None:
        return known
    found = [each for each in map(policy.find_target, fan.members) if each is not None]
    if not found:
        return None
    return TargetPolicy(
        name=target,
        kind="group",
        allow=tuple(sorted(set.intersection(*(set(each.allow) for each in found)))),
        timeout_s=max(each.timeout_s for each in found),
        changes=all(each.changes for each in found),
        members=fan.members,
        tmp="shared",
    )


def needs_isolation(policy: TeamPolicy, target: str, fan: Fan | None) -> bool:
    """Whether any of it runs on this machine."""
    found = (policy.find_target(each) for each in (fan.members if fan is not None else (target,)))
    return any(each is None or each.kind == "local" for each in found)


def _aim_at(carried: Carried, statement: Statement, policy: TeamPolicy) -> Aim:
    found = [_find(policy, host) for host in carried.hosts]
    missing = [host for host, each in zip(carried.hosts, found, strict=True) if isinstance(each, str)]
    if missing:
        return Aim(text=statement.text, refused=_tell_missing(missing, policy))
    members = tuple(dict.fromkeys(each.name for each in found if isinstance(each, TargetPolicy)))
    said = f"The playbook says {carried.user}@; it runs as whom the inventory names." if carried.user else ""
    if not carried.is_loop:
        return Aim(text=carried.text, target=members[0], said=said)
    name, fan = _find_fan(policy, members, carried.written, statement.effect)
    return Aim(text=carried.text, target=name, fan=fan, said=said)


def _find(policy: TeamPolicy, host: str) -> TargetPolicy | str:
    """The target of this name, or of this alias or address if only one has it; else the name."""
    own = policy.find_target(f"{policy.team}/{host}")
    if own is not None and own.kind != "group":
        return own
    called = [each for each in policy.targets if host in each.called and each.kind != "group"]
    return called[0] if len(called) == 1 else host


def _tell_missing(hosts: list[str], policy: TeamPolicy) -> str:
    named = ", ".join(hosts[:5]) + (f" and {len(hosts) - 5} more" if hosts[5:] else "")
    several = [each.name for each in policy.targets if hosts[0] in each.called and each.kind != "group"]
    if several:
        known = ", ".join(each.partition("/")[2] for each in several[:5])
        return f"{hosts[0]} is the address of several targets ({known}); name the one that is meant."
    return (
        f"{named}: not in the inventory of team {policy.team}, and other machines are reached by that alone. Add "
        f'[teams.{policy.team}.targets.{hosts[0]}] with kind = "ssh" to tocsin.toml, or copy it and run it by hand.'
    )


def _find_fan(policy: TeamPolicy, members: tuple[str, ...], written: str, effect: Effect) -> tuple[str, Fan]:
    """How a loop goes: as the group of just these targets does, else one after the other if it may change something."""
    for each in policy.targets:
        if each.kind == "group" and set(each.members) == set(members):
            return each.name, _make_fan(each, together=False)
    order: Order = "serial" if effect.rank > Effect.READ_SENSITIVE.rank else "parallel"
    return f"{policy.team}/{written}", Fan(members=members, order=order)


def _make_fan(group: TargetPolicy, *, together: bool) -> Fan:
    return Fan(members=group.members, order=group.order, at_once=group.at_once, stops=group.stops, together=together)


def _aim_by_words(root: Node, statement: Statement, step: Step | None, policy: TeamPolicy) -> Aim | None:
    """By what the comment above it says: on every one of a group, or everywhere at the same moment."""
    title = (step.title or "") if step is not None else ""
    together = _TOGETHER.search(title) is not None
    groups = [each for each in policy.targets if each.kind == "group"]
    named = {word.casefold().rstrip("s") for word in _EVERY.findall(title)}
    found = [each for each in groups if any(name.casefold().rstrip("s") in named for name in each.called)]
    if not found and together and len(groups) == 1:
        found = groups
    if len(found) == 1 and not any(each.type in LOOPS for each in root.children):
        return Aim(text=statement.text, target=found[0].name, fan=_make_fan(found[0], together=together))
    if together:
        return Aim(
            text=statement.text,
            refused="The playbook wants it on several targets at the same moment, and it is not clear on which: name a "
            'group of them in the comment above it, and in tocsin.toml with kind = "group".',
        )
    return None
