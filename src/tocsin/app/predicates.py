"""Whether a team's predicates and checks fit its playbook, and do what their examples say."""

from __future__ import annotations

from tocsin.app.tables import TeamTable
from tocsin.config import Problems, Source
from tocsin.incident.predicate import Predicate, find_check_fault, find_fault
from tocsin.playbook.model import Playbook, Procedure
from tocsin.run.judged import find_read, find_ways_of, fold
from tocsin.run.until import waits_for_a_state


def check_predicates(source: Source, team: str, table: TeamTable, playbook: Playbook, problems: Problems) -> None:
    """Each predicate by itself, on its examples and in the playbook; each check."""
    for name, predicate in table.predicates.items():
        path = ("teams", team, "predicates", name)
        field, text = find_fault(predicate)
        if not field:
            field, text = _find_misfit(predicate, playbook)
        if field:
            problems.append(source.problem((*path, field), text))
    for name, check in table.checks.items():
        field, text = find_check_fault(check, frozenset(table.predicates))
        if field:
            problems.append(source.problem(("teams", team, "checks", name, field), text))


def _find_misfit(predicate: Predicate, playbook: Playbook) -> tuple[str, str]:
    readers = [each for each in playbook.scenarios if any(find_read(predicate, each))]
    if not readers:
        return "reads", f"no scenario of the playbook has a statement that begins with {predicate.reads!r}."
    if predicate.takes and not any(find_ways_of(predicate, each) for each in readers):
        text = f"no scenario with that statement has a condition {predicate.takes!r}; see `tocsin dry-run`."
        return "takes", text
    if predicate.ends and not any(_find_ended(predicate, each) for each in readers):
        text = f"no scenario with that statement has a line that waits and begins with {predicate.ends!r}."
        return "ends", text
    return "", ""


def _find_ended(predicate: Predicate, procedure: Procedure) -> bool:
    """Whether a line of the procedure waits for what the predicate ends."""
    wanted = fold(predicate.ends)
    return any(waits_for_a_state(each) and fold(each.text).startswith(wanted) for each in procedure.steps)
