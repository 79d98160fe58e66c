"""Ports of the loopback for programs that must be told theirs before they begin.

A port that the kernel gave to a socket which is closed again may be somebody else's a moment later: it gives them to
whoever asks for any, and to every connection that goes out. So these lie below those that it gives, and each is held
for this process by a name that the kernel knows while the process lives: no other run of the tests has it meanwhile.
"""

from __future__ import annotations

import os
import socket

FIRST, BEYOND = 11_000, 20_000
"""Those above are the range's, which chooses for itself (`drill/ports.py`)."""
_held: list[socket.socket] = []


def find_port() -> int:
    """A port that nobody listens on, and that is given to nobody else while this process lives."""
    for step in range(span := BEYOND - FIRST):
        port = FIRST + (os.getpid() * 97 + len(_held) + step) % span
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0tocsin-tests-port-{port}")
        except OSError:
            name.close()
            continue
        _held.append(name)
        if _is_free(port):
            return port
    raise AssertionError(f"No port is free between {FIRST} and {BEYOND}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # what an earlier connection left is in nobody's way
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True
