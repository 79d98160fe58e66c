"""Statements of npm, pnpm and yarn: which package they mean, whether it has the script, and what that reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import code_script, names, paths, scripts, workspaces
from tocsin.playbook.reality.command import Arguments, Command, take_apart
from tocsin.playbook.reality.compose import Service
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.packages import Package
from tocsin.playbook.reality.repository import join, parent
from tocsin.playbook.reality.script import Script
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_VALUED = words("--filter -F -C --dir --prefix -w --workspace --cwd --loglevel --reporter --workspace-concurrency")
_PNPM_VALUED = _VALUED - {"-w"}
_OWN = words(
    "install i ci add remove rm uninstall update up upgrade outdated audit list ls ll la why init login logout "
    "publish pack "
    "link unlink exec dlx create config cache store info view version set prune rebuild dedupe import fetch patch "
    "deploy "
    "root bin help ping whoami dist-tag owner team token doctor env node server setup self-update -v licenses global "
    "workspaces constraints plugin search repo docs bugs explain fund"
)
_SHORT = words("start test stop restart")
_FILE = re.compile(r"(?:node|tsx|ts-node|bun|deno run|nodemon|esr|babel-node)\s+(?:-\S+\s+)*([\w./@-]+\.\w+|[\w./@-]+)")
_SHELL_FILE = re.compile(r"(?:^|&&\s*|;\s*)(?:(?:ba)?sh\s+)?(\.?[\w./-]*/[\w.-]+\.(?:sh|py)|[\w./-]+\.sh)\b")


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``pnpm --filter PACKAGE run SCRIPT -- FLAGS`` and its like."""
    program = command.program
    top = take_apart(command.words[1:], _PNPM_VALUED if program == "pnpm" else _VALUED, stop=True)
    rest = top.rest
    if program == "yarn" and rest[:1] == ("workspace",):
        chosen, found = _choose_named(rest[1:2], system)
        rest = rest[2:]
        inner = Arguments()
    else:
        named = take_apart(rest[1:], _VALUED, stop=True) if rest[:1] in (("run",), ("run-script",)) else Arguments()
        inner = named
        chosen, found = _choose(command, Arguments(flags=(*top.flags, *_late_flags(rest), *named.flags)), system)
    yield from found
    yield from _judge_verb(command, program, rest, inner, chosen, system)


def _late_flags(rest: tuple[str, ...]) -> tuple[tuple[str, str | None], ...]:
    """Flags of npm that stand behind the script's name: ``npm run x --workspace=y``."""
    upto = rest[: rest.index("--")] if "--" in rest else rest
    return tuple(each for each in take_apart(upto, _VALUED).flags if each[0] in ("--workspace", "-w", "--prefix"))


def _judge_verb(
    command: Command,
    program: str,
    rest: tuple[str, ...],
    inner: Arguments,
    chosen: list[Package] | None,
    system: System,
) -> Iterator[Finding]:
    verb = rest[0] if rest else ""
    if verb in ("exec", "x", "dlx"):
        yield from workspaces.judge_carried(command, take_apart(rest[1:], _VALUED, stop=True).rest, system)
        return
    if verb == "nx" and program != "npm":
        yield from workspaces.judge_carried(command, rest, system)
        return
    if verb in ("run", "run-script"):
        script, words_after = (inner.rest or ("",))[0], inner.rest[1:]
    elif verb in _SHORT or (verb == "t" and program != "yarn"):
        script, words_after = ("test" if verb == "t" else verb), rest[1:]
    elif program in ("pnpm", "yarn") and verb and verb not in _OWN:
        script, words_after = verb, rest[1:]
    else:
        return
    if script:
        yield from _judge_script(
            command, program, script, words_after, chosen, system, explicit=verb != script or verb in _SHORT
        )


def _choose(command: Command, flags: Arguments, system: System) -> tuple[list[Package] | None, list[Finding]]:
    """The packages that are meant; null where nobody can say."""
    folders = list(_folders(command, flags, system))
    filters = flags.values("--filter", "-F")
    if filters:
        return _choose_named(tuple(each for each in filters if not each.startswith("!")), system, folders)
    spaces = flags.values("--workspace", "-w") if not flags.has("--workspaces") else ()
    if spaces:
        found = [
            package
            for each in spaces
            for start in folders or [""]
            for package in system.packages.by_folder(each, start)
        ]
        return (found, []) if found else _choose_named(spaces, system)
    if flags.has("-w", "--workspace-root"):
        folders = [""]
    if flags.has("--workspaces", "-ws", "-r", "--recursive"):
        return list(system.packages.all.values()), []
    given = flags.value("-C", "--dir", "--prefix", "--cwd")
    if given is not None and not folders:
        return None, [paths.judge_file(command, given, system, "folder", "folder")]
    if not command.is_here:
        return _inside(command, system), []
    packages = [package for folder in folders for package in [system.packages.of(folder)] if package is not None]
    return (list({each.path: each for each in packages}.values()) or None), []


def _folders(command: Command, flags: Arguments, system: System) -> Iterator[str]:
    given = flags.value("-C", "--dir", "--prefix", "--cwd")
    if given is not None:
        yield from paths.places(command, given, system)
    else:
        yield from (each for each in command.folders if each == "" or system.repository.has_folder(each))


def _choose_named(
    wanted: tuple[str, ...], system: System, folders: list[str] | None = None
) -> tuple[list[Package] | None, list[Finding]]:
    chosen: list[Package] = []
    found: list[Finding] = []
    known = {each.name: each.path for each in system.packages.all.values() if each.name}
    for name in wanted:
        packages = [each for folder in folders or [""] for each in system.packages.filtered(name, folder)]
        what = f"package {names.show(name)}"
        if packages:
            chosen += packages
            found.append(matches("package", what, packages[0].path))
        elif not known:
            found.append(unknown("package", what, "The checkout has no package.json with a name."))
        else:
            near = names.nearest(name, known)
            found.append(
                missing(
                    "package", what, "No package of the workspace has this name.", near, known[near] if near else None
                )
            )
    return chosen or None, found


def _inside(command: Command, system: System) -> list[Package] | None:
    """The packages that may be at work in a container: where its service is built."""
    kind, _, name = command.inside.partition(":")
    services = [
        each
        for each in system.compose.services
        if names.fits(name, each.name)
        or (kind == "container" and each.container is not None and names.fits(name, each.container))
    ]
    places = list(dict.fromkeys(place for each in services for place in _places_of(each, system)))
    found = [system.packages.all[place] for place in places if place in system.packages.all]
    return found or None


_WORKDIR = re.compile(r"^[ \t]*WORKDIR\s+(\S+)", re.MULTILINE | re.IGNORECASE)
_COPY = re.compile(r"^[ \t]*(?:COPY|ADD)\s+(?:--\S+\s+)*(\S+)\s+", re.MULTILINE | re.IGNORECASE)


def _places_of(service: Service, system: System) -> Iterator[str]:
    yield from (source for source, _ in service.mounts)
    if service.context is None:
        return
    yield service.context
    text = system.repository.text(service.dockerfile or "")
    if service.dockerfile:
        yield parent(service.dockerfile)
    for workdir in (*_WORKDIR.findall(text), service.directory):
        parts = workdir.strip("/").split("/")
        yield from (join(service.context, "/".join(parts[at:])) or "" for at in range(1, len(parts)))
    for source in _COPY.findall(text):
        place = join(service.context, source.removesuffix("/package.json").removesuffix("/package*.json"))
        if place:
            yield place


def _judge_script(
    command: Command,
    program: str,
    script: str,
    given: tuple[str, ...],
    chosen: list[Package] | None,
    system: System,
    *,
    explicit: bool,
) -> Iterator[Finding]:
    of = f" of {chosen[0].name}" if chosen and len(chosen) == 1 and chosen[0].folder and chosen[0].name else ""
    what = f"{program} script {names.show(script)}{of}"
    if chosen is None:
        yield _judge_unplaced(command, what, script, system)
        return
    owner = next((each for each in chosen if names.find(script, each.scripts)), None)
    if names.is_open(script):
        yield unknown("package_script", what, "Which one is left open.")
    elif owner is None and not explicit and any(script in each.bins or script in _bins(each) for each in chosen):
        yield unknown("package_script", what, "It is a program of a dependency.")
    elif owner is None:
        yield _judge_absent(what, script, chosen, system)
    else:
        yield matches("package_script", what, owner.where(names.find(script, owner.scripts) or script))
        yield from _judge_what_runs(command, owner, script, given, system)


def _bins(package: Package) -> set[str]:
    """What dependencies usually call their programs."""
    own = {each.rsplit("/", 1)[-1] for each in package.dependencies}
    return own | {"tsc" for each in own if each == "typescript"} | {each.removesuffix("-cli") for each in own}


def _judge_unplaced(command: Command, what: str, script: str, system: System) -> Finding:
    packages = system.packages.all
    if not command.is_here:
        return unknown("package_script", what, "Nothing in the checkout says what runs in there.")
    if not packages:
        return unknown("package_script", what, "There is no package.json in the checkout.")
    having = next((each for each in packages.values() if script in each.scripts), None)
    near = having.folder if having else None
    if having is None:
        every = {name: each for each in packages.values() for name in each.scripts}
        close = names.nearest(script, every)
        return missing(
            "package_script", what, "No package.json has it.", close, every[close].where(close) if close else None
        )
    why = "There is no package.json where the statement runs; it is not known to run elsewhere."
    return ambiguous("working_directory", f"working directory of {what}", why, near, having.where(script))


def _judge_absent(what: str, script: str, chosen: list[Package], system: System) -> Finding:
    own = {name: each for each in chosen for name in each.scripts}
    close = names.nearest(script, own)
    others = [each for each in system.packages.all.values() if script in each.scripts]
    why = f"{', '.join(dict.fromkeys(each.path for each in chosen[:3]))} has no such script"
    why += f"; {others[0].path} has one." if others else "."
    where = own[close].where(close) if close else others[0].where(script) if others else chosen[0].path
    return missing("package_script", what, why, close, where)


def _judge_what_runs(
    command: Command, package: Package, script: str, given: tuple[str, ...], system: System
) -> Iterator[Finding]:
    """The files that a script runs, and whether the flags that are handed on mean something to them."""
    line = package.scripts.get(script, "")
    where = package.where(script)
    yield from _judge_files(package, script, line, where, system)
    handed = given[given.index("--") + 1 :] if "--" in given else () if command.program == "npm" else given
    place = _find_only(package, line, system)
    script_read = system.script(place) if place is not None else None
    if place is not None and script_read is not None:
        words_given = (*_words_behind(line), *handed)
        if script_read.root is not None:
            yield from scripts.judge_root(command, place, words_given, script_read.root, script_read)
            return
        parts = take_apart(words_given, script_read.valued)
        yield from scripts.judge_required(command, place, parts, len(words_given), script_read)
    flags = [word.split("=")[0] for word in handed if word.startswith("-") and word != "--" and not names.is_wild(word)]
    if flags:
        yield from _judge_flags(package, script, line, flags, script_read, system)
    yield from _judge_prompts(command, package, script, line, flags, system)


def _find_only(package: Package, line: str, system: System) -> str | None:
    """The one file that a script runs; null where it runs several things."""
    found = list(_FILE.finditer(line))
    alone = len(found) == 1 and not re.search(r"[;&|]", line)
    return system.packages.find_source(package, found[0][1]) if alone else None


def _words_behind(line: str) -> list[str]:
    """The words that a script itself hands to the file that it runs."""
    match = _FILE.search(line)
    return line[match.end() :].split() if match else []


def _judge_files(package: Package, script: str, line: str, where: str, system: System) -> Iterator[Finding]:
    """The files that a script runs; what a build makes need not be there, nor what a package keeps elsewhere."""
    for match in [*_FILE.finditer(line), *_SHELL_FILE.finditer(line)]:
        if "." not in match[1] or _MADE.match(match[1]) or system.packages.find_source(package, match[1]) is not None:
            continue
        what = f"file {match[1]} of script {script} in {package.path}"
        if not any(True for _ in system.packages.sources(package)):
            yield unknown("file", what, "The checkout has no sources of this package.")
            continue
        near = paths.nearest_base(
            match[1], [file for file in system.repository.files if file.startswith(package.folder)]
        )
        yield missing("file", what, "The script runs a file that is not there.", near, where)


_MADE = re.compile(r"(?:\./)?(?:dist|build|out|lib|bin|node_modules|\.next)/")


def _judge_flags(
    package: Package, script: str, line: str, flags: list[str], own: Script | None, system: System
) -> Iterator[Finding]:
    sources = list(system.packages.sources(package))
    reading = [code_script.read_node(text) for _, text in sources if code_script.reads_arguments(text)]
    shells = [
        found
        for match in _SHELL_FILE.finditer(line)
        if (place := system.packages.find_source(package, match[1])) and (found := system.script(place))
    ]
    read = [*reading, *shells, *([own] if own is not None and own not in shells else [])]
    unclear = any(each.flags is None for each in read) or not (_FILE.search(line) or _SHELL_FILE.search(line))
    known = {flag for each in read for flag in each.flags or ()}
    hinted = {flag for each in read for flag in each.hints}
    place = next((path for path, text in sources if code_script.reads_arguments(text)), package.where(script))
    for flag in dict.fromkeys(flags):
        what = f"flag {flag} of {script} in {package.name or package.path}"
        if flag in known or flag in hinted or flag in line:
            yield matches("flag", what, place)
        elif unclear or not (sources or read):
            yield unknown("flag", what, "What the script does with its arguments is not in the checkout.")
        else:
            why = (
                "Its source knows no such flag."
                if known
                else "Its source reads no arguments at all: the flag is ignored."
            )
            yield missing("flag", what, why, names.nearest(flag, known), place)


def _judge_prompts(
    command: Command, package: Package, script: str, line: str, flags: list[str], system: System
) -> Iterator[Finding]:
    if command.fed:
        return
    for match in [*_FILE.finditer(line), *_SHELL_FILE.finditer(line)]:
        place = system.packages.find_source(package, match[1])
        found = system.script(place) if place else None
        for prompt in found.prompts if found is not None else ():
            if not prompt.unless & {*flags, *command.env, *command.known}:
                what = f"script {script} of {package.name or package.path} asks on a terminal ({prompt.how})"
                yield ambiguous(
                    "asks_on_terminal", what, "It waits for somebody to type.", None, f"{place}:{prompt.line}"
                )
                return
