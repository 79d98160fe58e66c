"""What a build of Gradle has: projects, the tasks that its files register, the properties that they read."""

from __future__ import annotations

import re
from itertools import islice

import msgspec

from tocsin.playbook.reality.repository import Lines, Repository, join, parent

SETTINGS = ("settings.gradle.kts", "settings.gradle")
_BUILD = ("build.gradle.kts", "build.gradle")
_INCLUDE = re.compile(r"^[ \t]*include[ \t(]+((?:[\"'][^\"'\n$]+[\"'][\s,]*)+)\)?", re.MULTILINE)
_ANY_INCLUDE = re.compile(r"\binclude[ \t(]+(?![\"'])|\bincludeFlat\b|\bprojectDir\b|\bapply\b|[\"'][^\"'\n]*\$")
_WORD = re.compile(r"[\"']([^\"']+)[\"']")
_MADE = re.compile(
    r"\b(?:register|create|maybeCreate)\s*(?:<[^<>\n]{1,80}>)?\s*\(\s*[\"']([\w-]+)[\"']|"
    r"^[ \t]*task[ \t(]+[\"']?([A-Za-z][\w-]*)[\"']?|"
    r"\bval\s+(\w+)(?:\s*:[^\n=]{1,80})?\s+by\s+(?:\w+\.){0,3}(?:registering|creating)\b",
    re.MULTILINE,
)
_PLUGINS = re.compile(r"^[ \t]*plugins[ \t]*\{", re.MULTILINE)
_PLUGIN = re.compile(
    r"(?:id[ (]{1,3}[\"']([\w.-]+)[\"']\)?|(kotlin)\(\"jvm\"\)|`?([a-z][\w-]*)`?)"
    r"(?:[ ]version[ (]{1,3}[\"'][^\"']{1,80}[\"']\)?)?(?:[ ]apply[ (]false\)?)?"
)
_OPEN = re.compile(r"\bapply[ \t]*(?:[({<]|plugin|from)|\b(?:register|create|task)\b[^\n]{0,200}\$")
_MOST_BLOCKS = 20
_DEEPEST = 12
_USUAL = frozenset(
    "java java-library java-test-fixtures application base groovy scala war ear jacoco checkstyle pmd idea eclipse "
    "kotlin jvm org.jetbrains.kotlin.jvm org.springframework.boot io.spring.dependency-management "
    "org.jetbrains.kotlin.plugin.spring".split()
)
"""Plugins whose tasks are all known here."""
_THEIRS = re.compile(
    r"(?:compile|process|clean|upload|assemble|build|publish|delombok|ktlint|kapt)[A-Z]\w*|\w*[cC]lasses|\w*Resources|"
    r"(?:dependenc|boot|dist|install|jacoco|checkstyle|pmd|eclipse|idea|kotlin|java)\w*|"
    r"assemble|build|check|clean|components|help|init|jar|javadoc|javaToolchains|model|outgoingVariants|prepareKotlin\w*|"
    r"projects|properties|resolv\w+|run|startScripts|tasks|test\w*|updateDaemonJvm|war|wrapper|sourcesJar|artifactTransforms"
)
"""Tasks of Gradle and of those plugins."""


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """One build. ``projects`` by their path without the first colon, with where each is named; ``tasks`` by name, with
    the folders in which they are registered and where. ``closed`` where no other plugin may add tasks, ``whole`` where
    all projects are written out. ``texts`` are all files of the build.
    """

    path: str
    projects: dict[str, str]
    folders: dict[str, str]
    tasks: dict[str, tuple[tuple[str, str], ...]]
    closed: bool
    whole: bool
    texts: tuple[tuple[str, str], ...]

    def may_be_theirs(self, task: str) -> bool:
        """Whether Gradle or a usual plugin may bring a task of this name."""
        return _THEIRS.fullmatch(task) is not None


def read_build(repository: Repository, folder: str) -> Build | None:
    """The build whose settings lie in a folder or above it: there, the build file of a project is no build of its own.
    Without settings, that of the nearest build file.
    """
    for heads in (SETTINGS, _BUILD):
        place: str | None = folder
        while place is not None:
            head = next((each for name in heads if repository.file(each := join(place, name) or name)), None)
            if head is not None:
                return _read(repository, place, head)
            place = parent(place) if place else None
    return None


def _read(repository: Repository, folder: str, head: str) -> Build:
    text = repository.text(head) if head.endswith(SETTINGS) else ""
    projects: dict[str, str] = {}
    lines = Lines(text)
    for match in _INCLUDE.finditer(text):
        line = lines.at(match.start())
        for name in _WORD.findall(match[1]):
            parts = name.strip(":").split(":")[:_DEEPEST]
            projects.update({":".join(parts[: at + 1]): f"{head}:{line}" for at in range(len(parts))})
    files = [
        each
        for each in repository.ending(".gradle", ".gradle.kts", ".toml", ".kt", ".java", ".groovy")
        if (not folder or each.path.startswith(f"{folder}/"))
        and (
            each.path.endswith((".gradle", ".gradle.kts")) or re.search(r"(?:^|/)(?:buildSrc|build-logic)/", each.path)
        )
    ]
    tasks: dict[str, list[tuple[str, str]]] = {}
    for each in files:
        lines = Lines(each.text or "")
        for match in _MADE.finditer(each.text or ""):
            where = f"{each.path}:{lines.at(match.start())}"
            tasks.setdefault(match[1] or match[2] or match[3], []).append((parent(each.path), where))
    return Build(
        path=head,
        projects=projects,
        folders={name: join(folder, name.replace(":", "/")) or "" for name in projects},
        tasks={name: tuple(places) for name, places in tasks.items()},
        closed=all(_is_closed(each.path, each.text or "") for each in files),
        whole=bool(projects) and not _ANY_INCLUDE.search(text),
        texts=tuple((each.path, each.text or "") for each in files),
    )


def _is_closed(path: str, text: str) -> bool:
    """Whether a file brings no tasks but those that it writes out."""
    if path.endswith(SETTINGS):
        return not re.search(r"\bincludeBuild\b|\bapply\b|\bplugins\b(?!\s*\{\s*id\s*\(?\"org.gradle.toolchains)", text)
    if not path.endswith(_BUILD) or re.search(r"(?:^|/)(?:buildSrc|build-logic)/", path):
        return False
    if _OPEN.search(text.replace("apply false", "").replace("apply(false)", "")):
        return False
    for block in islice(_PLUGINS.finditer(text), _MOST_BLOCKS):
        inside = re.sub(r"//[^\n]*", "", text[block.end() :].partition("}")[0])
        for said in re.split(r"[\n;]", inside):
            match = _PLUGIN.fullmatch(" ".join(said.split()))
            if said.strip() and (match is None or (match[1] or match[2] or match[3]) not in _USUAL):
                return False
    return True
