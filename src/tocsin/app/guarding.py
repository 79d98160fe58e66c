"""What of a workspace steps must not see or alter, and the places that its targets are.

Secrets and data are never seen, settings and playbooks never altered, wherever a target's directory lies and through
whatever links a path leads. A folder of the workspace that is a target's directory belongs to the steps.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from tocsin.app.place import NAME
from tocsin.app.storage import find_url
from tocsin.app.tables import find_secret_files
from tocsin.app.workspace import Workspace
from tocsin.integrations.box import Box, is_within
from tocsin.integrations.doors import spell_destination
from tocsin.integrations.isolation import STEP_UID, Isolation, find_isolation
from tocsin.integrations.layouts import GOOD_FOR_S
from tocsin.integrations.local import LocalTarget, Place
from tocsin.integrations.scratch import Scratches

LOG = logging.getLogger("tocsin.steps")

PRIVATE = ("secrets", ".tocsin")
POSTGRES, SOCKETS = 5432, ("/run/postgresql", "/tmp")  # noqa: S108 where its client looks
"""Where it listens if nobody says otherwise."""
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
SETTINGS = (NAME, "commands.toml", "playbooks")


def find_place(workspace: Workspace, data: Path, name: str) -> Place | None:
    """The place of a target (``team/target``), if there is one."""
    found = workspace.targets.get(name)
    return _make_place(workspace, data, name, *found) if found else None


class Grounds:
    """Places as they were found a moment ago: every step asks, and to look for other workspaces beside this one takes
    longer than all else of it. What was found by other settings is not used.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._found: dict[str, tuple[Workspace, float, Place | None]] = {}

    def find(self, workspace: Workspace, name: str) -> Place | None:
        """The place of a target (``team/target``), if there is one."""
        known, now = self._found.get(name), time.monotonic()
        if known is not None and known[0] is workspace and now - known[1] < GOOD_FOR_S:
            return known[2]
        place = find_place(workspace, self._data, name)
        if place is not None:
            self._found[name] = (workspace, now, place)
        return place


def find_places(workspace: Workspace, data: Path) -> dict[str, Place]:
    """All targets' places, by name."""
    return {name: _make_place(workspace, data, name, *found) for name, found in workspace.targets.items()}


async def isolate(workspace: Workspace, data: Path) -> Isolation | str:
    """The isolation that holds for the workspace's targets, or the sentence that says why none does."""
    give_to_steps(workspace)
    boxes = [place.box for place in find_places(workspace, data).values()]
    found = await find_isolation(boxes or [_make_place(workspace, data, "", LocalTarget(), workspace.root).box])
    if isinstance(found, Isolation) and found.bwrap is None:
        tmp = "it" if found.staged else "it and /tmp"
        LOG.warning(
            "Steps are kept from the server by their own uid alone, and share %s with one another. Install bubblewrap "
            "for more.",
            tmp,
        )
    return found


def find_scratches(data: Path) -> Scratches:
    """Where steps' `/tmp` is kept."""
    return Scratches(data / "scratch")


def say_tmp(workspace: Workspace, data: Path, isolation: Isolation | str) -> Workspace:
    """The workspace whose policies say what becomes of what a step writes to `/tmp`."""
    replace = msgspec.structs.replace
    if isinstance(isolation, str):
        return workspace
    places, trial = find_places(workspace, data), find_scratches(data).find("", "trial")
    lasts = {name: _find_tmp(isolation, replace(place.box, scratch=trial)) for name, place in places.items()}
    teams = {
        team: replace(
            shelf,
            policy=replace(
                shelf.policy,
                targets=tuple(replace(each, tmp=lasts.get(each.name, each.tmp)) for each in shelf.policy.targets),
            ),
        )
        for team, shelf in workspace.settings.teams.items()
    }
    return replace(workspace, settings=replace(workspace.settings, teams=teams))


def _find_tmp(isolation: Isolation, box: Box) -> Literal["kept", "own", "shared"]:
    if isolation.keeps(box):
        return "kept"
    return "shared" if isolation.bwrap is None else "own"


def give_to_steps(workspace: Workspace) -> None:
    """Where the server is root: directories of targets inside the workspace become the steps' own, if they are root's.

    What lies in them is left as it is. Directories elsewhere are somebody's, and whoever that is decides; one that
    holds a playbook or a secret stays as it is too.
    """
    root = workspace.root.resolve()
    if os.geteuid() != 0:
        return
    for name, place in find_places(workspace, workspace.root).items():
        directory = workspace.targets[name][1]
        guarded = [each.resolve() for each in (*place.box.sealed, *place.box.private) if each != workspace.root]
        apart = not is_within(directory, guarded) and not any(is_within(each, [directory]) for each in guarded)
        if apart and root in directory.parents:
            _give(root, directory)


def _give(root: Path, directory: Path) -> None:
    """Make a folder below `root` the steps' own if it is root's. What it lies in may be theirs already, and a step may
    have put a link in its stead since that was looked at: none is followed.
    """
    place = os.open(root, FOLDER)
    try:
        for part in directory.relative_to(root).parts:
            above, place = place, os.open(part, FOLDER, dir_fd=place)
            os.close(above)
        if os.fstat(place).st_uid == 0:
            os.fchown(place, STEP_UID, STEP_UID)
    except OSError as error:
        LOG.info("%s is not given to steps: %s.", directory, error.strerror)
    finally:
        os.close(place)


def _make_place(workspace: Workspace, data: Path, name: str, target: LocalTarget, directory: Path) -> Place:
    root = workspace.root
    target = _declare_prometheus(workspace, name.partition("/")[0], target)
    shown = (*target.readable, *target.path)
    box = Box(
        directory=directory,
        readable=tuple(directory / path for path in shown),
        writable=(directory, *(directory / path for path in target.writable)),
        private=(data, *(root / name for name in PRIVATE), *_find_secret_files(workspace), *_find_database(workspace)),
        sealed=(*workspace.files, *(root / name for name in SETTINGS)),
        workspace=root,
        concealed=(root / NAME, *_find_neighbours(root)),
        network=target.change_network,
    )
    return Place(target=target, directory=directory, box=box)


def _declare_prometheus(workspace: Workspace, team: str, target: LocalTarget) -> LocalTarget:
    """The target with its team's Prometheus among what reads reach: whoever says whom PromQL asks has declared it."""
    shelf = workspace.settings.teams.get(team)
    url = shelf.policy.prometheus if shelf is not None else ""
    if not url or isinstance(target.network, str):
        return target
    return msgspec.structs.replace(target, network=tuple(dict.fromkeys((*target.network, spell_destination(url)))))


def _find_secret_files(workspace: Workspace) -> Iterator[Path]:
    """The files of channels' secrets and the keys to other machines, which may lie anywhere."""
    for target in workspace.inventory.values():
        for field in ("key", "change_key"):
            name = getattr(target, field, None)
            if name is not None:
                yield workspace.root / name
    for channel in workspace.channels.values():
        yield from (workspace.root / name for name in find_secret_files(channel).values())


def _find_database(workspace: Workspace) -> Iterator[Path]:
    """The sockets by which PostgreSQL would know a step for the server: by the user alone, without a password. Where
    the server is root, steps are somebody else.
    """
    url = find_url(workspace.store, os.environ)
    if url is None or os.geteuid() == 0:
        return
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    named = asked.get("host") or [unquote(parts.hostname or os.environ.get("PGHOST", ""))]
    for spelt in (each for host in named for each in host.split(",")):
        folder, _, port = spelt.partition(":")
        number = port or asked.get("port", [""])[-1] or parts.port or os.environ.get("PGPORT") or POSTGRES
        if not spelt or spelt.startswith("/"):
            yield from (Path(each) / f".s.PGSQL.{number}" for each in ([folder] if spelt else SOCKETS))


def _find_neighbours(root: Path) -> Iterator[Path]:
    """What is private in the workspaces beside this one."""
    real = root.resolve()
    try:
        folders = [folder for folder in real.parent.iterdir() if folder != real and (folder / NAME).is_file()]
    except OSError:
        return
    for folder in folders:
        yield from (folder / name for name in (NAME, *PRIVATE))
