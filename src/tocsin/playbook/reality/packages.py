"""Packages of JavaScript: their scripts, the workspaces they belong to, and which of them a filter means."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec

from tocsin.playbook.reality.names import WILD, fits
from tocsin.playbook.reality.repository import Repository, join, parent
from tocsin.playbook.reality.tree import find_line

_SOURCES = (".ts", ".tsx", ".js", ".mjs", ".cjs", ".mts", ".cts", ".jsx")
_MOST_SOURCES = 400
_LONGEST = 2000
"""Characters of a script that are looked at."""
_TESTS = re.compile(r"(?:^|/)(?:tests?|__tests__|spec)/|\.(?:test|spec)\.\w+$")

_BUILT = (("dist/", "src/"), ("build/", "src/"), ("lib/", "src/"), ("out/", "src/"))


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A `package.json`. ``programs`` are those that it brings, with their files."""

    path: str
    name: str
    scripts: dict[str, str] = {}
    bins: tuple[str, ...] = ()
    programs: dict[str, str] = {}
    dependencies: tuple[str, ...] = ()
    text: str = ""

    @property
    def folder(self) -> str:
        """Where it lies."""
        return parent(self.path)

    def where(self, script: str) -> str:
        """The line of a script."""
        line = find_line(self.text, f'"{script}"')
        return f"{self.path}:{line}" if line else self.path


class Packages:
    """The packages of a checkout by their folders."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @cached_property
    def all(self) -> dict[str, Package]:
        """Every package that can be read, the shallowest first."""
        found = (_read(file.path, file.text or "") for file in self._repository.named("package.json"))
        return {each.folder: each for each in found if each is not None}

    def of(self, folder: str) -> Package | None:
        """The package that a program started in a folder takes: that of the folder or of the next above."""
        while True:
            if folder in self.all:
                return self.all[folder]
            if not folder:
                return None
            folder = parent(folder)

    def filtered(self, pattern: str, folder: str = "") -> list[Package]:
        """The packages that a filter of pnpm, npm or turbo means: a name, a pattern, or a folder."""
        bare = re.sub(r"^\.\.\.\^?|\^?\.\.\.$|\[[^\]]*\]", "", pattern).strip("{}")
        if bare.startswith((".", "/")) or bare in ("packages", "apps"):
            place = join(folder, bare.replace("/**", "").replace("/*", ""))
            return [
                each for each in self.all.values() if place is not None and f"{each.folder}/".startswith(f"{place}/")
            ]
        wanted = bare.replace("*", WILD)
        found = [each for each in self.all.values() if fits(wanted, each.name)]
        scoped = [each for each in self.all.values() if "/" in each.name and each.name.split("/", 1)[1] == bare]
        return found or (scoped if len(scoped) == 1 else [])

    def by_folder(self, wanted: str, folder: str) -> list[Package]:
        """The package that npm's `--workspace` means: by name, or by folder."""
        place = join(folder, wanted)
        found = self.all.get(place) if place is not None else None
        return [found] if found is not None else [each for each in self.all.values() if each.name == wanted]

    @cached_property
    def programs(self) -> dict[str, tuple[Package, str]]:
        """The programs that packages bring, with the files that they are."""
        return {name: (each, place) for each in self.all.values() for name, place in each.programs.items()}

    def find_source(self, package: Package, path: str) -> str | None:
        """The source of a file of a package, which may be built from it."""
        for old, new in (("", ""), *_BUILT):
            stem = path.removeprefix("./")
            if stem.startswith(old):
                target = join(package.folder, new + stem.removeprefix(old)) or ""
                stems = [
                    target,
                    *(re.sub(r"\.[cm]?js$", end, target) for end in (".ts", ".mts", ".tsx")),
                    f"{target}.ts",
                    f"{target}.js",
                    f"{target}/index.ts",
                    f"{target}/index.js",
                ]
                found = next((each for each in stems if self._repository.file(each) is not None), None)
                if found is not None:
                    return found
        return None

    def sources(self, package: Package) -> Iterator[tuple[str, str]]:
        """The texts of a package's own programs, without those of packages inside it and without tests."""
        inner = [
            folder
            for folder in self.all
            if folder != package.folder and folder.startswith(f"{package.folder}/".lstrip("/"))
        ]
        found = (
            file
            for file in self._repository.ending(*_SOURCES)
            if f"{file.path}".startswith(f"{package.folder}/".lstrip("/"))
            and not _TESTS.search(file.path)
            and not any(file.path.startswith(f"{each}/") for each in inner)
        )
        for _, file in zip(range(_MOST_SOURCES), found, strict=False):
            yield file.path, file.text or ""


def _read(path: str, text: str) -> Package | None:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    name = value.get("name")
    bins = value.get("bin")
    wanted = [*_mapping(value.get("dependencies")), *_mapping(value.get("devDependencies"))]
    return Package(
        path=path,
        name=name if isinstance(name, str) else "",
        scripts={key: each[:_LONGEST] for key, each in _mapping(value.get("scripts")).items() if isinstance(each, str)},
        programs={str(key): str(each) for key, each in _mapping(bins).items()}
        or ({str(name).rsplit("/", 1)[-1]: bins} if isinstance(bins, str) else {}),
        bins=tuple(_mapping(bins)) if isinstance(bins, dict) else (str(name).rsplit("/", 1)[-1],) if bins else (),
        dependencies=tuple(wanted),
        text=text,
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
