"""A server for verbs to ask, and a token for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import ThreadingHTTPServer
from typing import TypeAlias

import pytest

from tocsin.cli.client import Where

from .answering import Answering

Serve: TypeAlias = Callable[[type[Answering]], Where]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serve these answers until the test is over; where they are served."""
    monkeypatch.setenv("TOCSIN_TOKEN", "secret")
    with ExitStack() as until_over:

        def begin(answers: type[Answering]) -> Where:
            server = until_over.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), answers))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            until_over.callback(server.shutdown)
            return Where(url=f"http://127.0.0.1:{server.server_address[1]}")

        yield begin
