"""What runs by itself: only what looks, only where one looks, and never under a condition.

Statements of effect `noop` or `read`, fully bound, not interactive and not endless, in sections of kind detection,
triage, diagnosis or investigation; where a scenario has no such section, the reads before its first statement above
`read`. Reads that may show secrets, and those that ask for root, only where the target allows it. What looks where a
line above chooses (`context`) waits for that line.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from msgspec.structs import replace

from tocsin.incident.book import Book, TargetPolicy, number_steps
from tocsin.incident.state import Incident
from tocsin.playbook.model import Procedure, Statement, Step
from tocsin.run.aim import reach
from tocsin.run.choice import find_ways
from tocsin.run.context import find_held_by
from tocsin.run.guard import Allowed, judge
from tocsin.run.program import Task, prepare
from tocsin.run.setting import sets_only
from tocsin.words import LOOKING, Effect, Tag

NEVER = frozenset({Tag.INTERACTIVE, Tag.ENDLESS, Tag.WRITES_FILE, Tag.EGRESS, Tag.DOWNLOADS_AND_EXECUTES, Tag.LOCK_OUT})


def find_reads(incident: Incident, book: Book) -> list[Task]:
    """The tasks of the incident's scenario that may run by themselves, in document order."""
    return list(_reads(incident, book, frozenset()))


def find_next_reads(incident: Incident, book: Book) -> Iterator[Task]:
    """Those of them that nobody has asked for yet; each is judged only once somebody takes it."""
    return _reads(incident, book, incident.steps.keys())


def _reads(incident: Incident, book: Book, known: Set[str]) -> Iterator[Task]:
    target = book.policy.target
    if target is None:
        return
    for scenario in book.scenarios(incident):
        yield from _reads_of(scenario, incident, book, target, known)


def _reads_of(
    scenario: Procedure, incident: Incident, book: Book, target: TargetPolicy, known: Set[str]
) -> Iterator[Task]:
    most = _join(book.policy.targets)
    for step_id, step in _candidates(scenario):
        if step_id in known or step.statement is None or not _may_run(step.statement, most):
            continue  # what is set before it can only add to its effect and tags
        if find_held_by(scenario, step_id, incident) is not None:
            continue
        task = prepare((scenario,), step_id, incident, target.name, {}, book.policy, book.classify)
        if (
            task is not None
            and not sets_only(step.statement)
            and _may_run(task, reach(book.policy, task.target, task.fan) or target)
            and isinstance(judge(task, incident, book), Allowed)
        ):
            yield task


def _join(targets: tuple[TargetPolicy, ...]) -> TargetPolicy:
    """What any of them lets run: where a task goes is only known once it is made."""
    if len(targets) == 1:
        return targets[0]
    return replace(targets[0], allow=tuple({name for each in targets for name in each.allow}))


_SEEN: dict[int, tuple[Procedure, list[tuple[str, Step]]]] = {}
MOST_SEEN = 500


def _candidates(scenario: Procedure) -> list[tuple[str, Step]]:
    """Remembered for each scenario, since every plan of every incident asks."""
    seen = _SEEN.get(id(scenario))
    if seen is None or seen[0] is not scenario:
        if len(_SEEN) >= MOST_SEEN:
            _SEEN.clear()
        seen = _SEEN[id(scenario)] = (scenario, _find_candidates(scenario))
    return seen[1]


def _find_candidates(scenario: Procedure) -> list[tuple[str, Step]]:
    kinds = {section.line: section.kind for section in scenario.sections}
    statements = [(step_id, step) for step_id, step in number_steps(scenario) if step.statement is not None]
    if any(kind in LOOKING for kind in kinds.values()):
        inside = [each for each in statements if each[1].section in kinds and kinds[each[1].section] in LOOKING]
    else:
        inside = _before_first_change(statements)
    return [each for each in inside if each[1].branch is None and not _is_on_way(each[0], scenario)]


def _is_on_way(step_id: str, scenario: Procedure) -> bool:
    """Whether it stands under a condition; what an "Or …" is the alternative to does not."""
    return any(way.branch is not None for _, way in find_ways(scenario, step_id))


def _before_first_change(statements: list[tuple[str, Step]]) -> list[tuple[str, Step]]:
    reads = []
    for step_id, step in statements:
        if step.statement is None or step.statement.effect.rank > Effect.READ.rank:
            break
        reads.append((step_id, step))
    return reads


def _may_run(task: Task | Statement, target: TargetPolicy) -> bool:
    if not NEVER.isdisjoint(task.tags) or (Tag.PRIVILEGED in task.tags and "privileged" not in target.allow):
        return False
    most = Effect.READ_SENSITIVE if "read_sensitive" in target.allow else Effect.READ
    return task.effect.rank <= most.rank
