"""What a server that verbs ask is made of: each test says what it answers."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler


class Answering(BaseHTTPRequestHandler):
    """A server's answers; `get` and `post` are a test's own, and what it does not define is no method of its server."""

    body = b""
    """What was sent along."""

    def do_GET(self) -> None:
        self.get()

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.post()

    def get(self) -> None:
        self.send_error(501)

    def post(self) -> None:
        self.send_error(501)

    def say(self, content: bytes, status: int = 200, kind: str = "") -> None:
        """Answer with this content, and with its type where there is one."""
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
        """Say nothing."""
