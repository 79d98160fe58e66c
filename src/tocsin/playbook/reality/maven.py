"""Statements of Maven: the file, the modules and the profiles that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import names, paths, spring
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.repository import base, join, parent
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_VALUED = words(
    "-f --file -pl --projects -P --activate-profiles -D --define -s --settings -gs --global-settings -rf --resume-from "
    "-T --threads -l --log-file -t --toolchains -b --builder"
)
_IDENTITY = re.compile(r"<id>\s{0,99}([^<]{1,200}?)\s{0,99}</id>")
_ARTIFACT = re.compile(r"<artifactId>\s*([^<\s]+)\s*</artifactId>")


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``mvn -f FILE -pl MODULE -P PROFILE GOAL``."""
    parts = take_apart(tuple(_spread(command.words[1:])), _VALUED)
    if not command.is_here:
        return
    file = parts.value("-f", "--file")
    if file is not None:
        yield paths.judge_file(command, file, system, "file", "file")
        place = paths.locate(command, file, system)
        place = join(place, "pom.xml") if place is not None and system.repository.has_folder(place) else place
    else:
        found = (join(folder, "pom.xml") for folder in command.folders)
        place = next((each for each in found if each and system.repository.file(each)), None)
    if place is None:
        if file is None:
            yield unknown("file", "program mvn", "There is no pom.xml where the statement runs.")
        return
    for given in parts.values("-pl", "--projects"):
        yield from (_judge_module(each.lstrip("!+-?"), place, system) for each in given.split(","))
    for given in parts.values("-P", "--activate-profiles"):
        yield from (_judge_profile(each, place, system) for each in given.split(",") if each[:1] not in "!-?")
    yield from spring.judge_profiles((f"-D{each}" for each in parts.values("-D", "--define")), system)


def _spread(given: tuple[str, ...]) -> Iterator[str]:
    """``-pl`` and its like are whole words, not short flags in one."""
    for word in given:
        if word.startswith("-pl") and len(word) > 3:
            yield from ("-pl", word[3:].lstrip("="))
        else:
            yield word


def _judge_module(name: str, pom: str, system: System) -> Finding:
    what = f"module {names.show(name)}"
    folder = parent(pom)
    inside = {
        file.path: file.text or ""
        for file in system.repository.named("pom.xml")
        if not folder or file.path.startswith(f"{folder}/")
    }
    if names.is_open(name.strip(":")):
        return unknown("module", what, "Which one is left open.")
    place = join(folder, name)
    if place is None:
        return unknown("module", what, "It lies outside the checkout.")
    for each in (join(place, "pom.xml") or "", place):
        if ":" not in name and system.repository.file(each) is not None:
            return matches("module", what, each)
    artifacts = {}
    for path, text in inside.items():
        head, _, rest = text.partition("<parent>")
        match = _ARTIFACT.search(head) or _ARTIFACT.search(rest.partition("</parent>")[2])
        if match is not None:
            artifacts[match[1]] = path
    called = name.rpartition(":")[2]
    if ":" in name and called in artifacts:
        return matches("module", what, artifacts[called])
    if ":" in name and any("${" in each for each in artifacts):
        return unknown("module", what, "Some names of modules are put together.")
    known = {**{base(parent(each)): each for each in inside if parent(each) != folder}, **artifacts}
    near = names.nearest(called, known)
    where = known[near] if near else pom
    if ":" not in name and called in artifacts:
        return missing("module", what, f"It is no folder; its artifact is :{called}.", f":{called}", artifacts[called])
    return missing("module", what, f"{pom} reaches no such module.", near, where)


def _judge_profile(name: str, pom: str, system: System) -> Finding:
    what = f"Maven profile {names.show(name)}"
    known: dict[str, str] = {}
    for file in system.repository.named("pom.xml", "settings.xml", "profiles.xml"):
        known.update(dict.fromkeys(_find_profiles(file.text or ""), file.path))
    found = names.find(name, known)
    if found is not None:
        return matches("profile", what, known[found])
    if names.is_open(name) or not known:
        return unknown("profile", what, "Somebody's own settings of Maven may have it.")
    near = names.nearest(name, known)
    why = "No pom.xml has it, and Maven goes on without; somebody's own settings might have it."
    return ambiguous("profile", what, why, near, known[near] if near else pom)


def _find_profiles(text: str) -> Iterator[str]:
    """The names of the profiles that a file defines."""
    for block in text.split("<profiles>")[1:]:
        for each in block.partition("</profiles>")[0].split("<profile>")[1:]:
            match = _IDENTITY.search(each.partition("<build>")[0]) or _IDENTITY.search(each)
            if match is not None:
                yield match[1]
