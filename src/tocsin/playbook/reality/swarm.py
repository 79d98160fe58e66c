"""Statements of Docker's swarm: the file of a stack, and the services that it makes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from tocsin.playbook.reality import names, paths
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, matches, missing, unknown
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_VALUED = words(
    "-c --compose-file --orchestrator --resolve-image --tail -n --since --image --replicas --env-add --env-rm --name "
    "--label-add --label-rm --limit-cpu --limit-memory --update-delay --update-parallelism --rollback-parallelism "
    "-f --filter --format --config-add --config-rm --secret-add --secret-rm --publish-add --publish-rm --mount-add "
    "--mount-rm --constraint-add --constraint-rm --args --stop-grace-period"
)
_OF_SERVICES = words("inspect logs ps rm rollback scale update")


def judge(command: Command, rest: tuple[str, ...], system: System) -> Iterator[Finding]:
    """``docker stack deploy -c FILE STACK``, ``docker service scale STACK_SERVICE=4``."""
    parts = take_apart(rest[2:], _VALUED)
    if rest[0] == "stack":
        for each in parts.values("-c", "--compose-file"):
            if each != "-":
                yield paths.judge_file(command, each, system, "compose_file", "compose file")
    elif rest[1:2] and rest[1] in _OF_SERVICES:
        yield from (_judge_service(word.partition("=")[0], system) for word in parts.operands)


def _judge_service(name: str, system: System) -> Finding:
    """A service is named after its stack; the checkout knows the part behind that."""
    what = f"swarm service {names.show(name)}"
    known = {each.name: each.where for each in system.compose.services}
    stack, mark, own = name.partition("_")
    if not mark or names.is_open(own) or names.is_wild(stack):
        return unknown("service", what, "The checkout does not say which stack it is of.")
    found = names.find(own, known)
    if found is not None:
        return matches("service", what, known[found])
    near = next(iter(difflib.get_close_matches(own, known, 1, 0.75)), None)
    if near is None:
        return unknown("service", what, "No compose file has it; another stack may.")
    return missing("service", what, "No compose file has such a service.", f"{stack}_{near}", known[near])
