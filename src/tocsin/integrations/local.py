"""Targets on this machine: what their settings are, and where and in which boxes their statements run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from tocsin.integrations.box import Box
from tocsin.integrations.doors import OPEN, Network

MOST = 64


class LocalTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[teams.ID.targets.NAME] kind = "local"`: statements run on the server's own machine, or on that of the `node`
    that is named, where there are several.

    `directory` is where, relative to the workspace; `path` is put in front of the usual program path; `writable` names
    what approved changes may write beside the directory, `readable` what comes back inside what is hidden (a tool in a
    home directory, a credential made for steps). Neither reaches the workspace's secrets, data, settings or playbooks.
    `network` is what reads reach, by ``host:port``, and `change_network` what approved changes do; "open" is all.
    `allow` lets reads run by themselves that are `read_sensitive` or `privileged`. `timeout_s` bounds one statement,
    `processes` how many it has at once, `memory_mib` what each of them may use, `file_mib` each file that it writes;
    0 is no bound. With `terminal` every step has a terminal of its own, else only what is known to need one.
    """

    kind: Literal["local"] = "local"
    node: str | None = None
    directory: str = "."
    path: tuple[str, ...] = ()
    env: dict[str, str] = {}
    writable: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    network: Network = ()
    change_network: Network = OPEN
    allow: tuple[Literal["read_sensitive", "privileged"], ...] = ()
    timeout_s: int = 60
    processes: Annotated[int, msgspec.Meta(ge=0)] = 1024
    memory_mib: Annotated[int, msgspec.Meta(ge=0)] = 4096
    file_mib: Annotated[int, msgspec.Meta(ge=0)] = 16384
    terminal: bool = False


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a target's statements run: what it was set to, its directory, and what of the disk its steps have.

    `box` is a change's; a read has the same without writing, and with its own bounds of what it reaches.
    """

    target: LocalTarget
    directory: Path
    box: Box

    def find_box(self, *, changes: bool) -> Box:
        """The box of a statement."""
        if changes:
            return self.box
        network, also = self.target.network, self.box.writable
        return msgspec.structs.replace(self.box, writable=(), also=also, network=network, sockets=False)


class Boxed:
    """The boxes of places, made once for as long as a place is the same: whoever finds the same box again by what it
    is finds it at once.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[int, bool], tuple[Place, Box]] = {}
        self._given: dict[tuple[int, Path], tuple[Box, Box]] = {}

    def find(self, place: Place, *, changes: bool) -> Box:
        """The box of a statement."""
        key = (id(place), changes)
        known = self._found.get(key)
        if known is None or known[0] is not place:
            if len(self._found) >= MOST:
                self._found.clear()
            known = self._found[key] = (place, place.find_box(changes=changes))
        return known[1]

    def give(self, box: Box, scratch: Path) -> Box:
        """The box with a scratch."""
        key = (id(box), scratch)
        known = self._given.get(key)
        if known is None or known[0] is not box:
            if len(self._given) >= MOST:
                self._given.clear()
            known = self._given[key] = (box, msgspec.structs.replace(box, scratch=scratch))
        return known[1]
