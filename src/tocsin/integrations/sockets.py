"""Sockets in the file system: whoever connects to one of them is served by a program outside of the box.

What listens there is often mightier than whoever asks: a container engine, the init system, a key agent, a resolver
that asks the whole internet. A network of its own does not keep a step from a socket that it sees.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

RUN = Path("/run")
"""Where programs that run put their sockets, now or in a moment."""
SHOWN = (Path("/run/log"), Path("/run/utmp"))
"""What of it is no socket and is looked at: journals that are not on disk, and who is signed in."""

LISTED = Path("/proc/net/unix")


def find_sockets(readable: Iterable[Path] = ()) -> tuple[Path, ...]:
    """The sockets that can be connected to, but for those that are `readable`: by their own name, or by that of a
    folder in `/run`, where little else is to be had.
    """
    given = {each.resolve() for each in readable}
    folders = [each for each in given if RUN in each.parents]
    found = sorted(set(_list_sockets()))
    return tuple(path for path in found if path not in given and not any(each in path.parents for each in folders))


def names_socket(readable: Iterable[Path]) -> bool:
    """Whether one of these is a socket, or a place in `/run`, where there may be some at any time."""
    ends = [each.resolve() for each in readable]
    return any(end == RUN or RUN in end.parents or _is_socket(str(end)) for end in ends)


def _list_sockets() -> Iterator[Path]:
    try:
        lines = LISTED.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        spelt = line.partition(" /")[2]
        if spelt and _is_socket(f"/{spelt}"):
            yield Path(f"/{spelt}").resolve()


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 the bytes as the kernel lists them
    except OSError:
        return False
