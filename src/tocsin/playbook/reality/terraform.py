"""Statements of Terraform: the folder, addresses of resources and modules, variables and outputs, files of values."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from tocsin.playbook.reality import files, names, paths
from tocsin.playbook.reality.command import OUTSIDE, Command
from tocsin.playbook.reality.finding import Finding, matches, missing, unknown
from tocsin.playbook.reality.repository import base, join, parent
from tocsin.playbook.reality.system import System

_BLOCK = re.compile(
    r"^[ \t]{0,9}(resource|data|module|variable|output)[ \t]{1,9}\"([^\"\n]{1,200})\""
    r"(?:[ \t]{1,9}\"([^\"\n]{1,200})\")?",
    re.MULTILINE,
)
_SOURCE = re.compile(r"\bsource[ \t]{0,40}=[ \t]{0,40}\"(\.{1,2}/[^\"\n]{0,300})\"")
_INDEX = re.compile(r"\[[^\]]*\]")
_OF_ADDRESSES = {"taint", "untaint", "import"}
_STATES = {"show", "rm", "mv", "list"}
_FLAG = re.compile(r"--?([a-z-]+)(?:=(.*))?", re.DOTALL)
_TAKING = {"target", "replace", "var", "var-file", "out", "state", "lock-timeout", "parallelism", "backup"}


class Folder(msgspec.Struct, frozen=True):
    """What the files of a folder define, with where; ``sources`` are the folders of its modules in the checkout."""

    path: str
    known: dict[str, str]
    sources: dict[str, str]


def read_folder(path: str, system: System) -> Folder | None:
    """A folder with Terraform's files; null where there are none, or some that are not read."""
    inside = [file for file in system.repository.ending(".tf", ".tf.json", ".tofu") if parent(file.path) == path]
    if not inside or any(file.text is None or not file.path.endswith((".tf", ".tofu")) for file in inside):
        return None
    known: dict[str, str] = {}
    sources: dict[str, str] = {}
    for file in inside:
        text = file.text or ""
        blocks = list(_BLOCK.finditer(text))
        for at, match in enumerate(blocks):
            kind, first, second = match.groups()
            address = {"resource": f"{first}.{second}", "data": f"data.{first}.{second}", "module": f"module.{first}",
                       "variable": f"var.{first}", "output": f"output.{first}"}[kind]  # fmt: skip
            known.setdefault(address, f"{file.path}:{text.count(chr(10), 0, match.start()) + 1}")
            end = blocks[at + 1].start() if at + 1 < len(blocks) else len(text)
            source = _SOURCE.search(text, match.end(), end) if kind == "module" else None
            place = join(path, source[1].rstrip("/")) if source else None
            if place is not None:
                sources[first] = place
    return Folder(path, known, sources)


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``terraform -chdir=FOLDER VERB -target=ADDRESS -var NAME=VALUE -var-file=FILE``."""
    if not command.is_here:
        return
    chosen, given = _choose(command)
    if chosen is not None:
        yield paths.judge_file(command, chosen.rstrip("/"), system, "folder", "folder")
        place = paths.locate(command, chosen.rstrip("/"), system)
        command = replace(command, folders=(place,) if place is not None else (OUTSIDE,))
    flags, operands = _take_apart(given)
    for name, value in flags:
        if name == "var-file" and value:
            yield from files.judge_path(command, value, system)
    folder = next((found for each in command.folders if each != OUTSIDE and (found := read_folder(each, system))), None)
    if folder is None or not operands:
        return
    for name, value in flags:
        if name in ("target", "replace") and value:
            yield _judge_address(value, folder, system)
        elif name == "var" and value:
            yield _judge_name(f"var.{value.partition('=')[0].strip()}", "variable", folder)
    verb, rest = operands[0], operands[1:]
    if verb == "output":
        yield from (_judge_name(f"output.{each}", "output", folder) for each in rest[:1])
    elif verb in _OF_ADDRESSES or (verb == "state" and rest[:1] and rest[0] in _STATES):
        given_here = rest[1:] if verb == "state" else rest[:1]
        yield from (_judge_address(each, folder, system) for each in given_here[: 1 if rest[:1] == ("mv",) else None])


def _choose(command: Command) -> tuple[str | None, tuple[str, ...]]:
    """The folder that `-chdir` names, and the words behind it."""
    given, chosen = command.words[1:], None
    while given and (match := re.fullmatch(r"--?chdir=(.+)", given[0])):
        chosen, given = match[1], given[1:]
    return chosen, given


def _take_apart(given: tuple[str, ...]) -> tuple[list[tuple[str, str | None]], tuple[str, ...]]:
    flags: list[tuple[str, str | None]] = []
    operands: list[str] = []
    at = 0
    while at < len(given):
        match = _FLAG.fullmatch(given[at])
        at += 1
        if match is None:
            operands.append(given[at - 1])
        elif match[2] is None and match[1] in _TAKING and at < len(given):
            flags.append((match[1], given[at]))
            at += 1
        else:
            flags.append((match[1], match[2]))
    return flags, tuple(operands)


def _judge_name(address: str, kind: str, folder: Folder) -> Finding:
    name = address.partition(".")[2]
    what = f"Terraform {kind} {names.show(name)}"
    if names.is_wild(name):
        return unknown(kind, what, "Which one is left open.")
    if address in folder.known:
        return matches(kind, what, folder.known[address])
    others = {each.partition(".")[2]: where for each, where in folder.known.items()
              if each.startswith(f"{address.partition('.')[0]}.")}  # fmt: skip
    near = names.nearest(name, others)
    where = others[near] if near else next(iter(folder.known.values()), folder.path)
    return missing(kind, what, f"{folder.path or 'The root'} declares no such {kind}.", near, where)


def _judge_address(address: str, folder: Folder, system: System) -> Finding:
    what = f"Terraform address {names.show(address)}"
    parts = _INDEX.sub("", address).split(".")
    while parts[:1] == ["module"] and len(parts) > 2:
        here = f"module.{parts[1]}"
        if here not in folder.known:
            return _lose(what, here, folder)
        inner = read_folder(folder.sources[parts[1]], system) if parts[1] in folder.sources else None
        if inner is None:
            return unknown("address", what, "The module is not in the checkout.")
        folder, parts = inner, parts[2:]
    wanted = ".".join(parts[:3] if parts[0] == "data" else parts[:2])
    if names.is_wild(address) or len(parts) < 2:
        return unknown("address", what, "Which one is left open.")
    return matches("address", what, folder.known[wanted]) if wanted in folder.known else _lose(what, wanted, folder)


def _lose(what: str, wanted: str, folder: Folder) -> Finding:
    plain = {each: where for each, where in folder.known.items() if not each.startswith(("var.", "output."))}
    near = names.nearest(wanted, plain)
    why = f"{folder.path or 'The root'} has no {base(wanted)}."
    return missing("address", what, why, near, plain[near] if near else None)
