"""Lays out a world's directory: programs, commands, the team's own files and a small history of them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

from tocsin.drill.demo.world.place import LOGS, PROJECT
from tocsin.drill.demo.world.shim import COMMANDS
from tocsin.drill.interpreter import identity
from tocsin.errors import Conflict, Unavailable

MARK = ".tocsin-world"
HISTORY = (
    ("2.2.0", 12, "Orders: store the time of placement in UTC"),
    ("2.3.0", 6, "Health check asks the database, not only itself"),
    ("2.3.1", 3, "Recycle database connections after a second"),
    ("2.4.0", 1, "Nightly export of all orders"),
)
"""Version, age in days and subject of each commit of the deployment's repository."""


def claim(directory: Path) -> int:
    """Take an empty or former world directory for ourselves and empty it.

    Returns an open file descriptor that holds the claim until it is closed. Raises Unavailable for a directory with
    other things in it, Conflict when another world uses it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    mark = directory / MARK
    if not mark.exists() and any(directory.iterdir()):
        raise Unavailable(f"{directory} is neither empty nor a former drill world; name an empty directory.")
    lock = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Conflict(f"Another drill world runs in {directory}; stop it or name another directory.") from None
    os.chown(directory, os.getuid(), os.getgid())
    directory.chmod(0o755)
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != mark:
            entry.unlink()
    return lock


def lay_out(directory: Path, interpreter: str, uid: int | None) -> None:
    """Fill an empty directory with everything but orders, and give it to ``uid`` (None: leave it ours).

    From then on whatever is written into it is written as that user: nobody can lead us astray with a link.
    """
    for name in ("app/shop", "bin", "backups", "data", LOGS, "run", "scripts"):
        (directory / name).mkdir(parents=True)
    _copy_programs(directory)
    _write_commands(directory / "bin", interpreter)
    directory.chmod(0o700)
    if uid is not None:
        give(directory, uid)
    _commit(directory, uid)


def give(directory: Path, uid: int) -> None:
    """Make everything below ``directory`` belong to ``uid``."""
    for folder, folders, names in os.walk(directory):
        for name in (".", *folders, *names):
            os.chown(Path(folder) / name, uid, uid, follow_symlinks=False)


def _copy_programs(directory: Path) -> None:
    source = files("tocsin.drill.demo").joinpath("world")
    for entry in source.iterdir():
        if entry.name.endswith(".py"):
            home = "app" if entry.name == "launch.py" else "app/shop"
            (directory / home / entry.name).write_bytes(entry.read_bytes())
    given = source.joinpath("files")
    (directory / "compose.yaml").write_bytes(given.joinpath("compose.yaml").read_bytes())
    (directory / ".gitignore").write_bytes(given.joinpath("gitignore").read_bytes())
    (directory / "VERSION").write_text(HISTORY[-1][0] + "\n")
    for entry in given.joinpath("scripts").iterdir():
        script = directory / "scripts" / entry.name
        script.write_bytes(entry.read_bytes())
        script.chmod(0o755)


def _write_commands(folder: Path, interpreter: str) -> None:
    launch = folder.parent / "app" / "launch.py"
    quoted = [f"'{str(word).replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'" for word in (interpreter, launch)]
    shim = folder / "docker"
    shim.write_text(f'#!/bin/sh\nexec {quoted[0]} -IS {quoted[1]} shim "$0" "$@"\n')
    shim.chmod(0o755)
    for name in COMMANDS:
        if name != shim.name and not (name == "curl" and shutil.which("curl", path=os.defpath)):
            (folder / name).symlink_to(shim.name)


def _commit(directory: Path, uid: int | None) -> None:
    """Give the deployment a history, where git is installed; the world works without.

    Done as the user that the world belongs to, since git trusts no repository of somebody else's.
    """
    if shutil.which("git") is None:
        return
    for words in (("init", "-q", "-b", "main"), ("fast-import", "--quiet"), ("reset", "-q")):
        stream = _history(directory) if words[0] == "fast-import" else b""
        subprocess.run(
            ("git", *words),
            cwd=directory,
            input=stream,
            env=git_environment(directory),
            capture_output=True,
            check=True,
            timeout=10,
            **identity(uid),
        )


def git_environment(directory: Path) -> dict[str, str]:
    """The environment in which git sees this repository only: no settings of the user's, no repository further up."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(directory),
        "GIT_CEILING_DIRECTORIES": str(directory.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def _history(directory: Path) -> bytes:
    """The stream that makes the commits (git-fast-import(1)); they differ in VERSION alone."""
    tracked = (
        "compose.yaml",
        ".gitignore",
        *sorted(f"scripts/{path.name}" for path in (directory / "scripts").iterdir()),
    )
    stream = b""
    for version, age, subject in HISTORY:
        at = int((datetime.now(UTC) - timedelta(days=age)).timestamp())
        contents = {"VERSION": f"{version}\n".encode()} | {name: (directory / name).read_bytes() for name in tracked}
        stream += f"commit refs/heads/main\ncommitter {PROJECT} deploy <deploy@{PROJECT}.example> {at} +0000\n".encode()
        stream += _chunk(subject.encode())
        for name, content in contents.items():
            mode = "100755" if name.startswith("scripts/") else "100644"
            stream += f"M {mode} inline {name}\n".encode() + _chunk(content)
    return stream


def _chunk(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"
