"""Loopback ports: a free one to use, and the proof that whoever listens on one is the process we mean."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress
from pathlib import Path

LISTEN = "0A"
"""State TCP_LISTEN as /proc/net/tcp writes it (proc_pid_net(5))."""


GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""From where to where the kernel gives ports by itself, to whoever asks for any and to connections that go out."""
FIRST = 20_000
TRIES = 100


def choose_port() -> int:
    """A loopback port that nobody uses at this moment; where there is one, of those that the kernel gives to nobody by
    itself, so that a service which is stopped and started finds it free again.
    """
    for _ in range(TRIES if (beyond := _find_lowest_given()) > FIRST else 0):
        port = FIRST + secrets.randbelow(beyond - FIRST)
        if _is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _find_lowest_given() -> int:
    try:
        return int(GIVEN.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_listening(pid: int, port: int) -> bool:
    """Does process ``pid`` itself listen on loopback port ``port``? False also when that cannot be seen."""
    held = _listening_sockets(port)
    return bool(held) and bool(held & _sockets_of(pid))


def _listening_sockets(port: int) -> set[str]:
    address = f"0100007F:{port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {f"socket:[{row[9]}]" for row in rows if row[1] == address and row[3] == LISTEN}


def _sockets_of(pid: int) -> set[str]:
    found = set()
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            found.add(str(entry.readlink()))
    return found
