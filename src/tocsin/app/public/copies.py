"""Copies of status pages as files: put in place one by one, each whole or not at all, the page itself last."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from tocsin.errors import UserError


def put_copy(folder: Path, files: Mapping[str, bytes]) -> int:
    """Put files below a folder, in their order; how many were not there already as they are.

    Raises `UserError` where that cannot be done, or where a name leads out of the folder.
    """
    changed = 0
    for name in files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UserError(f"The server named a file {name[:100]!r}, outside {folder}: nothing was written.")
    try:
        for name, content in files.items():
            changed += _put(folder / name, content)
    except OSError as error:
        raise UserError(f"The copy in {folder} cannot be written ({error.strerror}).") from error
    return changed


def _put(path: Path, content: bytes) -> bool:
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return True
