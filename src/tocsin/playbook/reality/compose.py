"""What compose files say: services with their containers, ports, sources and variables, and how a project is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from tocsin.playbook.reality.names import WILD
from tocsin.playbook.reality.repository import Repository, base, join, parent
from tocsin.playbook.reality.tree import Tree, read_trees

DEFAULTS = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_NAMED = re.compile(r"(?:.*[-_.])?(?:docker-)?compose(?:[-_.].*)?\.ya?ml")
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-?+]([^}]*))?\}|\$(\w+)")
_OVERRIDES = tuple(f"{name.partition('.')[0]}.override.{name.partition('.')[2]}" for name in DEFAULTS)
_MOST_INCLUDES = 20


class Port(msgspec.Struct, frozen=True):
    """A published port: on the host, in the container."""

    host: str
    container: str
    where: str


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service; paths are those of the checkout."""

    name: str
    where: str
    container: str | None = None
    context: str | None = None
    dockerfile: str | None = None
    image: str = ""
    ports: tuple[Port, ...] = ()
    exposes: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    directory: str = ""
    hosts: tuple[str, ...] = ()
    of_host: bool = False
    profiles: tuple[str, ...] = ()


class ComposeFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file. ``uses`` are the variables that it takes over from the shell or from ``.env``."""

    path: str
    name: str = ""
    services: dict[str, Service] = {}
    networks: dict[str, str] = {}
    volumes: dict[str, str] = {}
    uses: frozenset[str] = frozenset()


def read_compose(repository: Repository, path: str) -> ComposeFile | None:
    """A compose file; null where it is none."""
    text = repository.text(path)
    root = next(iter(read_trees(text)), Tree()) if "services" in text or "include" in text else Tree()
    if not root.get("services").is_mapping and not root.get("include"):
        return None
    services = {name: _read_service(path, name, tree) for name, tree in root.get("services").pairs()}
    for included in _included(repository, path, root):
        services = {**included.services, **services}
    return ComposeFile(
        path=path,
        name=fill(root.get("name").text),
        services=services,
        networks=dict(_named(root.get("networks"))),
        volumes=dict(_named(root.get("volumes"))),
        uses=frozenset(match[1] or match[3] for match in _VARIABLE.finditer(text)),
    )


def _included(repository: Repository, path: str, root: Tree, depth: int = 0) -> Iterator[ComposeFile]:
    for each in root.get("include").items():
        for name in [each.text] if each.text else [part.text for part in each.get("path").items()]:
            target = join(parent(path), name)
            found = read_compose(repository, target) if target and target != path and depth < _MOST_INCLUDES else None
            if found is not None:
                yield found


def _named(tree: Tree) -> Iterator[tuple[str, str]]:
    for name, each in tree.pairs():
        yield name, fill(each.get("name").text) or (name if each.get("external").text == "true" else "")


def fill(text: str) -> str:
    """A value with its variables: their defaults where there are some, else gaps."""
    return _VARIABLE.sub(lambda match: match[2] or WILD, text)


def _read_service(path: str, name: str, tree: Tree) -> Service:
    folder = parent(path)
    build = tree.get("build")
    context = fill(build.text or build.get("context").text)
    place = join(folder, context) if context else folder if build else None
    return Service(
        name=name,
        where=f"{path}:{tree.line}",
        container=fill(tree.get("container_name").text) or None,
        context=place,
        dockerfile=join(place, build.get("dockerfile").text or "Dockerfile") if place is not None else None,
        image=fill(tree.get("image").text),
        profiles=tuple(fill(each.text) for each in tree.get("profiles").items()),
        ports=tuple(port for each in tree.get("ports").items() for port in _read_port(path, each)),
        exposes=tuple(each.text.split("/")[0] for each in tree.get("expose").items()),
        variables=tuple(word.partition("=")[0] for word in tree.get("environment").words()),
        env_files=tuple(_env_files(folder, tree)),
        mounts=tuple(_mounts(folder, tree)),
        directory=tree.get("working_dir").text,
        hosts=tuple(_hosts(tree)),
        of_host=tree.get("network_mode").text == "host",
    )


def _env_files(folder: str, tree: Tree) -> Iterator[str]:
    for each in tree.get("env_file").items():
        path = join(folder, fill(each.text or each.get("path").text))
        if path:
            yield path


def _mounts(folder: str, tree: Tree) -> Iterator[tuple[str, str]]:
    for each in tree.get("volumes").items():
        source, target = each.get("source").text, each.get("target").text
        if each.text:
            source, _, target = fill(each.text).partition(":")
        place = join(folder, source) if source.startswith(".") else None
        if place is not None:
            yield place, target.partition(":")[0]


def _hosts(tree: Tree) -> Iterator[str]:
    yield tree.get("hostname").text
    for _, network in tree.get("networks").pairs():
        yield from network.get("aliases").words()


def _read_port(path: str, tree: Tree) -> Iterator[Port]:
    where = f"{path}:{tree.line}"
    if tree.is_mapping:
        yield Port(fill(tree.get("published").text), fill(tree.get("target").text), where)
        return
    *front, container = fill(tree.text).partition("/")[0].rsplit(":", 2)
    host = front[-1] if front else ""
    yield from (Port(one, other, where) for one, other in zip(_range(host), _range(container), strict=False))


def _range(text: str) -> Sequence[str]:
    first, dash, last = text.partition("-")
    if not dash or not (first.isdecimal() and last.isdecimal()) or int(last) - int(first) > 1000:
        return [text]
    return [str(each) for each in range(int(first), int(last) + 1)]


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """Files that are used together. ``name`` is how its containers begin; ``fixed`` if the checkout says so itself."""

    files: tuple[ComposeFile, ...]
    name: str
    fixed: bool

    @property
    def services(self) -> dict[str, Service]:
        """The services of all its files; of two with the same name the parts of both."""
        found: dict[str, Service] = {}
        for file in self.files:
            for name, service in file.services.items():
                found[name] = _merge(found[name], service) if name in found else service
        return found


def _merge(one: Service, other: Service) -> Service:
    return msgspec.structs.replace(
        one,
        container=other.container or one.container,
        context=other.context if other.context is not None else one.context,
        dockerfile=other.dockerfile or one.dockerfile,
        ports=(*one.ports, *other.ports),
        variables=(*one.variables, *other.variables),
        mounts=(*one.mounts, *other.mounts),
        directory=other.directory or one.directory,
    )


class Composition:
    """All compose files of a checkout."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._read: dict[str, ComposeFile | None] = {}

    def file(self, path: str) -> ComposeFile | None:
        """One file, read once."""
        if path not in self._read:
            self._read[path] = read_compose(self._repository, path)
        return self._read[path]

    @cached_property
    def files(self) -> tuple[ComposeFile, ...]:
        """Every compose file there is, the shallowest first."""
        found = self._repository.matching(lambda path: _NAMED.fullmatch(base(path)) is not None)
        return tuple(each for each in (self.file(file.path) for file in found) if each is not None)

    @cached_property
    def projects(self) -> tuple[Project, ...]:
        """The projects that the folders with compose files make, whatever files are used together there."""
        folders = dict.fromkeys(parent(file.path) for file in self.files)
        return tuple(
            self.project(tuple(file for file in self.files if parent(file.path) == folder)) for folder in folders
        )

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """The services of all projects."""
        return tuple(service for project in self.projects for service in project.services.values())

    def used_in(self, folder: str) -> tuple[ComposeFile, ...]:
        """The files that compose takes when it is started in a folder: those there, else of the next above."""
        while True:
            chosen = self._set_by_env(folder) or [
                found for names in (DEFAULTS, _OVERRIDES) for found in self._first(folder, names)
            ]
            if chosen or not folder:
                return tuple(chosen)
            folder = parent(folder)

    def _first(self, folder: str, names: Sequence[str]) -> list[ComposeFile]:
        paths = (join(folder, name) or "" for name in names)
        found = (self.file(path) for path in paths if self._repository.file(path) is not None)
        return [file for file in found if file is not None][:1]

    def _set_by_env(self, folder: str) -> list[ComposeFile]:
        value = read_env(self._repository.text(join(folder, ".env") or "")).get("COMPOSE_FILE", "")
        found = (self.file(join(folder, name) or "") for name in value.split(":") if name)
        return [file for file in found if file is not None]

    def project(self, files: tuple[ComposeFile, ...], name: str = "") -> Project:
        """The project that some files make, named as compose would."""
        folder = parent(files[0].path) if files else ""
        named = name or next((file.name for file in reversed(files) if file.name), "")
        named = named or read_env(self._repository.text(join(folder, ".env") or "")).get("COMPOSE_PROJECT_NAME", "")
        return Project(files=files, name=named or _normal(base(folder) or self._repository.name), fixed=bool(named))


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", name.lower()).lstrip("-_")


_SETTING = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)$", re.MULTILINE)


def read_env(text: str) -> dict[str, str]:
    """The settings of an env file."""
    return {match[1]: match[2].strip().strip("\"'") for match in _SETTING.finditer(text)}
