"""Ears of a test: a collector of traces, and somebody who follows a server's events and what its steps print."""

from __future__ import annotations

import gzip
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from .ground import Ground


class Collector:
    """Keeps every byte of traces."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        collector = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                zipped = self.headers.get("Content-Encoding") == "gzip"
                collector.taken.append(gzip.decompress(body) if zipped else body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class Follower:
    """Follows the events of a server, and asks for what each step prints as soon as there is more of it."""

    def __init__(self, ground: Ground) -> None:
        token = (ground.root / ".tocsin" / "credential").read_text()
        headers = {"Authorization": f"Bearer {token}", "X-Tocsin-As": "ana"}
        self._client = httpx.Client(base_url=str(ground.url()), headers=headers, timeout=60)
        self.heard = bytearray()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        with suppress(httpx.HTTPError), self._client.stream("GET", "/events") as answer:
            for part in answer.iter_raw():
                self.heard += part

    def look(self, incident: str, step: str) -> bool:
        """Ask what the step has printed by now; whether there is anything yet."""
        answer = self._client.get(f"/api/incidents/{incident}/steps/{step}/output")
        self.heard += answer.content
        return bool(answer.json().get("text"))

    def close(self) -> None:
        """Stop; the server has ended, so the stream has."""
        self._thread.join(10)
        self._client.close()


def unpack(content: bytes) -> Iterator[tuple[str, bytes]]:
    """What is inside of an archive, and of the archives in it."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    elif content[:2] == b"\x1f\x8b":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            files = [(each.name, archive.extractfile(each)) for each in archive if each.isfile()]
            members = [(name, file.read()) for name, file in files if file is not None]
    else:
        return
    for name, inside in members:
        yield name, inside
        yield from ((f"{name}/{inner}", found) for inner, found in unpack(inside))
