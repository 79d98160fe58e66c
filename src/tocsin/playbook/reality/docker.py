"""Statements of docker and compose: the file, the service, the container, the network, the volume."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.reality import building, names, paths, swarm
from tocsin.playbook.reality.command import OUTSIDE, Arguments, Command, take_apart
from tocsin.playbook.reality.compose import ComposeFile, Project, Service
from tocsin.playbook.reality.finding import Finding, Question, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.repository import parent
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_TOP = words(
    "-f --file -p --project-name --profile --env-file --project-directory -H --host -c --context --ansi --progress"
)
_VALUED = words(
    "--tail --since --until --scale --timeout --signal --env --user --workdir --index --build-arg --format --filter "
    "--name --volume --publish --entrypoint --label --cpus --memory --memory-swap --restart --wait-timeout "
    "--exit-code-from --attach --no-attach --type --status --shell --ssh --detach-keys --protocol --cpu-shares "
    "--pids-limit --cpuset-cpus --author --message"
)
_SHORT = {
    verb: words(flags)
    for verb, flags in (
        ("logs", "-n"), ("stop", "-t"), ("restart", "-t"), ("up", "-t"), ("down", "-t"),
        ("kill", "-s"), ("ps", "-f -n"),
        ("exec", "-e -u -w"), ("run", "-e -u -w -v -p -l"), ("update", "-c -m"), ("commit", "-a -c -m"),
        ("inspect", "-f"),
    )
}  # fmt: skip
"""The short flags that take a value, by verb: ``-t`` is a time to one and a terminal to another."""
_OF_SERVICES = words("restart stop start up logs ps build pull push rm kill pause unpause create top images down wait "
                     "watch events stats attach exec run port scale cp")  # fmt: skip
_FIRST_ONLY = words("exec run port attach")
_OF_CONTAINERS = words("logs restart stop start kill pause unpause rm inspect stats exec update top port attach diff "
                       "wait commit export rename")  # fmt: skip


def judge(command: Command, system: System) -> Iterator[Finding]:
    """Whatever docker or compose is told."""
    top = take_apart(command.words[1:], _TOP, stop=True)
    rest = top.rest
    if command.program.endswith("compose"):
        yield from _judge_compose(command, top, rest, system)
    elif rest[:1] == ("compose",):
        inner = take_apart(rest[1:], _TOP, stop=True)
        yield from _judge_compose(command, inner, inner.rest, system)
    elif rest:
        yield from _judge_engine(command, rest, system)


def _judge_compose(command: Command, top: Arguments, rest: tuple[str, ...], system: System) -> Iterator[Finding]:
    if not command.is_here:
        projects = list(system.compose.projects)
    else:
        chosen, found = choose_files(command, top, system)
        yield from found
        name = top.value("-p", "--project-name") or ""
        projects = [system.compose.project(files, name) for files in chosen]
    verb = rest[0] if rest else ""
    valued = _VALUED | _SHORT.get(verb, frozenset())
    services = list(dict.fromkeys(_named_services(verb, take_apart(rest[1:], valued), rest, valued)))
    for service in services:
        yield judge_service(service, projects, system)
    for profile in top.values("--profile") if projects else ():
        yield _judge_profile(profile, projects)
    if not services and projects and verb:
        yield matches("compose_file", "compose file", projects[0].files[0].path)


def _judge_profile(profile: str, projects: list[Project]) -> Finding:
    """A profile that no service has starts nothing, and compose does not say so."""
    what = f"compose profile {names.show(profile)}"
    services = [each for project in projects for file in project.files for each in file.services.values()]
    known = {name: each.where for each in services for name in each.profiles}
    if profile == "*" or names.is_open(profile) or any(map(names.is_wild, known)):
        return unknown("profile", what, "Which one is left open.")
    if profile in known:
        return matches("profile", what, known[profile])
    near = names.nearest(profile, known)
    return missing("profile", what, "No service has it: it starts nothing.", near, known[near] if near else None)


def choose_files(
    command: Command, top: Arguments, system: System
) -> tuple[list[tuple[ComposeFile, ...]], list[Finding]]:
    """The sets of files that compose may be using, and what there is to say about the choice."""
    given = top.values("-f", "--file")
    if given:
        return _given_files(command, given, system)
    if "COMPOSE_FILE" in command.known or "COMPOSE_FILE" in command.env:
        return [system.compose.files], []
    starts = [folder for value in top.values("--project-directory") for folder in paths.places(command, value, system)]
    folders = [folder for folder in starts or command.folders if folder == "" or system.repository.has_folder(folder)]
    sets = [files for folder in folders if (files := system.compose.used_in(folder))]
    if sets:
        return sets, []
    if not system.compose.files:
        why = "There is no compose file in the checkout."
        return [], [unknown("compose_file", "compose file", why)]
    places = list(dict.fromkeys(parent(file.path) for file in system.compose.files))
    first = system.compose.files[0].path
    if "" not in command.folders and OUTSIDE not in command.folders:
        why = f"There is none in {' or '.join(command.folders)}, where the statement runs."
        return [], [missing("compose_file", "compose file", why, first, first)]
    why = f"There is none where the statement runs; it is not known to run in {' or '.join(places[:3])}."
    found = ambiguous("working_directory", "working directory of compose", why, places[0], first)
    return [tuple(each for each in system.compose.files if parent(each.path) == place) for place in places], [found]


def _given_files(
    command: Command, given: tuple[str, ...], system: System
) -> tuple[list[tuple[ComposeFile, ...]], list[Finding]]:
    files: list[ComposeFile] = []
    found: list[Finding] = []
    for name in given:
        place = paths.locate(command, name, system)
        file = system.compose.file(place) if place else None
        if file is not None:
            files.append(file)
        else:
            known = [each.path for each in system.compose.files]
            found.append(paths.judge_file(command, name, system, "compose_file", "compose file", known))
    if files:
        return [tuple(files)], found
    return [(each,) for each in system.compose.files], found


def _named_services(verb: str, parts: Arguments, rest: tuple[str, ...], valued: frozenset[str]) -> Iterator[str]:
    if verb not in _OF_SERVICES:
        return
    if verb in _FIRST_ONLY:
        yield from take_apart(rest[1:], valued, stop=True).rest[:1]
    elif verb == "cp":
        yield from (word.partition(":")[0] for word in parts.operands if ":" in word)
    elif verb == "scale":
        yield from (word.partition("=")[0] for word in parts.operands)
    else:
        yield from parts.operands
    yield from (value.partition("=")[0] for value in parts.values("--scale"))


def judge_service(name: str, projects: list[Project], system: System) -> Finding:
    """Whether one of the projects has such a service."""
    what = f"compose service {names.show(name)}"
    files_used = tuple(word for project in projects[:1] for file in project.files for word in ("-f", file.path))
    ask = Question(argv=("docker", "compose", *files_used, "config", "--services"), expects=name)
    if not projects:
        return unknown("compose_service", what, "There is no compose file in the checkout.", ask)
    if names.is_open(name):
        return unknown("compose_service", what, "Which one is left open.")
    services = {key: service for project in projects for key, service in project.services.items()}
    found = names.find(name, services)
    if found is not None:
        return matches("compose_service", what, services[found].where)
    files = ", ".join(file.path for project in projects for file in project.files)
    elsewhere = next((each for each in system.compose.services if names.fits(name, each.name)), None)
    if elsewhere is not None:
        why = f"It is not in {files}, which is what this statement uses; name the file with -f."
        return ambiguous("compose_service", what, why, elsewhere.name, elsewhere.where)
    near = names.nearest(name, services)
    where = services[near].where if near else projects[0].files[0].path
    return missing("compose_service", what, f"{files} has no such service.", near, where, ask)


def _judge_engine(command: Command, rest: tuple[str, ...], system: System) -> Iterator[Finding]:
    yield from building.judge(command, rest, system)
    group = rest[0] in ("container", "network", "volume", "image", "service", "system", "node", "stack")
    verb = (rest[1:2] or ("",))[0] if group else rest[0]
    parts = take_apart(rest[2:] if group else rest[1:], _VALUED | _SHORT.get(verb, frozenset()))
    if rest[0] in ("network", "volume"):
        if verb in ("inspect", "rm", "connect", "disconnect"):
            yield from _judge_parts_of(rest[0], parts.operands[:1], system)
    elif (not group or rest[0] == "container") and verb in _OF_CONTAINERS:
        operands = parts.operands[:1] if verb in ("exec", "port", "commit", "rename") else parts.operands
        yield from (judge_container(name, system) for name in operands)
    elif verb == "cp":
        yield from (judge_container(word.partition(":")[0], system) for word in parts.operands if ":" in word)
    elif rest[0] in ("stack", "service"):
        yield from swarm.judge(command, rest, system)
    for value in parts.values("--filter", "-f"):
        if value.startswith("name="):
            yield judge_container(value.removeprefix("name="), system, part=True)


def judge_container(name: str, system: System, *, part: bool = False) -> Finding:
    """Whether a container of this name comes of the checkout; ``part`` if only a part of its name is given."""
    what = f"container {names.show(name)}"
    ask = Question(argv=("docker", "ps", "-a", "--format", "{{.Names}}"), expects=name, names=True)
    name = name.strip("^$/")
    known = system.containers
    if names.is_open(name):
        return unknown("container", what, "Which one is left open.")
    found = next((each for each in known if names.fits(name, each) or (part and name in each)), None)
    if found is not None:
        return matches("container", what, known[found])
    numbered = _numbered(name, system)
    if numbered is not None:
        return numbered
    if not known:
        return unknown("container", what, "The checkout says nothing of containers.", ask)
    by_service = next((each for each in known if _is_service_of(name, each, system)), None)
    near = by_service or names.nearest(name, known)
    return missing("container", what, "Nothing in the checkout makes a container of this name.", near,
                   known[near] if near else None, ask)  # fmt: skip


def _is_service_of(name: str, container: str, system: System) -> bool:
    return any(service.name == name and (service.container or f"-{name}-1") in container
               for service in system.compose.services)  # fmt: skip


def _numbered(name: str, system: System) -> Finding | None:
    """``project-service-1`` where the checkout does not fix the project's name; further ones of a scaled service."""
    what = f"container {names.show(name)}"
    for project in system.compose.projects:
        for service in project.services.values():
            if service.container is None and _ends(name, service):
                prefix = name[: name.rfind(service.name)].strip("-_")
                if prefix == project.name or not (project.fixed or parent(project.files[0].path)):
                    return matches("container", what, service.where)
                if not project.fixed:
                    why = f"Compose names it after the folder unless told otherwise: {project.name}."
                    return ambiguous("container", what, why, f"{project.name}-{service.name}-1", service.where)
    return None


def _ends(name: str, service: Service) -> bool:
    return any(names.fits(f"{names.WILD}{mark}{service.name}{mark}{names.WILD}", name) and
               name.rsplit(mark, 1)[-1].isdecimal() for mark in "-_")  # fmt: skip


def _judge_parts_of(kind: str, operands: tuple[str, ...], system: System) -> Iterator[Finding]:
    for name in operands:
        what = f"docker {kind} {names.show(name)}"
        ask = Question(argv=("docker", kind, "ls", "--format", "{{.Name}}"), expects=name, names=True)
        known = dict(system.parts_of_projects(kind))
        found = names.find(name, known)
        if name in ("bridge", "host", "none") or names.is_open(name):
            yield unknown(kind, what, "It is docker's own, or left open.")
        elif found is not None:
            yield matches(kind, what, known[found])
        elif not known or any(not project.fixed for project in system.compose.projects):
            loose = next((each for each in known if each.split("_", 1)[-1] == name.split("_", 1)[-1]), None)
            if loose is not None:
                yield matches(kind, what, known[loose], "The project's name is that of its folder.")
            elif known:
                yield missing(kind, what, "No compose file has it.", names.nearest(name, known), ask=ask)
            else:
                yield unknown(kind, what, "The checkout says nothing of it.", ask)
        else:
            yield missing(kind, what, "No compose file has it.", names.nearest(name, known), ask=ask)
