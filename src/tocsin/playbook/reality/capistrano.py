"""Statements of Capistrano: is there such a stage, and such a task of one's own?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import names
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.ruby_tasks import find_gems, is_of_capistrano, read_tasks
from tocsin.playbook.reality.system import System

_VALUED = frozenset({"-f", "--rakefile", "-z", "--roles", "-r", "--hosts", "-C"})
_STAGES = re.compile(r"(?:^|/)config/deploy/([^/]+)\.rb$")


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``cap STAGE TASK…``."""
    operands = [each for each in take_apart(command.words[1:], _VALUED).operands if "=" not in each]
    files = list(system.repository.named("Capfile"))
    if not operands or not command.is_here or len(files) != 1:
        yield unknown("target", "program cap", "There is no Capfile in the checkout, or more than one.")
        return
    stages = {match[1]: path for path in system.repository.files if (match := _STAGES.search(path))}
    if stages and "stage_config_path" not in (files[0].text or "") and ":" not in operands[0]:
        name = operands.pop(0)
        what = f"stage {names.show(name)}"
        found = names.find(name, stages)
        if found is not None:
            yield matches("stage", what, stages[found])
        elif names.is_open(name) or name in ("install", "doctor"):
            yield unknown("stage", what, "Which one is left open, or it is Capistrano's own.")
        else:
            near = names.nearest(name, stages)
            why = f"config/deploy has {', '.join(sorted(stages)[:8])}."
            yield missing("stage", what, why, near, stages[near] if near else files[0].path)
    yield from (_judge_task(each, system) for each in operands)


def _judge_task(name: str, system: System) -> Finding:
    """A task; gems bring others into any namespace, so that one that is not here is at most looked at."""
    own = [each for each in system.repository.ending(".rake", ".cap") if is_of_capistrano(each.path)]
    tasks = read_tasks([*own, *system.repository.matching(lambda path: path.endswith("config/deploy.rb"))])
    what = f"task {names.show(name)} of Capistrano"
    if name in tasks.known:
        return matches("target", what, tasks.known[name].where)
    space = name.rpartition(":")[0]
    brought = any("capistrano" in gem and space in gem for gem in find_gems(system.repository))
    if space not in tasks.spaces() or space in ("deploy", *tasks.open_spaces) or names.is_open(name) or brought:
        return unknown("target", what, "It is a task of Capistrano or of a gem.")
    near = names.nearest(name, tasks.known)
    why = "No file of the checkout has such a task; a gem might bring it."
    return ambiguous("target", what, why, near, tasks.known[near].where if near else None)
