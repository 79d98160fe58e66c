"""`tocsin restore`: a backup becomes a data directory again, whole and verified, or nothing does.

Everything is unpacked and checked in a folder beside the data directory, which takes its place in one step at the end.
A data directory that holds anything is never touched. Settings are written where the workspace has none; a workspace
that has its own keeps them, and whoever restores is told which differ.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from tocsin.app.backup import DUMP
from tocsin.app.place import NAME, PRIVATE
from tocsin.app.storage import Data, SharedKeys
from tocsin.errors import UserError
from tocsin.store.archive import Contents, NoBackup, Place, read_archive, writing
from tocsin.store.folder import sync_folder
from tocsin.store.keys import read_key
from tocsin.store.lock import take_lock
from tocsin.store.migrate import require_range
from tocsin.store.snapshot import require_whole
from tocsin.store.sqlite import open_engine
from tocsin.store.trouble import explained
from tocsin.store.verify import Report, verify

OPEN_TO_READ = (".toml", ".md")


class DataThere(UserError):
    """Where a backup was to be restored there is something already."""

    code = "TOC-167"


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was restored. `written` are settings that the workspace has got, `kept` those of its own that differ."""

    contents: Contents
    report: Report
    written: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def restore_file(archive: Path, directory: Path, root: Path | None) -> Restored:
    """Restore the data, and the workspace `root` if one is named. Raises `DataThere`, `NoBackup`, `Damaged`,
    `NotKept`, and `Corrupt` for a record that does not hold together.
    """
    with _empty(directory) as stage, _unpacked(archive, stage, "sqlite", root) as contents:
        report = _check(stage / "data", str(archive))
        settings = _lay_out(stage / "workspace", root)
        _put_in_place(stage / "data", directory)
    return Restored(contents=contents, report=report, written=settings[0], kept=settings[1])


def restore_shared(archive: Path, url: str, directory: Path, root: Path) -> Restored:
    """Likewise into an empty database, with the keys in the workspace and this node's mark in its data directory."""
    from tocsin.store.nodes import read_url
    from tocsin.store.postgres_dump import load

    with _empty(directory) as stage, _unpacked(archive, stage, "postgres", root) as contents:
        settings = _lay_out(stage / "workspace", root)
        keys, mark = SharedKeys(root), stage / "data" / "mark"
        if not keys.chain.exists():
            raise UserError(f"{keys.chain} is missing, without which nothing can be checked. Take it from the backup.")
        dumped = (stage / DUMP).rename(stage / "dump")
        report = asyncio.run(load(read_url(url), read_key(keys.chain), mark, dumped))
        _put_in_place(stage / "data", directory)
    return Restored(contents=contents, report=report, written=settings[0], kept=settings[1])


@contextmanager
def _empty(directory: Path) -> Iterator[Path]:
    """Hold an empty data directory; a folder beside it to work in, which is gone afterwards."""
    if directory.parent.name == PRIVATE:
        with writing(directory.parent):
            directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = take_lock(directory)
    try:
        held = sorted(path.name for path in directory.iterdir() if path.name != "lock")
        if held:
            raise DataThere(
                f"{directory} holds something already ({', '.join(held[:3])}), and nothing is ever restored over it. "
                "Move it away, or name another place with --workspace or --data."
            )
        stage = directory.with_name(f".{directory.name}.restoring")
        with writing(stage):
            shutil.rmtree(stage, ignore_errors=True)  # of a restore that was killed; whoever has the lock is alone
            stage.mkdir(mode=0o700)
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    finally:
        os.close(lock)


@contextmanager
def _unpacked(archive: Path, stage: Path, database: str, root: Path | None) -> Iterator[Contents]:
    """The backup unpacked in `stage`, if it is of the kind that is wanted; without a workspace only its data."""

    def wants(name: str) -> bool:
        return root is not None or name.startswith("data/")

    def place(contents: Contents) -> Place:
        if contents.database != database:
            raise NoBackup(_explain_kind(archive, contents.database))
        return lambda name: stage / name if wants(name) else None

    (stage / "data").mkdir(mode=0o700)
    yield read_archive(archive, place)


def _explain_kind(archive: Path, database: str) -> str:
    if database == "postgres":
        return (
            f"{archive} is of a record in PostgreSQL. Set TOCSIN_DATABASE_URL to an empty database, name the workspace "
            "with --workspace, and restore it again."
        )
    return f"{archive} is of a record in a file. Take TOCSIN_DATABASE_URL or [store] url away, and restore it again."


def _check(folder: Path, name: str) -> Report:
    """Everything in it holds together, and this version can work with it."""
    data = Data(folder)
    if not data.database.exists() or not data.keys[0].exists():
        raise NoBackup(f"{name} holds no database with its key. Name another backup.")
    engine = open_engine(data.database, read_only=True)
    try:
        with explained(data.database), engine.begin() as connection:
            require_range(connection, name)
    finally:
        engine.dispose()
    return require_whole(verify(data.database, data.chain_key(), data.mark, data.blobs), name, "nothing was restored")


def _put_in_place(unpacked: Path, directory: Path) -> None:
    """The folder takes the place of the empty one, whose lock goes over to it: no server can begin in between."""
    lock = take_lock(unpacked)
    try:
        for path in (unpacked, *unpacked.rglob("*")):
            if path.is_dir():
                sync_folder(path)
        with writing(directory):
            (directory / "lock").unlink()
            unpacked.rename(directory)
        sync_folder(directory.parent)
    finally:
        os.close(lock)


def _lay_out(unpacked: Path, root: Path | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Settings that were written, and those that were left as they are although the backup has others."""
    names = sorted(path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file())
    if root is None or not names:
        return (), ()
    differ = tuple(name for name in names if _differs(unpacked / name, root / name))
    if (root / NAME).exists():
        missing = tuple(name for name in names if not (root / name).exists())
        return (), tuple(sorted({*differ, *missing}))
    if differ:
        raise DataThere(
            f"{root} has no {NAME} and yet other files than the backup: {', '.join(differ[:3])}. Move them away, or "
            "name another folder with --workspace."
        )
    written = tuple(name for name in names if not (root / name).exists())
    for name in sorted(written, key=lambda name: name == NAME):  # last of all, what makes it a workspace
        _settle(unpacked / name, root / name)
    return written, ()


def _differs(ours: Path, theirs: Path) -> bool:
    with suppress(OSError):
        return theirs.exists() and theirs.read_bytes() != ours.read_bytes()
    return True


def _settle(ours: Path, theirs: Path) -> None:
    """Whatever may hold a secret stays its owner's alone; settings and playbooks are as any file of a workspace."""
    with writing(theirs):
        theirs.parent.mkdir(mode=0o700 if theirs.parent.name == "secrets" else 0o755, parents=True, exist_ok=True)
        handle = os.open(theirs, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(ours.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        if theirs.suffix in OPEN_TO_READ:
            theirs.chmod(0o644)
