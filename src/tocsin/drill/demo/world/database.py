"""The shop's database: owns the SQLite file and serves a bounded number of connections.

A connection keeps its slot until its client lets go. There is no idle timeout, so a client that opens connections and
forgets them locks everybody else out until the database is restarted: the failure that this world is about.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import struct
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from .lifeline import hold
from .place import DATABASE, DATABASE_FILE

LIMIT = 8
"""Connections at most."""

REQUEST_LIMIT = 1 << 16
ROW_LIMIT = 1000


class Database:
    """The listener and its slots."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._slots: dict[int, int] = {}
        self._refusals = 0
        self._complained = float("-inf")

    def serve(self) -> None:
        """Accept for ever; a full house is told so at once instead of being left waiting."""
        Path(DATABASE).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(DATABASE)
            listener.listen(64)
            say(f"ready: {DATABASE_FILE}, {LIMIT} connections at most")
            while True:
                client, _ = listener.accept()
                self._welcome(client)

    def _welcome(self, client: socket.socket) -> None:
        pid = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        slot = self._take(pid)
        if slot is None:
            self._refuse(client)
        else:
            threading.Thread(target=self._attend, args=(client, slot), daemon=True).start()

    def _take(self, pid: int) -> int | None:
        with self._guard:
            free = (slot for slot in range(1, LIMIT + 1) if slot not in self._slots)
            slot = next(free, None)
            if slot is not None:
                self._slots[slot] = pid
        return slot

    def _refuse(self, client: socket.socket) -> None:
        self._refusals += 1
        with client:
            send(client, {"error": f"too many connections ({LIMIT} of {LIMIT} in use)"})
        if time.monotonic() - self._complained >= 1:
            self._complained = time.monotonic()
            with self._guard:
                holders = ", ".join(f"{slot}: pid {pid}" for slot, pid in sorted(self._slots.items()))
            say(f"FATAL: too many connections, {self._refusals} refused so far; slots {holders}")

    def _attend(self, client: socket.socket, slot: int) -> None:
        try:
            with suppress(OSError), client, client.makefile("rb") as lines, closing(open_file()) as file:
                send(client, {"slot": slot})
                while (line := lines.readline(REQUEST_LIMIT)).endswith(b"\n"):
                    send(client, answer(file, line))
        finally:
            with self._guard:
                del self._slots[slot]


def open_file() -> sqlite3.Connection:
    """Open the data for one client, who commits by himself."""
    return sqlite3.connect(DATABASE_FILE, timeout=1.0, isolation_level=None)


def answer(file: sqlite3.Connection, line: bytes) -> dict[str, Any]:
    """Run the one statement that ``line`` holds; what goes wrong is answered, never raised."""
    try:
        request = json.loads(line)
        rows = file.execute(request["sql"], request["values"]).fetchmany(ROW_LIMIT)
    except (ValueError, KeyError, TypeError, sqlite3.Error) as error:
        return {"error": str(error)}
    return {"rows": rows}


def send(client: socket.socket, message: dict[str, Any]) -> None:
    """Write one line."""
    client.sendall(json.dumps(message).encode() + b"\n")


def say(text: str) -> None:
    """Write to the log."""
    print(text, flush=True)


def main(_: list[str]) -> int:
    """Run until told to stop; SQLite needs no farewell, an open transaction is undone by the next start."""
    hold()

    def stop(*_: object) -> None:
        say("stopping: every connection is closed")
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    Database().serve()
    return 0
