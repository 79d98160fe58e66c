"""What a checkout has, worked out once and only when something asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from tocsin.playbook.reality.bash_script import find_sourced, read_shell
from tocsin.playbook.reality.binaries import Binaries
from tocsin.playbook.reality.code_script import read_node, read_python
from tocsin.playbook.reality.compose import Composition, read_env
from tocsin.playbook.reality.kubernetes import Cluster
from tocsin.playbook.reality.metrics import Metrics
from tocsin.playbook.reality.network import Network
from tocsin.playbook.reality.packages import Packages
from tocsin.playbook.reality.repository import Repository, join, parent
from tocsin.playbook.reality.schema import Table, read_schema
from tocsin.playbook.reality.script import Script
from tocsin.playbook.reality.targets import Targets
from tocsin.playbook.reality.units import Units

_DOCUMENT = (".md", ".mdx", ".markdown", ".rst", ".adoc", ".txt")
_RUN_NAME = re.compile(
    r"\b(?:docker|podman)\s+(?:container\s+)?(?:run|create)\b(?:[^\n]|\\\n)*?--name[= ]+[\"']?([\w.-]+)"
)
_SHELL = re.compile(r"#!.*\b(?:ba|da|z|k|a)?sh\b")


class System:
    """A checkout, seen as what runs. ``visited`` are folders that the playbook goes to anywhere."""

    def __init__(self, repository: Repository, visited: frozenset[str] = frozenset()) -> None:
        self.repository = repository
        self.visited = visited
        self._scripts: dict[str, Script | None] = {}

    @cached_property
    def compose(self) -> Composition:
        """Compose files and their projects."""
        return Composition(self.repository)

    @cached_property
    def units(self) -> Units:
        """Units of systemd."""
        return Units(self.repository)

    @cached_property
    def packages(self) -> Packages:
        """Packages of npm, pnpm and yarn."""
        return Packages(self.repository)

    @cached_property
    def targets(self) -> Targets:
        """What make, just and task can be told."""
        return Targets(self.repository)

    @cached_property
    def cluster(self) -> Cluster:
        """Objects of Kubernetes."""
        return Cluster(self.repository)

    @cached_property
    def binaries(self) -> Binaries:
        """Programs that the checkout builds."""
        return Binaries(self.repository)

    @cached_property
    def metrics(self) -> Metrics:
        """Metrics and alert rules."""
        return Metrics(self.repository)

    @cached_property
    def network(self) -> Network:
        """Hosts and ports."""
        return Network(self.repository, self.compose, self.cluster)

    @cached_property
    def schema(self) -> dict[str, Table]:
        """Tables of databases with their columns."""
        return read_schema(self.repository)

    @cached_property
    def containers(self) -> dict[str, str]:
        """Names of containers that the checkout makes, with where."""
        return dict(self._find_containers())

    def _find_containers(self) -> Iterator[tuple[str, str]]:
        for project in self.compose.projects:
            for service in project.services.values():
                if service.container is not None:
                    yield service.container, service.where
                else:
                    yield from ((f"{project.name}{mark}{service.name}{mark}1", service.where) for mark in "-_")
        for file in self.repository.matching(lambda path: not path.endswith(_DOCUMENT)):
            if file.text and "--name" in file.text:
                for match in _RUN_NAME.finditer(file.text):
                    yield match[1], f"{file.path}:{file.text.count(chr(10), 0, match.start(1)) + 1}"

    def parts_of_projects(self, kind: str) -> Iterator[tuple[str, str]]:
        """The networks or volumes that compose makes, as docker names them."""
        for project in self.compose.projects:
            if kind == "network" and project.services:
                yield f"{project.name}_default", project.files[0].path
            for file in project.files:
                for name, own in (file.networks if kind == "network" else file.volumes).items():
                    yield own or f"{project.name}_{name}", file.path

    def script(self, path: str) -> Script | None:
        """A script as read; null where its language is not known."""
        if path not in self._scripts:
            self._scripts[path] = self._read_script(path)
        return self._scripts[path]

    def _read_script(self, path: str) -> Script | None:
        file = self.repository.file(path)
        if file is None or file.text is None:
            return None  # too large, or no text: nobody has read it
        text = file.text
        first = text.split("\n", 1)[0]
        if path.endswith((".sh", ".bash")) or _SHELL.match(first):
            return read_shell(text, tuple(self._libraries(path, text)))
        if path.endswith(".py") or "python" in first:
            return read_python(text, path)
        if path.endswith((".js", ".mjs", ".cjs", ".ts")) or "node" in first:
            return read_node(text, path)
        return None

    def _libraries(self, path: str, text: str) -> Iterator[str]:
        """The files that a script takes in, found from its own folder or from one above it."""
        for end in list(find_sourced(text))[:10]:
            folder = parent(path)
            for start in (folder, parent(folder), ""):
                found = self.repository.file(join(start, end) or "")
                if found is not None and found.text:
                    yield found.text
                    break

    def set_beside(self, folder: str) -> set[str]:
        """Variables that env files set, beside a script or at the root."""
        found: set[str] = set()
        for place in (folder, parent(folder), ""):
            for name in (".env", ".envrc", ".env.example", ".env.sample", ".env.template", "env.example"):
                found |= read_env(self.repository.text(join(place, name) or "")).keys()
        return found
