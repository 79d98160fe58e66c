"""`tocsin step`: show or run one statement as a step of a playbook, without a server.

Exit codes of its own: 0 it ran and ended with 0 (with `--dry-run`: it may run, if need be with approval); 1 it ran and
failed; 2 refused, or cannot be asked so; 4 it needs approval, and nobody gave it; 5 the playbook forbids it.
"""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from msgspec.structs import replace

from tocsin.app.place import NoWorkspace, find_workspace
from tocsin.app.single import Single, Wish, judge_single
from tocsin.cli.identity import find_person
from tocsin.cli.steps import MOST_VALUE
from tocsin.cli.words import Format, Yes, agrees, complain, is_person_there, say, show_json
from tocsin.errors import UserError
from tocsin.run.guard import Allowed, Forbidden, NeedsApproval
from tocsin.run.kinds import describe
from tocsin.timeline.line import fold, quote

FAILED, REFUSED, UNAPPROVED, FORBIDDEN = 1, 2, 4, 5

Pairs = Annotated[list[str] | None, Parameter(negative="")]


def run(
    text: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    bind: Pairs = None,
    label: Pairs = None,
    target: str | None = None,
    team: str | None = None,
    scenario: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    yes: Yes = False,
    format: Format = "text",  # noqa: A002 the option's name
    workspace: Path | None = None,
    as_: Annotated[str | None, Parameter(name="--as")] = None,
) -> int:
    """Show or run one statement as a step of a playbook would be, without a server.

    Exit codes: 0 it ran well (or may run, with --dry-run), 1 it failed, 2 refused, 4 it needs approval, 5 forbidden.

    Parameters
    ----------
    text
        The statement, with blanks as a playbook has them, such as node-X or ATTACKER_IP.
    bind
        A value for a blank: name=value. May be given several times.
    label
        A label as an alert would have it: name=value; it fills blanks of its name. May be given several times.
    target
        Where it runs (default: the team's first target).
    team
        Whose playbook and settings it is judged by (default: the workspace's only team).
    scenario
        A scenario's title: judge it as in an incident of it, with all that is forbidden there.
    dry_run
        Only show what would run and whether it may.
    yes
        I allow exactly this to run, if it needs a person's approval.
    format
        `text` for people, `json` for programs.
    workspace
        The workspace (default: searched upwards from here).
    as_
        Who you are, where the playbook names the role that must allow it.
    """
    root = _find_root(workspace)
    person, _ = find_person(as_, root)
    values, labels = _pairs(bind, "--bind"), _pairs(label, "--label")
    wish = Wish(text=text, values=values, labels=labels, team=team, target=target, scenario=scenario)
    asks = format == "text" and not dry_run and is_person_there()
    single = _fill_in(root, wish, asks=asks)
    if single.assumed:
        complain(f"Judged for team {single.team}; say --team if another is meant.")
    if not dry_run:
        _run(single, yes=yes, asks=asks, person=person)
    if format == "json":
        show_json(single.tell())
    else:
        _show(single)
    return _exit_code(single, dry_run=dry_run)


def _find_root(workspace: Path | None) -> Path | None:
    """The workspace; none where none was named and there is none, which is said."""
    try:
        return find_workspace((workspace or Path.cwd()).absolute())
    except NoWorkspace:
        if workspace is not None:
            raise
    complain("There is no workspace here: judged by what is generally known, without a playbook's prohibitions.")
    return None


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    pairs = [each.partition("=") for each in given or ()]
    if any(not equals or not name for name, equals, _ in pairs):
        raise UserError(f"Write values as name=value: {option} region=us-east-1")
    return {name: value for name, _, value in pairs}


def _fill_in(root: Path | None, wish: Wish, *, asks: bool) -> Single:
    """Judge it; where somebody is there, ask for what its blanks lack, and judge it again."""
    single = judge_single(root, wish)
    if not asks or not single.missing:
        return single
    values = dict(wish.values)
    for blank in single.missing:
        rule = single.find_rule(blank.name)
        values[blank.name] = input(f"{fold(blank.text)}, {describe(blank.name, rule)}: ").strip()
    return judge_single(root, replace(wish, values=values))


def _run(single: Single, *, yes: bool, asks: bool, person: str | None) -> None:
    agreed = yes
    if isinstance(single.verdict, NeedsApproval) and not yes and asks:
        say(_describe(single))
        agreed = agrees("Run exactly this, once?")
    if single.may_run(agreed=agreed, person=person):
        asyncio.run(single.run())


def _describe(single: Single) -> str:
    bound, task = single.task.bound, single.task
    program = "\n".join(quote(shlex.join(bound.argv) if bound.argv else bound.text, "    "))
    env = [f"    {fold(name)}={fold(value, MOST_VALUE)}" for name, value in bound.env.items() if not bound.argv]
    return "\n".join((f"On {fold(task.target)}, {task.effect}:", program, *env, fold(single.why, MOST_VALUE)))


def _show(single: Single) -> None:
    say(f"{single.word}: {_describe(single)}")
    if single.ran is not None:
        say(f"It ran and ended with {single.ran.exit_code}.")
        for mark, text in (("| ", single.stdout), ("! ", single.stderr)):
            for line in text.splitlines():
                say(mark + fold(line, MOST_VALUE))


def _exit_code(single: Single, *, dry_run: bool) -> int:
    if isinstance(single.verdict, Forbidden):
        return FORBIDDEN
    if single.ran is not None:
        return FAILED if single.ran.exit_code else 0
    if single.word == "refused":
        return REFUSED
    return 0 if dry_run or isinstance(single.verdict, Allowed) else UNAPPROVED
