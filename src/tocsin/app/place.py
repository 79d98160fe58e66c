"""Where a workspace is, and where its server: all that a verb needs to know before it asks. Light to load."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tocsin.errors import UserError
from tocsin.store.lock import take_workspace

NAME = "tocsin.toml"
PRIVATE = ".tocsin"
"""The folder of a workspace that holds what the server writes."""
MOST_BYTES = 10 * 2**20
"""Of a playbook that is read."""


class NoWorkspace(UserError):
    """There is no workspace where one was looked for."""

    code = "TOC-111"


class NoServer(UserError):
    """A workspace is there, and nobody serves it."""


def find_workspace(start: Path) -> Path:
    """The nearest folder at or above `start` that holds a workspace. Raises `NoWorkspace` saying how to make one."""
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder
    raise NoWorkspace(
        f"There is no workspace at {start} or above it. Make one from your playbooks: "
        "tocsin init my-workspace --playbook runbook.md, then: tocsin serve --workspace my-workspace"
    )


def read_server(root: Path) -> Mapping[str, object]:
    """What a running server wrote of itself. Raises `NoServer` if none runs."""
    try:
        return dict(msgspec.json.decode(_server_file(root).read_bytes()))
    except (OSError, ValueError, TypeError):
        raise NoServer(f"No server runs for {root}. Start one: tocsin serve --workspace {root}") from None


def _server_file(root: Path) -> Path:
    return root / PRIVATE / "server.json"


@contextmanager
def hold_workspace(root: Path) -> Iterator[None]:
    """Be the one server of a workspace; when it ends, no address of it is left for anybody to ask in vain.

    Raises `UserError` if another server has the workspace, or it cannot be written.
    """
    lock = take_workspace(root / PRIVATE)
    try:
        _server_file(root).unlink(missing_ok=True)
        yield
    finally:
        _server_file(root).unlink(missing_ok=True)
        os.close(lock)
