"""One connection to the shop's database, as a client holds it.

The protocol is a line of JSON each way. The database speaks first: it names the slot that it gives, or why it gives
none.
"""

from __future__ import annotations

import json
import select
from typing import Any

from .place import DATABASE, dial

ANSWER_LIMIT = 1 << 20
"""Bytes of the longest answer that a client reads."""


class Refused(Exception):
    """The database gives no connection, or has broken this one off."""


class Failed(Exception):
    """The database understood and could not: the statement's own fault."""


class Link:
    """An open connection; ``slot`` is its number among those that the database allows."""

    def __init__(self, seconds: float = 1.0) -> None:
        """Connect within ``seconds``, which also bounds every later answer; raises Refused."""
        try:
            self._socket = dial(DATABASE, seconds)
        except OSError as error:
            raise Refused(f"database does not answer ({error.strerror or error})") from error
        self._lines = self._socket.makefile("rb")
        try:
            self.slot = int(self._receive()["slot"])
        except (Refused, Failed) as error:
            self.close()
            raise Refused(str(error)) from error

    @property
    def alive(self) -> bool:
        """Is the other end still there? An idle connection has nothing to say but its end."""
        return not select.select([self._socket], [], [], 0)[0]

    def run(self, statement: str, *values: Any) -> list[list[Any]]:
        """Run one SQL statement and return its rows; raises Refused when the connection is lost, Failed otherwise."""
        request = json.dumps({"sql": statement, "values": values}) + "\n"
        try:
            self._socket.sendall(request.encode())
        except OSError as error:
            raise Refused("connection to the database is lost") from error
        rows: list[list[Any]] = self._receive()["rows"]
        return rows

    def close(self) -> None:
        """Give the slot back."""
        self._lines.close()
        self._socket.close()

    def wait_for_end(self) -> None:
        """Block until the database breaks the connection off; for a client that has nothing more to say."""
        self._socket.settimeout(None)
        while self._lines.read(4096):
            pass

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._lines.readline(ANSWER_LIMIT)
        except OSError as error:
            raise Refused("database did not answer in time") from error
        if not line.endswith(b"\n"):
            raise Refused("connection to the database is lost")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer
