"""Folders that are there after a power cut: a new one is on disk only once the folder that names it was synced."""

from __future__ import annotations

import os
from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder (0700), and those above it that are missing (as the umask has them); durable when it returns."""
    missing = [each for each in reversed(path.parents) if not each.exists()]
    for each in missing:
        each.mkdir(exist_ok=True)
        sync_folder(each.parent)
    if not path.exists():
        path.mkdir(mode=0o700, exist_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
