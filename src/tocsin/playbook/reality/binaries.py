"""Programs that a checkout builds, by name: Go, Rust and Python sources with their command lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from tocsin.playbook.reality import clap, cobra
from tocsin.playbook.reality.code_script import read_python
from tocsin.playbook.reality.program import Program, Verb
from tocsin.playbook.reality.repository import Repository, base, join, parent
from tocsin.playbook.reality.tree import Tree, read_trees

_PACKAGE_MAIN = re.compile(r"^package\s+main\b", re.MULTILINE)
_MODULE = re.compile(r"^module\s+(\S+)", re.MULTILINE)
_SCRIPT = re.compile(r"^[ \t\"'\[]{0,20}([\w.-]{1,80})[ \t]{0,9}=[ \t]{0,9}([\w.]{1,200}:[\w.]{1,80})", re.MULTILINE)
_OUTPUT = re.compile(r"\bgo\s+build\b[^\n]*?\s-o[= ]?\s*(\S+)\s+(?:-\S+(?:[= ]\S+)?\s+)*(\S+)")


class Binaries:
    """The programs of a checkout."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @cached_property
    def all(self) -> dict[str, Program]:
        """Every program by name."""
        found: dict[str, Program] = {}
        for each in (*self._go(), *self._rust(), *self._python()):
            found.setdefault(each.name, each)
        return found

    def _go(self) -> Iterator[Program]:
        files = [
            (file.path, file.text or "")
            for file in self._repository.ending(".go")
            if not file.path.endswith("_test.go")
        ]
        if not files:
            return
        mains = {parent(path): path for path, text in files if _PACKAGE_MAIN.search(text) and "func main()" in text}
        for folder, path in mains.items():
            near = _beside(files, folder, mains)
            verbs = cobra.read_go(near)
            flags, plain = cobra.read_plain(near)
            for name in self._go_names(folder, verbs):
                root = next((each for each in verbs if each.is_called(name) and each.below), None)
                root = root or _only_root(verbs, name)
                yield _program(name, path, verbs, root, flags, plain)

    def _go_names(self, folder: str, verbs: list[Verb]) -> Iterator[str]:
        names = [base(folder)] if folder else []
        module = _MODULE.search(self._repository.text("go.mod"))
        if module and not folder:
            names.append(base(module[1]))
        for file in self._repository.named(
            "Makefile", "makefile", "Dockerfile", "justfile", "Taskfile.yml", "build.sh", "install.sh"
        ):
            for output, source in _OUTPUT.findall(file.text or ""):
                if "$" not in output and base(source.rstrip("/.")) == base(folder):
                    names.append(base(output))
        for file in self._repository.named(".goreleaser.yml", ".goreleaser.yaml"):
            for each in next(iter(read_trees(file.text or "")), Tree()).get("builds").items():
                if base(each.get("main").text.rstrip("/").removesuffix("/main.go")) == base(folder):
                    names.append(each.get("binary").text)
        tops = [
            each.name
            for each in verbs
            if each.below and not any(each.name in {below.name for below in other.below} for other in verbs)
        ]
        yield from dict.fromkeys(name for name in (*names, *(tops if len(tops) == 1 else ())) if name)

    def _rust(self) -> Iterator[Program]:
        for file in self._repository.named("Cargo.toml"):
            try:
                value: dict[str, Any] = tomllib.loads(file.text or "")
            except (tomllib.TOMLDecodeError, RecursionError):
                continue
            folder = parent(file.path)
            files = [
                (each.path, each.text or "")
                for each in self._repository.ending(".rs")
                if each.path.startswith(f"{folder}/src/".lstrip("/"))
            ]
            for name, path in self._rust_names(value, folder):
                yield _rust_program(name, path, files)

    def _rust_names(self, value: dict[str, Any], folder: str) -> Iterator[tuple[str, str]]:
        package = value.get("package")
        named = package.get("name") if isinstance(package, dict) else None
        main = join(folder, "src/main.rs") or ""
        for each in value.get("bin", []) if isinstance(value.get("bin"), list) else []:
            if isinstance(each, dict) and isinstance(each.get("name"), str):
                yield each["name"], join(folder, str(each.get("path", f"src/bin/{each['name']}.rs"))) or main
        if isinstance(named, str) and self._repository.file(main) is not None:
            yield named, main
        for file in self._repository.ending(".rs"):
            if parent(file.path) == join(folder, "src/bin"):
                yield base(file.path).removesuffix(".rs"), file.path

    def _python(self) -> Iterator[Program]:
        for file in self._repository.named("pyproject.toml"):
            try:
                value: dict[str, Any] = tomllib.loads(file.text or "")
            except (tomllib.TOMLDecodeError, RecursionError):
                continue
            for name, target in _find_entries(value):
                yield self._entry(name, target, file.path)
        for file in self._repository.named("setup.cfg", "setup.py"):
            part = (file.text or "").partition("console_scripts")[2].partition("]")[0]
            for name, target in _SCRIPT.findall(part):
                yield self._entry(name, target, file.path)

    def _entry(self, name: str, target: str, where: str) -> Program:
        """A program by its entry point: ``module.inner:function``."""
        module = target.partition(":")[0].replace(".", "/")
        ends = tuple(f"/{module}{end}" for end in (".py", "/__init__.py"))
        files = [each for each in self._repository.ending(".py") if f"/{each.path}".endswith(ends)]
        root = read_python(files[0].text or "", files[0].path).root if len(files) == 1 else None
        if root is None:
            return Program(name=name, where=where)
        verbs = frozenset(word for each in root.everything() for word in (each.name, *each.aliases))
        return Program(name=name, where=files[0].path, root=root, verbs=verbs, whole=True)


def _find_entries(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The programs that a `pyproject.toml` installs, with their entry points."""
    for path in (("project", "scripts"), ("tool", "poetry", "scripts"), ("project", "entry-points", "console_scripts")):
        found: Any = value
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        for name, target in found.items() if isinstance(found, dict) else ():
            target = target.get("reference", target.get("callable", "")) if isinstance(target, dict) else target
            yield str(name), str(target)


def _beside(files: list[tuple[str, str]], folder: str, mains: dict[str, str]) -> list[tuple[str, str]]:
    """The sources that a program may be made of: its own and the shared ones, not those of other programs."""
    others = [each for each in mains if each != folder and each and not folder.startswith(f"{each}/")]
    return [(path, text) for path, text in files if not any(path.startswith(f"{each}/") for each in others)]


def _only_root(verbs: list[Verb], name: str) -> Verb | None:
    tops = [each for each in verbs if each.is_called(name)]
    return tops[0] if len(tops) == 1 else None


def _program(
    name: str, path: str, verbs: list[Verb], root: Verb | None, flags: frozenset[str], plain: frozenset[str]
) -> Program:
    every = [each for verb in verbs for each in verb.everything()]
    known = {flag for each in every for flag in (*each.flags, *each.lasting)} | flags
    return Program(
        name=name,
        where=path,
        root=root,
        verbs=frozenset({word for each in every for word in (each.name, *each.aliases)} | plain),
        flags=frozenset(known),
        whole=all(each.whole for each in every) and bool(every or flags or plain),
        places={each.name: each.where for each in every},
    )


def _rust_program(name: str, path: str, files: list[tuple[str, str]]) -> Program:
    own = [each for each in files if each[0] == path or "/bin/" not in each[0]]
    roots = clap.read_rust(own)
    here = [each for each in roots if each.where.partition(":")[0] == path]
    flags, plain = clap.read_builder(own)
    chosen = here[0] if here else roots[0] if len(roots) == 1 else None
    return _program(name, path, roots, chosen, flags, plain)
