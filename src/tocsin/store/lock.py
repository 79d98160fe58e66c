"""One server for one workspace and one data directory: whoever comes second is told so in a sentence."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tocsin.errors import UserError
from tocsin.store.folder import make_folder


class DataInUse(UserError):
    """Another server has this data directory."""

    code = "TOC-160"


class DataNotWritable(UserError):
    """The data directory cannot be written."""

    code = "TOC-161"


class DatabaseNotUsable(UserError):
    """The database is there and cannot be used now."""

    code = "TOC-162"


class SchemaNotKnown(UserError):
    """The database is of a version of tocsin that this one cannot work beside."""

    code = "TOC-164"


class WorkspaceInUse(UserError):
    """Another server serves this workspace."""

    code = "TOC-163"


def take_lock(directory: Path) -> int:
    """Make the data directory (0700) and take it; the lock holds until the process ends. Gives the file descriptor."""
    try:
        return _take(directory)
    except _Taken as taken:
        raise DataInUse(
            f"Another tocsin (process {taken}) serves the data directory {directory}. Stop it, or give this one "
            "another directory with --data."
        ) from None
    except OSError as error:
        raise DataNotWritable(
            f"The data directory {directory} cannot be written ({error.strerror}). Mend its permissions, or give "
            "another one with --data."
        ) from error


def take_workspace(private: Path) -> int:
    """Take a workspace by its private folder: its credential and address are one server's, wherever the data lies."""
    try:
        return _take(private)
    except _Taken as taken:
        raise WorkspaceInUse(
            f"Another tocsin (process {taken}) serves the workspace {private.parent}. Stop it, or make a workspace of "
            "its own for a second server; another --data is not enough."
        ) from None
    except OSError as error:
        raise DataNotWritable(
            f"{private} cannot be written ({error.strerror}); the server keeps its address and credential there. "
            "Mend the permissions of the workspace."
        ) from error


class _Taken(Exception):
    """Somebody else has the lock: the process."""


def _take(directory: Path) -> int:
    make_folder(directory)
    handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise _Taken(owner) from None
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())
    return handle
