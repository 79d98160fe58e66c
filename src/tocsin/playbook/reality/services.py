"""Statements of systemctl and journalctl: is there such a unit?"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.reality import names
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, Question, matches, missing, unknown
from tocsin.playbook.reality.system import System
from tocsin.playbook.reality.units import is_of_the_system, spell
from tocsin.playbook.shell import names as words

_VALUED = words(
    "-H --host -M --machine -n --lines -o --output -p --property -t --type --state -s --signal --since --until -u "
    "--unit --user-unit -S -U --priority -g --grep --kill-who -b --identifier -D"
)
_VERBS = words(
    "start stop restart reload status try-restart reload-or-restart is-active is-enabled is-failed enable disable mask "
    "unmask kill cat show edit reset-failed reenable force-reload condrestart clean freeze thaw"
)


def judge_systemctl(command: Command, system: System) -> Iterator[Finding]:
    """``systemctl VERB UNIT…``."""
    parts = take_apart(command.words[1:], _VALUED)
    if parts.operands[:1] and parts.operands[0] in _VERBS:
        yield from (judge_unit(name, command, system) for name in parts.operands[1:])


def judge_journalctl(command: Command, system: System) -> Iterator[Finding]:
    """``journalctl -u UNIT``."""
    parts = take_apart(command.words[1:], _VALUED)
    yield from (judge_unit(name, command, system) for name in parts.values("-u", "--unit", "--user-unit"))


def judge_service(command: Command, system: System) -> Iterator[Finding]:
    """``service UNIT VERB``."""
    if len(command.words) > 2:
        yield judge_unit(command.words[1], command, system)


def judge_unit(name: str, command: Command, system: System) -> Finding:
    """Whether the checkout has a unit."""
    what = f"systemd unit {names.show(name)}"
    name = name.replace("*", names.WILD)
    known = system.units.known
    ask = Question(argv=("systemctl", "cat", "--no-pager", spell(name))) if command.is_here else None
    if names.is_open(name):
        return unknown("unit", what, "Which one is left open.")
    found = system.units.find(name)
    if found is None and names.is_wild(name):
        fitting = names.find(spell(name), known)
        found = known[fitting] if fitting else None
    if found is not None:
        return matches("unit", what, found)
    if is_of_the_system(name):
        return unknown("unit", what, "It comes with the operating system, not with the checkout.", ask)
    if not known:
        return unknown("unit", what, "The checkout has no unit files.", ask)
    near = names.nearest(spell(name), known)
    shown = near.removesuffix(".service") if near and not name.endswith(".service") else near
    return missing(
        "unit",
        what,
        "No unit file in the checkout has this name, and nothing installs one.",
        shown,
        known[near] if near else None,
        ask,
    )
