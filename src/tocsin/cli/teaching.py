"""`tocsin learn`: keep in the catalogue what somebody has found that a command of the team's own does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tocsin.app.catalogue import COMMANDS, Lesson, add_lesson, require_reviewer
from tocsin.app.place import find_workspace
from tocsin.app.teaching import make_lesson
from tocsin.app.workspace import read_file
from tocsin.cli.client import Where
from tocsin.cli.identity import find_person
from tocsin.cli.words import say
from tocsin.engine.clock import SystemClock
from tocsin.errors import UserError
from tocsin.words import Effect

HERE = Where()


def learn(
    pattern: str,
    /,
    *,
    effect: Annotated[Effect, Parameter(help="What it does: noop, read, read_sensitive, mutate or destroy.")],
    team: Annotated[str | None, Parameter(help="Whose command it is (default: the only team).")] = None,
    irreversible: Annotated[bool, Parameter(help="What it does cannot be undone.", negative="")] = False,
    where: Where = HERE,
) -> None:
    """Say what a command of your own does, once: PATTERN is compared word by word, * stands for one word, ** for more.

    It is kept in commands.toml with your name, the date and, where the script lies here, its hash: a script that has
    changed is asked about again. A running server takes it over by itself.
    """
    if where.url is not None:
        raise UserError(f"{COMMANDS} lies in the workspace: run this there, without --url.")
    root = find_workspace((where.workspace or Path.cwd()).absolute())
    file = read_file(root)
    chosen = team or next(iter(file.teams), "")
    if team is None and len(file.teams) != 1:
        raise UserError(f"Say whose command it is: --team with one of {', '.join(file.teams) or 'no team'}.")
    person = require_reviewer(file, chosen, find_person(where.as_, root)[0])
    said = Lesson(
        pattern=pattern,
        effect=effect,
        team=chosen,
        who=person,
        when=SystemClock().now().date(),
        reversible=not irreversible,
    )
    lesson, script = make_lesson(said, root, file)
    add_lesson(root, lesson)
    say(f"{root / COMMANDS}: {lesson.pattern} is {effect}, says {person}.")
    if script is not None:
        hashed = lesson.sha256[:12]
        say(f"It holds for {script} as it is now (sha256 {hashed}); if that changes, it is asked about again.")
