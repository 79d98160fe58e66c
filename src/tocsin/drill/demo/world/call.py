"""One call of a command inside the world: known to the supervisor while it lasts, and its only way to act."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from .place import SUPERVISOR, dial
from .refusal import Refusal

PATIENCE = 60.0
NOBODY_THERE = "Cannot connect to the Docker daemon of this world. Is the world running?"


class Call:
    """A conversation with the supervisor; without one, commands that do not need it still work."""

    def __init__(self, argv: list[str]) -> None:
        self._socket: socket.socket | None = None
        with suppress(OSError):
            self._socket = dial(SUPERVISOR, PATIENCE)
            self._lines = self._socket.makefile("rb")
            self.ask("call", argv=argv, cwd=str(Path.cwd()))

    def ask(self, verb: str, **details: Any) -> dict[str, Any]:
        """Ask the supervisor something and return its answer; raises Refusal when there is none."""
        if self._socket is None:
            raise Refusal(NOBODY_THERE, 1)
        try:
            self._socket.sendall(json.dumps({"do": verb, **details}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(self._lines.readline())
        except (OSError, ValueError) as error:
            raise Refusal(NOBODY_THERE, 1) from error
        if "error" in answer:
            raise Refusal(answer["error"], 1)
        return answer

    def services(self, verb: str = "ps", names: list[str] | None = None) -> list[dict[str, Any]]:
        """Ask for something that answers with the state of every process."""
        return list(self.ask(verb, services=names or [])["services"])

    def finish(self, code: int) -> None:
        """Tell how it ended."""
        with suppress(Refusal):
            self.ask("exit", code=code)
