"""Statements of Nx: is there such a project, and has it such a target?

Plugins work targets out by themselves. A target that is nowhere is therefore missing only where there are none.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from tocsin.playbook.reality import names
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.repository import base, parent
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_VALUED = words(
    "-p --projects -t --target --targets -c --configuration --parallel --base --head --exclude --output-style --runner "
    "--max-parallel --files"
)
_OWN = words(
    "add affected complete-ci-run connect connect-to-nx-cloud daemon dep-graph dte exec fix-ci format format:check "
    "format:write g generate graph import init list login logout mcp migrate new print-affected record release repair "
    "report reset run run-many show start-ci-run start-nx-agents stop-all-agents sync sync:check view-logs "
    "watch workspace-generator workspace-lint workspace-schematic affected:apps affected:dep-graph affected:graph "
    "affected:libs"
)
_SCRIPTED = re.compile(
    r"@(?:nx|nrwl)/(?:js|eslint|vite|vitest|jest|webpack|rspack|next|react|cypress|playwright|"
    r"storybook|rollup|remix|expo|nuxt|vue|angular|esbuild|node|nest|web|detox)(?:/.*)?"
)
"""Plugins that add targets to projects of JavaScript, and no projects of another kind."""


class Project(msgspec.Struct):
    """A project with its targets, and the configurations of each where they are written out."""

    where: str
    targets: dict[str, frozenset[str]] = {}


class Workspace(msgspec.Struct):
    """All projects by name. ``inferred`` where plugins may add targets, ``whole`` where they add no projects."""

    projects: dict[str, Project] = {}
    inferred: bool = False
    whole: bool = True


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``nx run PROJECT:TARGET``, ``nx TARGET PROJECT``, ``nx run-many -t TARGET -p PROJECT``."""
    yield from judge_words(command.words[1:], system)


def judge_words(given: tuple[str, ...], system: System) -> Iterator[Finding]:
    """The words behind ``nx``, whoever starts it."""
    parts = take_apart(given, _VALUED)
    verb, rest = (parts.operands[0], parts.operands[1:]) if parts.operands else ("", ())
    if not list(system.repository.named("nx.json")):
        yield unknown("target", "program nx", "The checkout has no nx.json.")
        return
    known = _read(system)
    if verb == "run" and rest:
        project, _, others = rest[0].partition(":")
        target, _, configuration = others.partition(":")
        yield from _judge_pair(project, target, configuration, known)
    elif verb in ("run-many", "affected"):
        projects = [each for one in parts.values("-p", "--projects") for each in one.split(",")]
        targets = [each for one in parts.values("-t", "--target", "--targets") for each in one.split(",")]
        plain = [each for each in projects if not re.search(r"[*!:?]", each)]
        yield from (_judge_project(each, known) for each in plain)
        yield from (_judge_target(each, plain, known) for each in targets)
    elif verb.startswith("affected:") and verb not in _OWN:
        yield _judge_target(verb.removeprefix("affected:"), [], known)  # as Nx wrote it before its 15th version
    elif verb and verb not in _OWN and rest:
        yield from _judge_pair(rest[0], verb, parts.value("-c", "--configuration") or "", known)
    elif verb and verb not in _OWN:
        yield _judge_target(verb, [], known)


def _judge_pair(project: str, target: str, configuration: str, known: Workspace) -> Iterator[Finding]:
    found = _judge_project(project, known)
    yield found
    if found.verdict != "matches" or not target:
        return
    yield _judge_target(target, [project], known)
    there = _lookup(project, known)
    written = there.targets.get(target) if there is not None else None
    if written and configuration and not names.is_wild(configuration):
        what = f"configuration {configuration} of {project}:{target}"
        if configuration in written:
            yield matches("configuration", what, there.where if there else None)
        elif not known.inferred:
            near = names.nearest(configuration, written)
            yield missing("configuration", what, f"It has {', '.join(sorted(written))}.", near,
                          there.where if there else None)  # fmt: skip


def _lookup(name: str, known: Workspace) -> Project | None:
    found = names.find(name, known.projects)
    if found is None:
        scoped = [each for each in known.projects if each.rpartition("/")[2] == name]
        found = scoped[0] if len(scoped) == 1 else None
    return known.projects[found] if found is not None else None


def _judge_project(name: str, known: Workspace) -> Finding:
    what = f"nx project {names.show(name)}"
    found = _lookup(name, known)
    if found is not None:
        return matches("project", what, found.where)
    if names.is_open(name) or not known.projects or not known.whole or "/" in name:
        return unknown("project", what, "The checkout does not say which projects there are.")
    near = names.nearest(name, known.projects)
    where = known.projects[near].where if near else None
    return missing("project", what, "No project.json or package.json has this name.", near, where)


def _judge_target(name: str, projects: list[str], known: Workspace) -> Finding:
    """A target of some projects, or of any."""
    what = f"nx target {names.show(name)}" + (f" of {projects[0]}" if len(projects) == 1 else "")
    chosen = [each for one in projects if (each := _lookup(one, known))] or list(known.projects.values())
    having = next((each for each in chosen if names.find(name, each.targets)), None)
    every = {target: each.where for each in chosen for target in each.targets}
    if having is not None:
        return matches("target", what, having.where)
    close = difflib.get_close_matches(name, every, 1, 0.75)
    if names.is_open(name) or not every:
        return unknown("target", what, "The checkout does not say which targets there are.")
    if not known.inferred and known.whole:
        near = names.nearest(name, every)
        return missing("target", what, "Nothing defines it.", near, every[near] if near else chosen[0].where)
    if close:
        why = "No file defines it; a plugin of Nx might work it out."
        return ambiguous("target", what, why, close[0], every[close[0]])
    return unknown("target", what, "A plugin of Nx may work it out.")


def _read(system: System) -> Workspace:
    found = Workspace()
    for file in system.repository.named("nx.json"):
        root = _load(file.text)
        plugins = (root or {}).get("plugins") or []
        listed = plugins if isinstance(plugins, list) else [plugins]
        named = [str(each.get("plugin") if isinstance(each, dict) else each) for each in listed]
        found.inferred = found.inferred or bool(named) or root is None
        found.whole = found.whole and all(_SCRIPTED.fullmatch(each) for each in named)
    found.whole = not list(system.repository.named("workspace.json", "angular.json")) and found.whole
    for file in system.repository.named("project.json"):
        root = _load(file.text)
        folder = parent(file.path)
        package = system.packages.all.get(folder)
        name = str((root or {}).get("name") or (package.name if package else "") or base(folder))
        project = found.projects.setdefault(name, Project(file.path))
        found.whole = found.whole and root is not None
        _add_targets(project, (root or {}).get("targets"))
    for package in system.packages.all.values():
        own = (_load(package.text) or {}).get("nx")
        described = own if isinstance(own, dict) else {}
        named_there = f"{package.folder}/project.json".lstrip("/")
        project = next((each for each in found.projects.values() if each.where == named_there), None) or (
            found.projects.setdefault(
                str(described.get("name") or package.name or base(package.folder)), Project(package.path)
            )
        )
        project.targets.update(dict.fromkeys(package.scripts, frozenset()))
        _add_targets(project, described.get("targets"))
    return found


def _add_targets(project: Project, targets: Any) -> None:
    for name, each in targets.items() if isinstance(targets, dict) else ():
        written = each.get("configurations") if isinstance(each, dict) else None
        project.targets[str(name)] = frozenset(map(str, written)) if isinstance(written, dict) else frozenset()


def _load(text: str | None) -> dict[str, Any] | None:
    """What a file says; null where nobody can read it."""
    try:
        value = json.loads(re.sub(r"^[ \t]*//[^\n]*", "", text or "", flags=re.MULTILINE))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
