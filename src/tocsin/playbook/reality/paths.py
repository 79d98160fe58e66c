"""Paths in statements: where in the checkout they lead, and whether something is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.playbook.reality import names
from tocsin.playbook.reality.command import OUTSIDE, Command
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.repository import Repository, base, find_path, join, parent
from tocsin.playbook.reality.system import System

_DEPLOYED = ("/opt/", "/srv/", "/home/", "/app/", "/usr/src/", "~/", "/workspace/")
"""Where checkouts are put on machines; below any other root a path is the machine's own."""


def follow(repository: Repository, folders: tuple[str, ...], target: str) -> tuple[str, ...]:
    """The directories that a `cd` may lead to, those that there are; where there are none, the shell stays."""
    if target.startswith(("/", "~")) or target == "-":
        return (find_deployed(repository, target, whole=True) or ("" if target.startswith(_DEPLOYED) else OUTSIDE),)
    led = [join(folder, target) for folder in folders if folder != OUTSIDE]
    there = [find_path(repository, path) for path in led if path is not None]
    found = tuple(dict.fromkeys(path for path in there if path is not None and repository.has_folder(path)))
    return found or folders


def find_deployed(repository: Repository, path: str, *, whole: bool = False) -> str | None:
    """What an absolute path on a machine is in the checkout: the longest end of it that is there."""
    if not path.startswith(_DEPLOYED):
        return None
    parts = [part for part in path.split("/") if part not in ("", "~")]
    for start in range(0 if whole else 1, len(parts)):
        tail = "/".join(parts[start:])
        if tail in repository.files or tail in repository.folders:
            return tail
    return None


def locate(command: Command, path: str, system: System) -> str | None:
    """The file or folder of the checkout that a word means in a command; null where there is none."""
    repository = system.repository
    if path.startswith(("/", "~")):
        return find_deployed(repository, path)
    candidates = [join(folder, path) for folder in command.folders if folder != OUTSIDE]
    found = (find_path(repository, each) for each in candidates if each is not None)
    return next((each for each in found if each is not None), None)


def places(command: Command, path: str, system: System) -> Iterator[str]:
    """The folder that a word means, if there is one."""
    found = locate(command, path, system)
    if found is not None and system.repository.has_folder(found):
        yield found


def is_elsewhere(command: Command, path: str, system: System) -> str:
    """Why a checkout cannot tell whether a path is there; empty where it can."""
    if names.is_open(path.strip("./~*")):
        return "The path is left open."
    if not command.is_here:
        return f"It is a path {'on another machine' if command.place == 'remote' else 'in a container'}."
    if path.startswith(("/", "~")):
        return "" if _has_deployed_folder(path, system) else "It is a path of the machine, not of the checkout."
    if all(folder == OUTSIDE for folder in command.folders):
        return "The directory that it runs in is no part of the checkout."
    if any(system.repository.is_left_out(join(folder, path) or "") for folder in command.folders):
        return "It lies where dependencies and builds lie, which are not looked at."
    return ""


def _has_deployed_folder(path: str, system: System) -> bool:
    found = find_deployed(system.repository, parent(path)) if path.startswith(_DEPLOYED) else None
    return found is not None and base(found) not in ("bin", "data", "logs", "backups", "tmp")


def judge_file(
    command: Command, path: str, system: System, kind: str, name: str, similar: Iterable[str] | None = None
) -> Finding:
    """Whether a path leads to something in the checkout."""
    what = f"{name} {names.show(path)}"
    found = locate(command, path, system)
    if found is not None and command.is_here:
        return matches(kind, what, found)
    reason = is_elsewhere(command, path, system)
    if reason:
        return unknown(kind, what, reason)
    visited = next(
        (folder for folder in sorted(system.visited) if find_path(system.repository, join(folder, path) or "\n")), None
    )
    if visited is not None:
        where = join(visited, path)
        why = f"It is there from {visited or 'the root'}, but nothing says that this statement runs in it."
        return ambiguous(kind, what, why, where, where)
    known = list(similar) if similar is not None else [*system.repository.files, *system.repository.folders]
    same = [each for each in known if base(each) == base(path)]
    near = same[0] if same else names.nearest(path.removeprefix("./"), known) or nearest_base(path, known)
    ran = " or ".join(folder or "the root" for folder in command.folders[:3])
    return missing(kind, what, f"There is none from {ran}.", near, near)


def nearest_base(path: str, known: Iterable[str]) -> str | None:
    """The path whose last part is most like that of another."""
    by_base = {base(each): each for each in known}
    near = names.nearest(base(path), by_base)
    return by_base[near] if near else None
