"""A backup as one file: a compressed tar whose first member lists all others with their hashes.

It can be listed with any `tar`. Whatever is read from it is compared with the list, so a changed, cut or mixed-up
archive is recognised. It is not trusted either: only names that stay below where they are written are taken, and only
as plain files.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from tocsin.errors import Corrupt, UserError

FORMAT = 1
LIST = "tocsin-backup.json"
MOST_LIST = 256 * 2**20
"""Bytes of the list: it grows with the number of blobs."""
LEVEL = 3
"""Of compression: a database shrinks to a third at little cost."""
CHUNK = 2**20

_NAME = re.compile(r"(?:data|workspace)(?:/[^/\0\\]{1,255}){1,32}", re.DOTALL)
_UNREADABLE = (tarfile.TarError, zlib.error, EOFError, ValueError)


class NoBackup(UserError):
    """That file is no backup of tocsin's, or one of a version that this one does not know."""

    code = "TOC-165"


class NotKept(UserError):
    """What was to be backed up or restored could not be written."""

    code = "TOC-166"


class Damaged(Corrupt):
    """A backup is not as it was written."""

    code = "TOC-410"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a backup; `name` begins with `data/` or `workspace/`."""

    name: str
    size: int
    sha256: str


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself. `entries`, `streams` and `blobs` were read and verified when it was made."""

    version: str
    made_at: str
    database: Literal["sqlite", "postgres"]
    entries: int
    streams: int
    blobs: int
    parts: tuple[Part, ...]
    format: int = FORMAT


class _Format(msgspec.Struct):
    format: int
    version: str = "a newer version"


Origin = Path | bytes
Place = Callable[[str], Path | None]
"""Where a part is written, by its name; null for nowhere: it is only compared."""


def measure(name: str, origin: Origin) -> Part:
    """A part as the list has it."""
    if isinstance(origin, bytes):
        return Part(name=name, size=len(origin), sha256=hashlib.sha256(origin).hexdigest())
    with origin.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Part(name=name, size=file.tell(), sha256=digest)


def write_archive(path: Path, contents: Contents, origins: Mapping[str, Origin]) -> None:
    """Write a new file (0600), durably. Raises `NotKept`, also for a full disk."""
    with writing(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=LEVEL) as tar:
                listed = msgspec.json.encode(contents)
                _add(tar, LIST, len(listed), io.BytesIO(listed))
                for part in contents.parts:
                    _add_part(tar, part, origins[part.name])
            file.flush()
            os.fsync(file.fileno())


def _add_part(tar: tarfile.TarFile, part: Part, origin: Origin) -> None:
    with io.BytesIO(origin) if isinstance(origin, bytes) else origin.open("rb") as file:
        _add(tar, part.name, part.size, file)


def _add(tar: tarfile.TarFile, name: str, size: int, file: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, file)


def read_archive(path: Path, place: Callable[[Contents], Place]) -> Contents:
    """Read all of a backup, comparing every byte with the list; what `place` has a path for is written there (0600).

    Raises `NoBackup`, `Damaged` and `NotKept`.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise NoBackup(f"{path} cannot be read ({error.strerror}).") from error
    with file, gzip.GzipFile(fileobj=file) as unpacked, _open(path, unpacked) as tar:
        contents = _read_list(path, tar)
        with _reading(path):
            _read_parts(path, tar, contents, place(contents))
            while unpacked.read(CHUNK):  # to the checksum at the very end
                continue
        return contents


@contextmanager
def _open(path: Path, unpacked: gzip.GzipFile) -> Iterator[tarfile.TarFile]:
    try:
        tar = tarfile.open(fileobj=unpacked, mode="r|")  # noqa: SIM115 it is closed below
    except (*_UNREADABLE, OSError) as error:
        raise _deny(path) from error
    try:
        yield tar
    finally:
        tar.close()


def _deny(path: Path) -> NoBackup:
    return NoBackup(f"{path} is no backup that tocsin made, or its beginning is damaged. Name another file.")


def _read_list(path: Path, tar: tarfile.TarFile) -> Contents:
    try:
        first = tar.next()
        file = tar.extractfile(first) if first is not None and first.name == LIST and first.isreg() else None
        if first is None or file is None or first.size > MOST_LIST:
            raise _deny(path)
        listed = file.read()
        known = msgspec.json.decode(listed, type=_Format)
    except (*_UNREADABLE, OSError) as error:
        raise _deny(path) from error
    if known.format != FORMAT:
        raise NoBackup(
            f"{path} was made by tocsin {known.version}, in a form (number {known.format}) that this version does not "
            f"know; it knows number {FORMAT}. Restore it with that version or a newer one."
        )
    try:
        return msgspec.json.decode(listed, type=Contents)
    except ValueError as error:
        raise _deny(path) from error


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Whatever the archive's own form cannot bear is damage; what the disk says is not."""
    try:
        yield
    except _UNREADABLE as error:
        raise Damaged(f"{path} is damaged ({error}). Nothing was restored from it; take another backup.") from error
    except OSError as error:
        if error.errno is not None:
            raise NotKept(f"{path} cannot be read to its end ({error.strerror}).") from error
        raise Damaged(f"{path} is damaged ({error}). Nothing was restored from it; take another backup.") from error


def _read_parts(path: Path, tar: tarfile.TarFile, contents: Contents, place: Place) -> None:
    wanted = {part.name: part for part in contents.parts}
    while (member := tar.next()) is not None:  # iterating would begin at the list again
        part = wanted.pop(member.name, None)
        file = tar.extractfile(member) if member.isreg() else None
        if part is None or file is None or not is_safe(part.name) or member.size != part.size:
            raise Damaged(f"{path} is damaged: {member.name!r} is not as its list has it. Take another backup.")
        if _copy(file, place(part.name)) != part.sha256:
            raise Damaged(f"{path} is damaged: {part.name} is not what was backed up. Take another backup.")
    if wanted:
        raise Damaged(f"{path} is damaged: {next(iter(wanted))} is missing in it. Take another backup.")


def is_safe(name: str) -> bool:
    """Whether a name stays within the folder that it is written to."""
    return _NAME.fullmatch(name) is not None and not {".", ".."} & set(name.split("/"))


def _copy(file: IO[bytes], to: Path | None) -> str:
    """The hash of what was read, and written unless it goes nowhere."""
    if to is None:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # it has what is needed
    digest = hashlib.sha256()
    with writing(to), _create(to) as made:
        while chunk := _read(file):
            digest.update(chunk)
            made.write(chunk)
        made.flush()
        os.fsync(made.fileno())
    return digest.hexdigest()


def _read(file: IO[bytes]) -> bytes:
    """What cannot be read is the archive's trouble, not that of the file which is being written."""
    try:
        return file.read(CHUNK)
    except OSError as error:
        raise EOFError(str(error)) from error


def _create(path: Path) -> Any:
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir(mode=0o700)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the disk says into a sentence. Raises `NotKept`."""
    try:
        yield
    except OSError as error:
        raise NotKept(
            f"{error.filename or path} cannot be written ({error.strerror or error}). Nothing was kept of it; make "
            "room or mend that, or name another place, then try again."
        ) from error
