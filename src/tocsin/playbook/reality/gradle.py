"""Statements of Gradle: is there such a project, such a task, and does anything read the properties?

Plugins bring tasks that no checkout shows. A task that is nowhere is missing only where every plugin is one whose tasks
are known; else it is looked at where one of nearly its name is registered.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from tocsin.playbook.reality import names, spring
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.gradle_build import Build, read_build
from tocsin.playbook.reality.repository import join, parent
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_VALUED = words(
    "-p --project-dir -b --build-file -c --settings-file -g --gradle-user-home -I --init-script -x --exclude-task -P "
    "--project-prop -D --system-prop --tests --console --max-workers --include-build --warning-mode --args --priority "
    "--task --module --configuration --dependency --project-cache-dir --debug-jvm"
)
_PROPERTY = re.compile(r"[A-Za-z_]\w*")
_OWN = words("version group description org android kotlin profile release")


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``./gradlew :PROJECT:TASK -PNAME=VALUE --args='…'``."""
    parts = take_apart(command.words[1:], _VALUED)
    if not command.is_here or parts.has("-b", "--build-file", "-c", "--settings-file", "--include-build", "-I"):
        return
    build = _find(command, parts.value("-p", "--project-dir"), system)
    asked = [*parts.operands, *parts.values("-x", "--exclude-task")]
    if build is None:
        if asked:
            yield unknown("target", f"gradle task {names.show(asked[0])}", "The checkout has no build file of Gradle.")
        return
    for word in asked:
        yield from _judge_task(word, build)
    for given in parts.values("-P", "--project-prop"):
        yield from _judge_property(given.partition("=")[0], build)
    handed = [*parts.values("--args"), *(f"-D{each}" for each in parts.values("-D", "--system-prop"))]
    yield from spring.judge_profiles(handed, system)


def _find(command: Command, given: str | None, system: System) -> Build | None:
    """The build of the launcher's folder, or of the one that it is told."""
    for folder in command.folders:
        start = join(folder, given) if given else folder
        if not given and "/" in command.words[0] and not command.words[0].startswith("/"):
            start = folder if system.repository.has_folder(folder) else join(folder, parent(command.words[0]))
        found = read_build(system.repository, start) if start is not None else None
        if found is not None:
            return found
    return None


def _judge_task(word: str, build: Build) -> Iterator[Finding]:
    project, _, task = word.strip(":").rpartition(":")
    what = f"gradle task {names.show(word)}"
    if names.is_wild(word) or not task:
        yield unknown("target", what, "Which one is left open.")
        return
    if project:
        if project not in build.projects:
            yield _judge_lost_project(project, build)
            return
        yield matches("project", f"gradle project {project}", build.projects[project])
    there = build.tasks.get(task, ())
    if there:
        yield from _judge_place(project, what, there, build)
        return
    near = names.nearest(task, build.tasks)
    where = build.tasks[near][0][1] if near else build.path
    close = difflib.get_close_matches(task, build.tasks, 1, 0.8)
    if build.may_be_theirs(task) or _abbreviates(task, build):
        yield unknown("target", what, "It is a task of Gradle or of a plugin, or is written short.")
    elif build.closed:
        yield missing("target", what, "No file of the build registers it, and no plugin that it applies.", near, where)
    elif close:
        why = "No file of the build registers it; a plugin might."
        yield ambiguous("target", what, why, close[0], build.tasks[close[0]][0][1])
    else:
        yield unknown("target", what, "A plugin may bring it.")


def _judge_place(project: str, what: str, there: tuple[tuple[str, str], ...], build: Build) -> Iterator[Finding]:
    """A task that some file registers: is it one of the project that is named?"""
    folders = {*build.folders.values(), parent(build.path)}
    wanted = build.folders[project] if project else None
    if wanted is None or any(folder == wanted or folder not in folders for folder, _ in there):
        yield matches("target", what, there[0][1])
    elif any(folder == parent(build.path) for folder, _ in there):
        yield unknown("target", what, f"{there[0][1]} registers it, perhaps for all projects.")
    elif build.closed:
        yield missing("target", what, "Another project has it.", None, there[0][1])
    else:
        yield unknown("target", what, f"{there[0][1]} registers it for another project; a plugin may bring it here.")


def _abbreviates(task: str, build: Build) -> bool:
    """Whether it may be a task written short: ``sT`` for ``smokeTest``."""
    parts = re.findall(r"^[a-z0-9]+|[A-Z][a-z0-9]*", task)
    pattern = "".join(f"{part}[a-z0-9]*" for part in parts)
    return len(task) <= 3 or any(re.match(pattern, each) for each in build.tasks)


def _judge_lost_project(project: str, build: Build) -> Finding:
    what = f"gradle project {names.show(project)}"
    if not build.whole:
        return unknown("project", what, f"{build.path} does not write all projects out.")
    near = names.nearest(project, build.projects)
    return missing(
        "project", what, f"{build.path} includes no such project.", near, build.projects[near] if near else build.path
    )


def _judge_property(name: str, build: Build) -> Iterator[Finding]:
    """``-PNAME``: a property that some file of the build has to read."""
    if not _PROPERTY.fullmatch(name) or name in _OWN:
        return
    what = f"property {name} for gradle"
    quoted = re.compile(
        rf"[\"']{name}[\"']|\b(?:project|ext|extra|properties|rootProject)\.{name}\b|\bval\s+{name}\b[^\n]{{0,99}}\bby\b"
    )
    bare = re.compile(rf"(?<![\w.\"']){name}(?![\w\"'])")
    for path, text in build.texts:
        match = quoted.search(text) or (bare.search(text) if path.endswith(".gradle") else None)
        if match is not None:
            yield matches("variable", what, f"{path}:{text.count(chr(10), 0, match.start()) + 1}")
            return
    if build.closed:
        yield missing("variable", what, "No file of the build reads it: it is ignored.", None, build.path)
    else:
        yield unknown("variable", what, "A plugin may read it.")
