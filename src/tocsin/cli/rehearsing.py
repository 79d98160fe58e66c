"""`tocsin dry-run`: every statement of a scenario as it would run, without a server and with nothing run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from tocsin.app.place import find_workspace
from tocsin.app.workspace import judge_typed, load_workspace
from tocsin.cli.reading import compile_file
from tocsin.cli.steps import Bind, read_bindings
from tocsin.cli.words import Format, count, say, show_json
from tocsin.engine.clock import SystemClock
from tocsin.errors import NotFound, UserError
from tocsin.incident.book import Book, TargetPolicy, TeamPolicy
from tocsin.incident.scenario import find_scenario
from tocsin.playbook.effect import Catalogue
from tocsin.playbook.model import Playbook, Procedure
from tocsin.run.rehearsal import ByHand, Rehearsal, Rehearsed, rehearse
from tocsin.timeline.line import fold, quote
from tocsin.words import Mode

MOST_TOLD = 2000
USAGE = (
    "Name a playbook and one of its scenarios: tocsin dry-run runbook.md “Disk full” "
    "(or, in a workspace: tocsin dry-run --team shop “Disk full”). Without a scenario, all of them are shown."
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed as JSON: the playbook, the team whose settings hold, and each scenario."""

    playbook: str
    digest: str
    team: str | None
    mode: str
    scenarios: tuple[Rehearsal, ...]


def run(
    *asked: Annotated[
        str, Parameter(help="A Markdown file (not with --team), and the scenario by title, label or line.")
    ],
    team: Annotated[str | None, Parameter(help="Use this team's playbook, settings and catalogue.")] = None,
    bind: Bind = None,
    workspace: Annotated[Path | None, Parameter(help="The workspace (default: searched upwards from here).")] = None,
    format: Format = "text",  # noqa: A002 the option's name
) -> None:
    """Show every statement of a scenario as it would run, and what would become of it; nothing runs."""
    words = list(asked)
    if team is None:
        if not words:
            raise UserError(USAGE)
        book = _read_file(Path(words.pop(0)))
    else:
        book = _read_team(workspace, team)
    if len(words) > 1:
        raise UserError(f"One scenario at a time, in quotes if it has several words. {USAGE}")
    procedures = _find(book.playbook, words[0]) if words else book.playbook.scenarios
    if not procedures:
        raise NotFound(f"{book.playbook.path} has no scenario; see what it has: tocsin compile {book.playbook.path}")
    now, given = SystemClock().now(), read_bindings(bind)
    report = Report(
        playbook=book.playbook.path,
        digest=book.playbook.digest,
        team=team,
        mode=book.policy.mode,
        scenarios=tuple(rehearse(each, book, given, now) for each in procedures),
    )
    if format == "json":
        show_json(report)
        return
    for each in report.scenarios:
        say("\n".join(_show(each)))


def _read_file(path: Path) -> Book:
    """A playbook by itself: a team in mode live with one target, no settings of its own."""
    policy = TeamPolicy(
        team="yours", name="your team", mode=Mode.LIVE, targets=(TargetPolicy(name="yours/local"),), responders=None
    )
    return Book(playbook=compile_file(path), policy=policy, classify=judge_typed(Catalogue(())))


def _read_team(workspace: Path | None, team: str) -> Book:
    root = workspace or find_workspace(Path.cwd())
    found = load_workspace(root, SystemClock().now().date()).settings.teams
    if team not in found:
        raise NotFound(f"There is no team {team!r} in {root}; there are {', '.join(found) or 'none'}.")
    shelf = found[team]
    return Book(playbook=shelf.playbook, policy=shelf.policy, classify=shelf.classify)


def _find(playbook: Playbook, wanted: str) -> tuple[Procedure, ...]:
    """A scenario, or a general procedure of exactly this title or line."""
    folded = wanted.strip().casefold()
    for each in playbook.processes:
        if folded in (each.title.casefold(), str(each.line)):
            return (each,)
    return (find_scenario(playbook, wanted),)


def _show(found: Rehearsal) -> Iterator[str]:
    label = f"{found.label}: " if found.label else ""
    yield f"{label}{fold(found.scenario)} (line {found.line}), {count(len(found.statements), 'statement')}"
    alone = sum(each.by_itself for each in found.statements)
    yield f"{alone} would run by itself, nothing has run."
    for rule in found.prohibitions:
        yield f"Line {rule.line} forbids: {fold(rule.text, MOST_TOLD)}"
    steps: list[Rehearsed | ByHand] = sorted(
        (*found.statements, *found.by_hand), key=lambda each: (each.line, len(each.id), each.id)
    )
    for step in steps:
        yield ""
        yield from _show_statement(step) if isinstance(step, Rehearsed) else _show_by_hand(step)
    for jump in found.jumps:
        yield f"\nLine {jump.line} leads to {fold(jump.title)} (line {jump.to}): {fold(jump.text)}"
    yield ""


def _show_statement(step: Rehearsed) -> Iterator[str]:
    yield f"{step.id}  {fold(step.title or step.section)}".rstrip()
    yield from quote(step.program, "    $ ")
    for name, value in step.env.items():
        yield f"      {fold(name)}={fold(value, MOST_TOLD)}"
    tags = f" [{', '.join(step.tags)}]" if step.tags else ""
    yield f"    {step.effect}{tags} on {step.target or 'no target'}"
    who = _tell_who(step) if step.once_bound is None else ""
    yield f"    {step.verdict.replace('_', ' ')}{who}: {fold(step.why, MOST_TOLD)}"
    if step.once_bound is not None:
        yield f"    with its blanks filled: {step.once_bound.replace('_', ' ')}{_tell_who(step)}"
    for blank in step.bindings:
        value = f"= {fold(blank.value)} ({blank.source})" if blank.value is not None else "is missing"
        yield f"    {fold(blank.text)} {value}"
    yield from (f"    {fold(each, MOST_TOLD)}" for each in step.adapted)
    yield from _show_where(step)
    if step.by_itself:
        yield "    runs by itself"
    elif step.not_by_itself != step.why:
        yield f"    not by itself: {fold(step.not_by_itself, MOST_TOLD)}"


def _tell_who(step: Rehearsed) -> str:
    if step.approval is None or (step.verdict == "refused" and step.once_bound is None):
        return ""
    several = f", {step.approval.people} people" if step.approval.people > 1 else ""
    return f" by {fold(step.approval.by or 'a responder')}{several}"


def _show_where(step: Rehearsed | ByHand) -> Iterator[str]:
    for condition in step.conditions:
        yield f"    only if line {condition.line} holds: {fold(condition.text)}"
    if step.other_ways:
        others = ", ".join(map(str, step.other_ways))
        yield f"    one way of several: line {step.way}, or line {others}; whoever takes one shuts the others"


def _show_by_hand(step: ByHand) -> Iterator[str]:
    yield f"{step.id}  by hand ({step.kind}): {fold(step.text, MOST_TOLD)}"
    yield from _show_where(step)
