"""A scenario names one machine of several, as if it always were the one that failed.

Why: next time it is another one, and the alert says which. Whoever copies the line looks at a healthy machine, or
restarts it.

Example:

    **Alert:** `NodeDown`

    ```bash
    docker restart shop-node-1
    ```

Use instead:

    **Alert:** `NodeDown`

    ```bash
    docker restart <node>
    ```
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, commands, join, mends
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Procedure, Statement
from tocsin.words import Level

CODE = "PB125"
LEVEL = Level.REMARK
_NAME = compile_late(r"(?<![\w./$@:{<=-])[a-z][a-z0-9]*(?:-[a-z0-9]+)+(?![\w.}>=-])")
_NUMBERED = compile_late(r"(?:-\d{1,3}|(?<=[a-z])\d{1,3})$")
_LISTED = compile_late(r"\bfor\s+\w+\s+in\s+((?:[\w.-]+\s+){1,200}[\w.-]+)\s*(?:;|\n|$)")
_LOOP = compile_late(r"(?:for|while|until)\s")
_PROBE = compile_late(r"\b(?:nc|ncat|ping|traceroute|tracepath|mtr|telnet|dig|nslookup|host)\s")
_NO_HOSTS = compile_late(r"^(?:utf|sha|md|x86|ipv|http|log|tls|base|aes|python|java|jdk|node\d+$)", re.IGNORECASE)
_MAX_NAMED = 5
_ALIKE = 8
_MOST = 200
"""Machines that are told apart in one document: more names than that are counters, not machines."""

_Naming = tuple[Statement, str, str]
"""A statement, the machine that it names, and how it writes it (``shop_node-1`` may be the container of ``node-1``)."""


def check(view: View) -> Iterator[Finding]:
    fleets = _find_fleets(view.playbook.statements) if view.playbook.scenarios else {}
    pairs = ((name, stem) for stem, names in fleets.items() for name in sorted(names))
    fleet_of = dict(itertools.islice(pairs, _MOST))
    for scenario in view.playbook.scenarios if fleets else ():
        named = list(_named_alone(scenario, fleet_of))
        changes = [each for each in named if mends(each[0])]
        by_fleet: dict[str, list[_Naming]] = {}
        for each in changes or named:
            by_fleet.setdefault(fleet_of[each[1]], []).append(each)
        for stem, mine in by_fleet.items():
            if {member for _, member, _ in mine} < fleets[stem]:
                yield _report(scenario, mine, fleets[stem], Level.WARNING if changes else None)


def _named_alone(scenario: Procedure, fleet_of: dict[str, str]) -> Iterator[_Naming]:
    """The statements of a scenario that act on exactly one machine of a fleet: no loops, and no probes of a peer."""
    for _, statement in commands(scenario):
        acts = any(name in statement.text for name in fleet_of) and not _LOOP.match(statement.text)
        acts = acts and not _PROBE.search(statement.text)
        written = (
            {member: name for name in _names_in(statement.text) for member in _members(name, fleet_of)} if acts else {}
        )
        by_fleet: dict[str, list[str]] = {}
        for member in sorted(written):
            by_fleet.setdefault(fleet_of[member], []).append(member)
        for named in by_fleet.values():
            if len(named) == 1:
                yield statement, named[0], written[named[0]]


def _members(name: str, fleet_of: dict[str, str]) -> Iterator[str]:
    """The machine that a name is or ends with: a container is often called after its project and its machine."""
    while name:
        if name in fleet_of:
            yield name
            return
        name = name.partition("-")[2]


def _report(scenario: Procedure, mine: list[_Naming], fleet: set[str], level: Level | None) -> Finding:
    lines = [statement.line for statement, _, _ in mine]
    names = sorted({name for _, _, name in mine})
    others = sorted(fleet.difference(member for _, member, _ in mine))
    more = f" and {len(others) - 2} more" if len(others) > 2 else ""
    many = len(lines) > 1
    told = f"`{scenario.alerts[0]}` tells of" if scenario.alerts else "is the one that failed"
    where = f"Line{'s' if many else ''} {join(lines[:_MAX_NAMED])}{' and more' if len(lines) > _MAX_NAMED else ''}"
    return Finding(
        lines[0],
        f"{where} name{'' if many else 's'} {' and '.join(names)}, whichever machine {told}; "
        f"there {'are' if len(others) > 1 else 'is'} {', '.join(others[:2])}{more} too.",
        "Write a blank that the alert fills (<node>), or say that this one stands for all.",
        tuple(lines),
        level,
        mark=mine[0][2],
    )


@remember
def _names_in(text: str) -> frozenset[str]:
    """The words of a command that look like a machine's name, whatever quotes or marks stand around them."""
    words = (word for word in text.split() if "-" in word and word[0] != "-")
    found = {match.group() for word in words for match in _NAME.finditer(word)}
    return frozenset(name for name in found if not _NO_HOSTS.match(name))


def _find_fleets(statements: tuple[Statement, ...]) -> dict[str, set[str]]:
    """Sets of machines by what their names have in common.

    They are listed in a loop, numbered alike, or named one after the other in the same command.
    """
    fleets: dict[str, set[str]] = {}
    for statement in statements:
        for listed in _LISTED.findall(statement.text) if statement.text.startswith("for ") else ():
            names = {name for name in listed.split() if _NAME.fullmatch(name)}
            if len(names) > 1:
                fleets.setdefault(_stem(min(names)), set()).update(names)
        for name in _names_in(statement.text) if "-" in statement.text else ():
            if _NUMBERED.search(name):
                fleets.setdefault(_stem(name), set()).add(name)
    for one, other in itertools.pairwise(statements):
        pair = _differing(one.text, other.text) if one.text[:_ALIKE] == other.text[:_ALIKE] else None
        if pair is not None:
            fleets.setdefault(_stem(pair[0]), set()).update(pair)
    return {stem: names for stem, names in fleets.items() if len(names) > 1}


def _stem(name: str) -> str:
    return _NUMBERED.sub("", name).rpartition("-")[0] or name


def _differing(one: str, other: str) -> tuple[str, str] | None:
    """The two names by which a command differs from the next, if it differs by nothing else."""
    left, right = one.split(), other.split()
    if len(left) != len(right):
        return None
    pairs = [pair for pair in zip(left, right, strict=True) if pair[0] != pair[1]]
    if len(pairs) != 1 or not all(_NAME.fullmatch(name) for name in pairs[0]):
        return None
    stems = {name.rpartition("-")[0] for name in pairs[0]}
    return pairs[0] if len(stems) == 1 and "-" in next(iter(stems)) else None
