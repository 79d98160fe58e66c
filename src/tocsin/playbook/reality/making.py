"""Statements of make, just and task: is there such a target?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import exports, names, paths
from tocsin.playbook.reality.command import Arguments, Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.system import System
from tocsin.playbook.reality.targets import FILES, Recipes
from tocsin.playbook.reality.wanting import MAY_LACK
from tocsin.playbook.shell import names as words

_VALUED = {"make": words("-C --directory -f --file --makefile -I -o -W -j -l"),
    "just": words("-f --justfile -d --working-directory --set"),
           "task": words("-d --dir -t --taskfile -o --output -C -I --interval")}  # fmt: skip
_FOLDER = {"make": ("-C", "--directory"), "just": ("-d", "--working-directory"), "task": ("-d", "--dir")}
_FILE = {"make": ("-f", "--file", "--makefile"), "just": ("-f", "--justfile"), "task": ("-t", "--taskfile")}


_OWN = words("CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS DESTDIR PREFIX V SHELL MAKEFLAGS")
"""Variables that make, its built-in rules, and compilers know."""
_USED = re.compile(r"\$[({]([A-Za-z_]\w{0,80})[)}]|\{\{[^{}]{0,80}?\.([A-Za-z_]\w{0,80})")


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``make -C FOLDER TARGET…``."""
    program = "make" if command.program == "gmake" else "task" if command.program == "go-task" else command.program
    parts = take_apart(command.words[1:], _VALUED[program])
    wanted = [word for word in parts.operands if "=" not in word]
    files, found = _choose(command, program, parts.value(*_FOLDER[program]), parts.value(*_FILE[program]), system)
    yield from found
    if found and any(each.verdict == "missing" for each in found):
        return
    if program == "just" and wanted:
        known = {key for each in files for key in each.known}
        joined = "::".join(wanted[:2])
        yield from _judge_recipe(command, wanted[0], files)
        wanted = [joined if any(key.startswith(f"{wanted[0]}::") for key in known) else wanted[0]]
    yield from (_judge_target(program, name, files, system) for name in wanted)
    if program != "just":
        yield from _judge_wanted(command, program, wanted, parts, files)
        yield from _judge_variables(command, program, parts, files, system)
    if not wanted and files:
        yield matches("target", f"{program} default target", files[0].path)


def _choose(
    command: Command, program: str, folder: str | None, file: str | None, system: System
) -> tuple[list[Recipes], list[Finding]]:
    if not command.is_here:
        return [], []
    if file is not None:
        place = paths.locate(command, file, system)
        found = [paths.judge_file(command, file, system, "file", "file")]
        return ([system.targets.read_file(program, place)] if place else []), found
    if folder is not None and not list(paths.places(command, folder, system)):
        return [], [paths.judge_file(command, folder, system, "folder", "folder")]
    folders = list(paths.places(command, folder, system)) if folder else list(command.folders)
    read = (system.targets.read(program, each) for each in folders)
    return [each for each in read if each is not None], []


def _judge_wanted(
    command: Command, program: str, wanted: list[str], parts: Arguments, files: list[Recipes]
) -> Iterator[Finding]:
    """Variables that a target ends without, and whether it may be called at all."""
    words_given = (*parts.operands, *parts.rest)
    present = {word.partition("=")[0].rstrip("?:+") for word in words_given if "=" in word}
    present |= {*command.env, *command.known}
    for name in wanted:
        file = next((each for each in files if name in each.known), None)
        if file is None or any(map(names.is_open, words_given)):
            continue
        place, title = file.known[name], f"{program} target {name}"
        for each in file.wants.get(name, ()):
            if each not in present:
                why = f"It ends without {each}."
                yield missing("arguments", f"arguments of {title}: {each}", why, f"{each}=…", place)
        if name in file.inner:
            yield missing("target", title, "It is internal: only other tasks may call it.", None, place)
        if name in file.asks and not parts.has("--yes", "-y") and not command.fed:
            why = "It waits for somebody to type. --yes keeps it from asking."
            yield ambiguous("asks_on_terminal", f"{title} asks on a terminal (prompt)", why, "--yes", place)


def _is_open(file: Recipes) -> bool:
    """Whether a file that nobody has may read variables too."""
    return not file.whole or file.lacks or MAY_LACK.search(file.text) is not None


def _judge_variables(
    command: Command, program: str, parts: Arguments, files: list[Recipes], system: System
) -> Iterator[Finding]:
    """Variables that are handed to targets and that nothing reads."""
    for word in parts.operands if files and not any(_is_open(each) for each in files) else ():
        name, mark, _ = word.partition("=")
        if not mark or not re.fullmatch(r"[A-Za-z_]\w*", name) or name in _OWN or exports.KNOWN.fullmatch(name):
            continue  # make hands it on in the environment, where tools read theirs by themselves
        read = re.compile(rf"(?<![A-Za-z0-9_]){name}(?![A-Za-z0-9_])")
        if any(read.search(each.text) for each in files) or exports.find_mention(name, system) is not None:
            continue
        known = {found for each in files for pair in _USED.findall(each.text) for found in pair if found}
        near = names.nearest(name, known)
        yield missing(
            "variable", f"variable {name} for {program}", "Nothing in the checkout reads it.", near, files[0].path
        )


def _judge_recipe(command: Command, name: str, files: list[Recipes]) -> Iterator[Finding]:
    """Whether a recipe of `just` gets what it does not start without, and whether it wants a yes first."""
    file = next((each for each in files if name in each.known), None)
    if file is None or name not in file.needs:
        return
    needs, place = file.needs[name], file.known[name]
    given = len(command.words) - 1 - command.words.index(name)
    if given < len(needs):
        why = f"It needs {len(needs)}, the statement gives {given}."
        yield missing("arguments", f"arguments of just target {name}: {', '.join(needs[given:])}", why, None, place)
    if name in file.asks and "--yes" not in command.words and not command.fed:
        why = "It waits for somebody to type. --yes keeps it from asking."
        yield ambiguous("asks_on_terminal", f"just target {name} asks on a terminal (confirm)", why, "--yes", place)


def _judge_target(program: str, name: str, files: list[Recipes], system: System) -> Finding:
    what = f"{program} target {names.show(name)}"
    if names.is_open(name):
        return unknown("target", what, "Which one is left open.")
    if not files:
        return _judge_unplaced(program, name, what, system)
    for each in files:
        found = next((known for known in each.known if names.fits(name, known) or names.fits(known, name)), None)
        if found is not None:
            return matches("target", what, each.known[found])
    if not all(each.whole for each in files):
        return unknown("target", what, f"{files[0].path} computes some of its targets.")
    known = {key: place for each in files for key, place in each.known.items()}
    near = names.nearest(name, known)
    return missing("target", what, f"{files[0].path} has no such target.", near, known[near] if near else files[0].path)


def _judge_unplaced(program: str, name: str, what: str, system: System) -> Finding:
    every = [file.path for file in system.repository.named(*FILES[program])]
    if not every:
        return unknown("target", what, f"The checkout has no file for {program} where the statement runs.")
    for path in every:
        if name in system.targets.read_file(program, path).known:
            why = f"There is no file for {program} where the statement runs."
            return ambiguous("working_directory", f"working directory of {what}", why, path, path)
    known = {key: place for path in every for key, place in system.targets.read_file(program, path).known.items()}
    near = names.nearest(name, known)
    return missing(
        "target", what, f"No file for {program} in the checkout has it.", near, known[near] if near else every[0]
    )
