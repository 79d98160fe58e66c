"""Where everything in a world lies, seen from the copy of this package inside it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "bazaar"
SERVER_PORT = 8080
"""The port that the server claims to listen on; ``.curlrc`` leads it to the free one that was really chosen."""

SUPERVISOR = "run/supervisor.sock"
DATABASE = "run/database.sock"
DATABASE_FILE = "data/shop.db"
BACKUP = "backups/nightly.db.gz"
LOGS = "log"


ADDRESS_LIMIT = 100
"""Bytes of a socket's path that every kernel takes."""


def dial(name: str, seconds: float) -> socket.socket:
    """Connect to the world's socket ``name``, from whatever directory; OSError if nobody answers in ``seconds``."""
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.settimeout(seconds)
    path = ROOT / name
    try:
        if len(os.fsencode(path)) <= ADDRESS_LIMIT:
            peer.connect(str(path))
        else:
            connect_through_folder(peer, path)
    except OSError:
        peer.close()
        raise
    return peer


def connect_through_folder(peer: socket.socket, path: Path) -> None:
    """Connect to a socket whose path is too long to be an address, by way of its open directory."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        peer.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
