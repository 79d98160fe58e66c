"""The port: whoever reads the announced address is answered; a taken one is a sentence, never a surprise."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from tocsin.app.server import Options, _leave_with, _listen
from tocsin.errors import UserError


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with contextlib.closing(_listen(Options(root=tmp_path, port=0))) as made:
        yield made


def test_a_source_that_comes_while_the_server_starts_is_not_refused(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname(), timeout=60) as source:
        source.sendall(b"POST /api/v2/alerts HTTP/1.1\r\n")


def test_two_servers_that_start_at_once_do_not_share_a_port(listener: socket.socket, tmp_path: Path) -> None:
    port = listener.getsockname()[1]
    with pytest.raises(UserError, match=f"Port {port} on 127.0.0.1 cannot be used .*--port"):
        _listen(Options(root=tmp_path, port=port))


@pytest.mark.anyio
async def test_a_server_whose_demo_was_gone_before_it_began_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parent is then another process from the start, and never changes."""
    monkeypatch.setattr(os, "getppid", lambda: 1)
    server = uvicorn.Server(uvicorn.Config("no:app"))
    async with asyncio.timeout(30):
        await _leave_with(4242, server)
    assert server.should_exit
