"""Keys in files of their own, outside the database: readable by the owner only, made once, never shown."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tocsin.errors import Corrupt
from tocsin.store.folder import make_folder, sync_folder

SIZE = 32


def read_key(path: Path) -> bytes:
    """The key in `path`, made at the first use. Raises `Corrupt` for a file that holds none."""
    make_folder(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(SIZE).hex().encode())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError:
        key = b""
    if len(key) != SIZE:
        raise Corrupt(f"{path} holds no key ({SIZE} bytes in hex). Restore it from your backup; do not make a new one.")
    return key
