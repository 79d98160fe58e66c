"""Statements that build images: the folder, the Dockerfile, the stage, and the targets of `docker buildx bake`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import names, paths
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, matches, missing, unknown
from tocsin.playbook.reality.repository import join
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_VALUED = words(
    "-f --file -t --tag --target --build-arg --label --platform --progress --cache-from --cache-to --secret --ssh "
    "--network --output -o --builder --iidfile --build-context --add-host --attest --metadata-file --shm-size --ulimit "
    "--annotation --allow --call --cgroup-parent -m --memory --isolation"
)
_BAKE = words("-f --file --set --builder --metadata-file --progress --allow --call --list --sbom --provenance")
_STAGE = re.compile(r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)?\S+(?:[ \t]+AS[ \t]+(\S+))?", re.MULTILINE | re.IGNORECASE)
_ARGUMENT = re.compile(r"^[ \t]*ARG[ \t]+(\S[^\n]*)", re.MULTILINE | re.IGNORECASE)
_OWN_ARGUMENTS = re.compile(
    r"(?:https?|ftp|no|all)_proxy|BUILDKIT_\w+|TARGET\w+|BUILD(?:PLATFORM|OS|ARCH|VARIANT)|SOURCE_DATE_EPOCH",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"^[ \t]*(?:target|group)[ \t]+\"([^\"\n]{1,200})\"", re.MULTILINE)
_BAKE_FILES = ("docker-bake.hcl", "docker-bake.json", "docker-bake.override.hcl", "docker-bake.override.json")
_BAKE_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


def judge(command: Command, rest: tuple[str, ...], system: System) -> Iterator[Finding]:
    """``docker build``, ``docker image build``, ``docker buildx build``, ``docker buildx bake``; else nothing."""
    verbs = rest[1:] if rest[:1] in (("buildx",), ("image",), ("builder",)) else rest
    if not command.is_here or not verbs:
        return
    if verbs[0] == "bake" and rest[0] == "buildx":
        yield from _judge_bake(command, verbs[1:], system)
    elif verbs[0] in ("build", "b"):
        yield from _judge_build(command, verbs[1:], system)


def _judge_build(command: Command, given: tuple[str, ...], system: System) -> Iterator[Finding]:
    parts = take_apart(given, _VALUED)
    context = parts.operands[0] if parts.operands else "."
    if context == "-" or "://" in context or (names.is_open(context.strip("./")) and context.strip("./")):
        return
    if context.strip("./"):
        yield paths.judge_file(command, context.rstrip("/"), system, "folder", "folder")
    file = parts.value("-f", "--file")
    wanted = file if file is not None else f"{context.rstrip('/')}/Dockerfile"
    if wanted == "-":
        return
    yield paths.judge_file(command, wanted, system, "file", "file")
    place = paths.locate(command, wanted, system)
    text = system.repository.text(place) if place is not None else ""
    if place is None or not text:
        return
    stage = parts.value("--target")
    if stage is not None:
        yield _judge_stage(stage, place, text)
    declared = {part.partition("=")[0] for line in _ARGUMENT.findall(text) for part in line.split()}
    for each in parts.values("--build-arg"):
        name = each.partition("=")[0]
        if name and name not in declared and not names.is_wild(name) and not _OWN_ARGUMENTS.fullmatch(name):
            why = "It has no ARG of this name: the value reaches nobody."
            yield missing("argument", f"build argument {name} of {place}", why, names.nearest(name, declared), place)


def _judge_stage(stage: str, place: str, text: str) -> Finding:
    what = f"stage {names.show(stage)} of {place}"
    stages = [name for name in _STAGE.findall(text) if name]
    if names.is_open(stage) or any("$" in each for each in stages):
        return unknown("stage", what, "Which one is left open.")
    if stage.lower() in (each.lower() for each in stages) or stage.isdecimal():
        return matches("stage", what, place)
    return missing("stage", what, "It has no such stage.", names.nearest(stage, stages), place)


def _judge_bake(command: Command, given: tuple[str, ...], system: System) -> Iterator[Finding]:
    parts = take_apart(given, _BAKE)
    files = parts.values("-f", "--file")
    if any("://" in each or each == "-" for each in (*files, *parts.operands[:1])):
        return
    for each in files:
        yield paths.judge_file(command, each, system, "file", "file")
    usual = [join(folder, each) or "" for folder in command.folders for each in (*_BAKE_FILES, *_BAKE_COMPOSE)]
    places = [place for each in files if (place := paths.locate(command, each, system))] if files else usual
    texts = {place: text for place in places if (text := system.repository.text(place))}
    known = {name: place for place, text in texts.items() for name in _find_targets(place, text, system)}
    computed = any(re.search(r"^[ \t]*(?:matrix|name)[ \t]*=", text, re.MULTILINE) for text in texts.values())
    for target in parts.operands:
        what = f"bake target {names.show(target)}"
        if names.is_open(target) or computed or not texts or any(each.endswith(".json") for each in texts):
            yield unknown("target", what, "Which targets there are is not written out.")
        elif target in known:
            yield matches("target", what, known[target])
        else:
            near = names.nearest(target, known)
            where = known[near] if near else next(iter(texts))
            yield missing("target", what, "No bake file has such a target.", near, where)


def _find_targets(place: str, text: str, system: System) -> Iterator[str]:
    if place.endswith(".hcl"):
        yield from _BLOCK.findall(text)
    file = system.compose.file(place) if place.endswith((".yml", ".yaml")) else None
    yield from file.services if file is not None else ()
    yield "default"
