"""The statements of a playbook, one by one: each command is judged by the module that knows its program.

Fences are followed as shells: a directory, a variable, an export lasts to the end of its fence, and the directory may
have been left by an earlier fence of the same scenario. Where it may, both are tried: what holds in either, matches.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Container, Iterator, Sequence

import msgspec

from tocsin.playbook.model import Playbook, Procedure
from tocsin.playbook.reality import (
    ansible,
    capistrano,
    clients,
    composer,
    django,
    docker,
    exports,
    files,
    gradle,
    kubectl,
    making,
    maven,
    names,
    npm,
    nx,
    observe,
    paths,
    procfile,
    programs,
    rake,
    reach,
    scripts,
    services,
    terraform,
    workflows,
    workspaces,
)
from tocsin.playbook.reality.command import Command
from tocsin.playbook.reality.finding import Finding, Row, Verdict, make_row, missing, unknown
from tocsin.playbook.reality.repository import Repository
from tocsin.playbook.reality.shell import Session, read_commands
from tocsin.playbook.reality.system import System
from tocsin.words import StepKind

Judge = Callable[[Command, System], Iterator[Finding]]


def _table() -> dict[str, Judge]:
    rows: tuple[tuple[str, Judge], ...] = (
        ("docker podman nerdctl docker-compose podman-compose", docker.judge),
        ("systemctl", services.judge_systemctl),
        ("journalctl", services.judge_journalctl),
        ("service", services.judge_service),
        ("npm pnpm yarn", npm.judge),
        ("npx bunx", workspaces.judge_runner),
        ("turbo", workspaces.judge_turbo),
        ("make gmake just task go-task", making.judge),
        ("kubectl oc k", kubectl.judge),
        ("helm", kubectl.judge_helm),
        ("kustomize", kubectl.judge_kustomize),
        ("cargo go", programs.judge_built),
        ("bash sh zsh dash ksh python python3 node tsx ts-node source . ruby perl", scripts.judge_interpreted),
        ("curl wget http https open xdg-open websocat grpcurl", reach.judge_request),
        ("nc ncat netcat telnet ping traceroute mtr ssh dig nslookup host", reach.judge_connection),
        ("pg_isready redis-cli pg_dump", reach.judge_client),
        ("psql mysql", clients.judge),
        ("ansible-playbook", ansible.judge_playbook),
        ("ansible", ansible.judge_hosts),
        ("terraform tofu", terraform.judge),
        ("amtool promtool", observe.judge_tool),
        ("gh", workflows.judge),
        ("foreman overmind honcho heroku", procfile.judge),
        ("composer", composer.judge),
        ("nx", nx.judge),
        ("cap", capistrano.judge),
        ("cd pushd", files.judge_change),
    )
    found = {program: judge for listed, judge in rows for program in listed.split()}
    return {**dict.fromkeys(files.READERS, files.judge_reader), **found}


TABLE = _table()
"""Each program and who judges it."""
LAUNCHERS: dict[str, Judge] = {
    "rake": rake.judge,
    "rails": rake.judge_rails,
    "gradlew": gradle.judge,
    "gradle": gradle.judge,
    "mvnw": maven.judge,
    "mvn": maven.judge,
}
"""Programs that usually lie in the checkout and start whatever they are told: that they are there says little."""


class Said(msgspec.Struct, frozen=True):
    """Something to be laid beside the checkout: a statement, a query or a link, with its line and its text."""

    line: int
    text: str
    kind: StepKind = StepKind.STATEMENT


def judge_playbook(
    playbook: Playbook, lines: Sequence[str], repository: Repository, known: Container[str] = ()
) -> tuple[Row, ...]:
    """A row for each statement of a playbook, for each query and link, and for each alert that it names.

    ``lines`` are those of its source; ``known`` are programs of which everybody knows that they exist.
    """
    said = _gather(playbook)
    system = System(repository)
    system.visited = _find_visited(said, repository)
    rows = [*_judge_all(playbook, said, lines, system, known), *_judge_alerts(playbook, lines, system)]
    return tuple(sorted(rows, key=lambda row: row.line))


def _gather(playbook: Playbook) -> list[Said]:
    found = {(each.line, each.text): Said(each.line, each.text) for each in playbook.statements}
    for procedure in (*playbook.scenarios, *playbook.processes):
        for step in procedure.steps:
            if step.kind in (StepKind.PROMQL, StepKind.LINK):
                text = step.text if step.kind is StepKind.PROMQL else f"open {step.text}"
                if not any(line == step.line for line, _ in found):
                    found[step.line, step.text] = Said(step.line, text, step.kind)
    return sorted(found.values(), key=lambda each: each.line)


def _find_visited(said: Sequence[Said], repository: Repository) -> frozenset[str]:
    """The folders that the playbook goes to anywhere, from the root."""
    found: set[str] = set()
    for each in said:
        if "cd " in each.text and each.kind is StepKind.STATEMENT:
            session = Session(("",), lambda folders, target: paths.follow(repository, folders, target))
            read_commands(each.text, session)
            found.update(session.folders)
    return frozenset(folder for folder in found if folder and repository.has_folder(folder))


def _number_fences(lines: Sequence[str]) -> list[int]:
    """For each line the number of the fence that it stands in, or of the gap between two."""
    found, number, mark = [], 0, ""
    for line in lines:
        head = line.lstrip(" \t>-*+0123456789.)")[:3]
        if head in ("```", "~~~") and (not mark or head == mark):
            number += 1
            mark = "" if mark else head
        found.append(number)
    return found


class _Reading(msgspec.Struct):
    """A statement while it is being judged."""

    said: Said
    commands: tuple[Command, ...]
    place: tuple[int, int]


def _read_all(playbook: Playbook, said: Sequence[Said], lines: Sequence[str], system: System) -> list[_Reading]:
    fences = _number_fences(lines)
    left: dict[int, tuple[str, ...]] = {}
    sessions: dict[tuple[int, int], Session] = {}
    found = []
    for each in said:
        owner = _owner(playbook, each.line)
        fence = fences[each.line - 1] if 0 < each.line <= len(fences) else 0
        session = sessions.get((owner, fence))
        if session is None:
            started = tuple(dict.fromkeys(("", *left.get(owner, ()))))
            session = sessions[owner, fence] = Session(
                started, lambda folders, target: paths.follow(system.repository, folders, target)
            )
        commands = read_commands(each.text, session) if each.kind is not StepKind.PROMQL else ()
        if owner:
            left[owner] = tuple(folder for folder in session.folders if folder)
        found.append(_Reading(each, commands, (owner, fence)))
    return found


def _owner(playbook: Playbook, line: int) -> int:
    """The first line of the innermost scenario or process that a line stands in; 0 for none."""
    owners: list[Procedure] = [
        each for each in (*playbook.scenarios, *playbook.processes) if each.line <= line <= each.end_line
    ]
    return max((each.line for each in owners), default=0)


def _judge_all(
    playbook: Playbook, said: Sequence[Said], lines: Sequence[str], system: System, known: Container[str]
) -> Iterator[Row]:
    readings = _read_all(playbook, said, lines, system)
    written: set[str] = set()
    for at, reading in enumerate(readings):
        same = [each for each in readings[at + 1 :] if each.place == reading.place]
        found = list(_judge_reading(reading, same, written, system, known))
        yield make_row(playbook.path, reading.said.line, reading.said.text, found)


def _judge_reading(
    reading: _Reading, later: Sequence[_Reading], written: set[str], system: System, known: Container[str]
) -> Iterator[Finding]:
    if reading.said.kind is StepKind.PROMQL:
        yield from observe.judge_expression(reading.said.text, system)
    for at, command in enumerate(reading.commands):
        if command.program == "export":
            after = [*reading.commands[at + 1 :], *(each for one in later for each in one.commands)]
            texts = [
                reading.said.text.split("export", 1)[-1].split("\n", 1)[-1] if "\n" in reading.said.text else "",
                *(one.said.text for one in later),
            ]
            yield from (exports.judge(name, after, texts, system) for name in command.words[1:])
            continue
        yield from (_soften(found, written) for found in judge_command(command, system, known))
        written.update(name.removeprefix("./") for name in files.find_written(command))


def _soften(found: Finding, written: set[str]) -> Finding:
    """A file that an earlier statement wrote need not be in the checkout."""
    name = found.what.partition(" ")[2].removeprefix("./")
    if (
        found.verdict in (Verdict.MISSING, Verdict.AMBIGUOUS)
        and found.kind in ("file", "folder", "manifest")
        and name in written
    ):
        return unknown(found.kind, found.what, "An earlier statement makes it.")
    return found


def judge_command(command: Command, system: System, known: Container[str]) -> Iterator[Finding]:
    """Whatever can be said of one command."""
    program = command.program
    judge = TABLE.get(program)
    if command.env:
        yield from exports.judge_inline(command, system)
    yield from django.judge(command, system)
    yield from composer.judge_artisan(command, system)
    launcher = LAUNCHERS.get(program)
    if launcher is not None:
        if "/" in command.words[0]:
            found = (each for each in scripts.judge(command, system) if each.kind in ("script", "executable"))
            yield from (each for each in found if each.verdict is not Verdict.MATCHES)
        yield from launcher(command, system)
        return
    if judge is not None and not (
        "/" in command.words[0]
        and scripts.is_script(command.words[0])
        and not command.words[0].startswith(("/usr/", "/bin/"))
    ):
        yield from judge(command, system)
        return
    built = system.binaries.all.get(program)
    if built is not None:
        yield from programs.judge(command, built, system)
    elif program in system.packages.programs and "/" not in command.words[0]:
        yield from workspaces.judge_program(command, program, command.words[1:], system)
    elif scripts.is_script(command.words[0]) and not names.is_open(command.words[0].strip("./")):
        yield from scripts.judge(command, system)
    else:
        yield from _judge_unknown(program, system, known)


_BUILTINS = frozenset(
    "echo printf true false test [ [[ read set unset export local exit return wait sleep time kill trap alias type "
    "command date watch : declare let eval exec umask shift break continue jobs bg fg hash pwd".split()
)


def _judge_unknown(program: str, system: System, known: Container[str]) -> Iterator[Finding]:
    """A program that is neither known nor built here: perhaps one of ours under another name."""
    if program in _BUILTINS or not program or names.is_wild(program):
        return
    what = f"program {program}"
    near = _find_twin(program, system) if program not in known else None
    if near is not None:
        why = "The checkout builds no program of this name."
        yield missing("program", what, why, near, system.binaries.all[near].where)
    else:
        yield unknown("program", what, "It is a program of the machine, not of the checkout.")


def _find_twin(program: str, system: System) -> str | None:
    """A program of the checkout whose name is nearly this one."""

    close = difflib.get_close_matches(program, system.binaries.all, 1, 0.8)
    return close[0] if close else None


def _judge_alerts(playbook: Playbook, lines: Sequence[str], system: System) -> Iterator[Row]:
    """The alerts that open scenarios, at the lines that name them."""
    for procedure in playbook.scenarios:
        for alert in procedure.alerts:
            end = min(procedure.end_line, len(lines))
            line = next((at for at in range(procedure.line, end + 1) if alert in lines[at - 1]), procedure.line)
            yield make_row(playbook.path, line, f"Alert: {alert}", [observe.judge_alert(alert, system)])
