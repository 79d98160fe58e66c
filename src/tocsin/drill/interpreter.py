"""Finds the Python that a world's programs run on.

Not simply our own: inside a sandbox, or as another user, a virtual environment is often out of reach while the
system's interpreter is not.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from tocsin.errors import Unavailable

CANDIDATES: tuple[str, ...] = (
    "/usr/bin/python3",
    "/usr/local/bin/python3",
    getattr(sys, "_base_executable", ""),
    sys.executable,
)
PROBE = "import ctypes, os, sqlite3, sys; os.listdir(sys.argv[1]); sys.exit(sys.version_info < (3, 11))"
"""Names the directory in full: a process keeps the directory that it was started in, even one it could not enter."""


async def find_interpreter(directory: Path, uid: int | None) -> str:
    """Absolute path of a Python ≥ 3.11 that runs as ``uid`` (None: as ourselves) with ``directory`` as its own.

    Raises Unavailable with what to do when there is none.
    """
    for candidate in dict.fromkeys(filter(None, CANDIDATES)):
        if Path(candidate).exists() and await _works(candidate, directory, uid):
            return candidate
    if uid is None:
        raise Unavailable("No Python 3.11 with sqlite3 and ctypes was found to run the drill world on; install one.")
    raise Unavailable(
        f"User {uid} can reach no Python 3.11, or not the directory {directory}: "
        "choose a directory that everybody may enter, or run the drill world as yourself."
    )


async def _works(candidate: str, directory: Path, uid: int | None) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            candidate,
            "-IS",
            "-c",
            PROBE,
            str(directory),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            **identity(uid),
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(10):
            return await process.wait() == 0
    except TimeoutError:
        process.kill()
        await process.wait()
        return False


def identity(uid: int | None) -> dict[str, Any]:
    """The arguments that make a subprocess run as ``uid``, with a group of the same number and no other."""
    return {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
