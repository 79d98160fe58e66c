"""Statements that run a program of a package of the workspace, or a task over packages: npx, pnpm exec, turbo."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator

from tocsin.playbook.reality import names, nx, scripts
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.packages import Package
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_RUNNER = words("-p --package -c --call -w --workspace --prefix --loglevel")
_TURBO = words(
    "--filter -F --concurrency --cache-dir --output-logs --log-order --log-prefix --env-mode --cwd --team --token "
    "--api --graph --summarize --cache --ui --global-deps --framework-inference --scope --remote-cache-timeout"
)
_OWN = words(
    "run watch prune login logout link unlink daemon gen generate telemetry ls query boundaries info scan bin config"
)
_COMMENT = re.compile(r"^[ \t]*//[^\n]*", re.MULTILINE)


def judge_runner(command: Command, system: System) -> Iterator[Finding]:
    """``npx PROGRAM …``, ``bunx PROGRAM …``."""
    parts = take_apart(command.words[1:], _RUNNER, stop=True)
    if not parts.has("-p", "--package", "-c", "--call"):
        yield from judge_carried(command, parts.rest, system)


def judge_carried(command: Command, given: tuple[str, ...], system: System) -> Iterator[Finding]:
    """A program with its arguments, as a runner of packages starts it."""
    if not given:
        return
    name = given[0]
    if name == "turbo":
        yield from _judge_turbo(given[1:], system)
        return
    if name == "nx":
        yield from nx.judge_words(given[1:], system)
        return
    programs = system.packages.programs
    what = f"program {names.show(name)}"
    if name in programs:
        yield from judge_program(command, name, given[1:], system)
        return
    known = {each for package in system.packages.all.values() for each in package.dependencies}
    near = difflib.get_close_matches(name, programs, 1, 0.8) if name not in known and not names.is_wild(name) else []
    if near:
        why = "No package of the workspace has such a program; one of the registry might."
        yield ambiguous("program", what, why, near[0], programs[near[0]][0].path)
    else:
        yield unknown("program", what, "It is a program of a dependency.")


def judge_program(command: Command, name: str, given: tuple[str, ...], system: System) -> Iterator[Finding]:
    """A program that a package of the workspace brings, with what it is given."""
    package, place = system.packages.programs[name]
    yield matches("program", f"program {name}", package.path)
    source = system.packages.find_source(package, place)
    script = system.script(source) if source is not None else None
    if source is None or script is None:
        return
    if script.root is not None:
        yield from scripts.judge_root(command, source, given, script.root, script)


def judge_turbo(command: Command, system: System) -> Iterator[Finding]:
    """``turbo run TASK --filter=PACKAGE``."""
    yield from _judge_turbo(command.words[1:], system)


def _judge_turbo(given: tuple[str, ...], system: System) -> Iterator[Finding]:
    parts = take_apart(given, _TURBO)
    tasks = parts.operands[1:] if parts.operands[:1] in (("run",), ("watch",)) else parts.operands
    if not tasks or (tasks is parts.operands and tasks[0] in _OWN):
        return
    chosen: list[Package] = []
    packages = {each.name: each.path for each in system.packages.all.values() if each.name}
    for wanted in parts.values("--filter", "-F", "--scope"):
        if re.search(r"[\[\]!^]|\.\.\.", wanted) or names.is_wild(wanted):
            chosen = list(system.packages.all.values())
            continue
        found = system.packages.filtered(wanted)
        chosen += found
        what = f"package {wanted}"
        if found:
            yield matches("package", what, found[0].path)
        elif packages:
            near = names.nearest(wanted, packages)
            why = "No package of the workspace has this name."
            yield missing("package", what, why, near, packages[near] if near else None)
    yield from (_judge_task(name, chosen, system) for name in tasks)


def _judge_task(name: str, chosen: list[Package], system: System) -> Finding:
    what = f"turbo task {names.show(name)}"
    known: dict[str, str] = {}
    for file in system.repository.named("turbo.json", "turbo.jsonc"):
        try:
            root = json.loads(_COMMENT.sub("", file.text or ""))
        except (ValueError, RecursionError):
            return unknown("task", what, f"{file.path} could not be read.")
        tasks = root.get("tasks", root.get("pipeline")) if isinstance(root, dict) else None
        for each in tasks if isinstance(tasks, dict) else ():
            known.setdefault(str(each).rpartition("#")[2], file.path)
    bare = name.rpartition("#")[2]
    if not known or names.is_open(bare):
        return unknown("task", what, "The checkout does not say which tasks there are.")
    if bare not in known:
        near = names.nearest(bare, known)
        return missing(
            "task", what, "No turbo.json has such a task.", near, known[near] if near else next(iter(known.values()))
        )
    if chosen and not any(bare in each.scripts for each in chosen):
        why = "None of these packages has a script of this name: nothing runs."
        return missing("task", what, why, None, chosen[0].path)
    return matches("task", what, known[bare])
