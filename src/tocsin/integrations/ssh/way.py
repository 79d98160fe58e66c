"""How another machine is reached, and as whom: plain values, so that nobody loads SSH who has no such target."""

from __future__ import annotations

import msgspec


class Way(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """How a machine is reached as somebody: `known` and `key` are the contents of files, `through` the way to its jump
    host. `connect_s` bounds the connecting, and what a machine that is connected may take to give a shell.
    """

    name: str
    host: str
    port: int
    user: str
    known: bytes
    key: bytes
    connect_s: float
    through: Way | None = None

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"

    def __repr__(self) -> str:
        """Without what the files hold: a key must not stand in anybody's log."""
        return f"Way({self})"


class Far(msgspec.Struct, frozen=True, kw_only=True):
    """Another machine. `change` is the way for what changes, null where nothing may; `most` bytes of output are
    kept. With `terminal` every step has a terminal of its own.
    """

    read: Way
    change: Way | None
    directory: str
    env: dict[str, str]
    most: int
    terminal: bool = False
