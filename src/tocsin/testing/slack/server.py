"""A fake Slack that listens: the Web API over HTTP, Socket Mode over websockets, and signed requests to an app.

Trouble is ordered for the next calls: ``slack.fail("chat.postMessage", Trouble.limit(2))``.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
import time
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote_plus

import msgspec

from tocsin.testing.slack.workspace import TEAM, Refusal, Workspace

MOST_BODY = 2**20


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What a call meets instead of its answer, or (`done`) after it was carried out."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    wait_s: float = 0.0
    hang_up: bool = False
    done: bool = False

    @classmethod
    def limit(cls, after_s: int) -> Trouble:
        """A rate limit."""
        body = b'{"ok":false,"error":"ratelimited"}'
        return cls(status=429, body=body, headers={"Retry-After": str(after_s)})

    @classmethod
    def refuse(cls, word: str, **more: str) -> Trouble:
        """A no, in Slack's own word."""
        return cls(body=json.dumps({"ok": False, "error": word, **more}).encode())

    @classmethod
    def down(cls) -> Trouble:
        """Slack is in trouble."""
        return cls(status=503, body=b"<html>upstream connect error</html>", headers={"Content-Type": "text/html"})


class FakeSlack:
    """One workspace with one app. `called` are the methods that were asked, with their fields."""

    def __init__(self, workspace: Workspace | None = None) -> None:
        self.workspace = workspace or Workspace()
        self.bot_token, self.app_token = "xoxb-fake-bot", "xapp-fake-app"
        self.signing_secret = "5ecre7" * 5
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.acknowledged: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._troubles: dict[str, deque[Trouble]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._sockets: set[Any] = set()
        self._turn = 0

    @property
    def api(self) -> str:
        """The address of the Web API."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/api/"

    def fail(self, method: str, *troubles: Trouble) -> None:
        """The next calls of a method meet these, one each."""
        self._troubles[method].extend(troubles)

    def count(self, method: str) -> int:
        """How often a method was asked."""
        return sum(each == method for each, _ in self.called)

    async def __aenter__(self) -> Self:
        from websockets.asyncio.server import serve

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self._socket_server = await serve(self._talk, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket_server.close()
        await self._socket_server.wait_closed()
        await asyncio.to_thread(self._http.shutdown)
        self._http.server_close()
        self._thread.join()

    # ── the Web API ────────────────────────────────────────────────────────────────────────────────────────────────

    def answer(self, method: str, token: str, fields: dict[str, Any]) -> tuple[Trouble | None, dict[str, Any]]:
        """The trouble that a call meets, if any, and Slack's answer."""
        with self._lock:
            self.called.append((method, fields))
            trouble = self._troubles[method].popleft() if self._troubles[method] else None
            if trouble is not None and not trouble.done:
                return trouble, {}
            try:
                return trouble, self._carry_out(method, token, fields)
            except Refusal as refusal:
                return trouble, refusal.answer

    def _carry_out(self, method: str, token: str, fields: dict[str, Any]) -> dict[str, Any]:
        if not token:
            raise Refusal("not_authed")
        if method == "apps.connections.open":
            if token != self.app_token:
                raise Refusal("not_allowed_token_type" if token == self.bot_token else "invalid_auth")
            port = next(iter(self._socket_server.sockets)).getsockname()[1]
            return {"ok": True, "url": f"ws://127.0.0.1:{port}/link/?ticket=fake"}
        if token != self.bot_token:
            raise Refusal("invalid_auth")
        return self.workspace.call(method, fields)

    # ── what an app is told over HTTP ──────────────────────────────────────────────────────────────────────────────

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """The headers under which Slack sends a body."""
        at = str(int(time.time()) if timestamp is None else timestamp)
        mac = hmac.new(self.signing_secret.encode(), b"v0:%b:%b" % (at.encode(), body), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={mac}"}

    def write_event(self, event: dict[str, Any]) -> bytes:
        """The body of an event."""
        return json.dumps(self.wrap_event(event)).encode()

    def wrap_event(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event as Slack wraps it."""
        self._turn += 1
        return {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{self._turn:08}", "event": event}

    def write_form(self, fields: dict[str, str]) -> bytes:
        """The body of a command."""
        return "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()

    def write_interaction(self, payload: dict[str, Any]) -> bytes:
        """The body of a pressed button or a sent form."""
        return self.write_form({"payload": json.dumps(payload)})

    def make_trigger(self) -> str:
        """What lets an app open one form."""
        self._turn += 1
        self.workspace.triggers.add(f"trigger.{self._turn}")
        return f"trigger.{self._turn}"

    def make_slash(self, user: str, channel: str, text: str) -> dict[str, str]:
        """``/tocsin TEXT``."""
        return {
            "command": "/tocsin",
            "team_id": TEAM,
            "user_id": user,
            "channel_id": channel,
            "text": text,
            "trigger_id": self.make_trigger(),
        }

    def make_press(self, user: str, channel: str, action: str, value: str) -> dict[str, Any]:
        """A pressed button."""
        return {
            "type": "block_actions",
            "user": {"id": user},
            "channel": {"id": channel},
            "trigger_id": self.make_trigger(),
            "actions": [{"type": "button", "action_id": action, "value": value}],
        }

    def make_submission(self, user: str, view: dict[str, Any], **values: str) -> dict[str, Any]:
        """A sent form: a value for each block, chosen where its field is a choice."""
        state: dict[str, Any] = {}
        for block in view["blocks"]:
            value, element = values.get(block["block_id"], ""), block["element"]
            chosen = element["type"] == "static_select"
            held = {"selected_option": {"value": value}} if chosen else {"value": value}
            state[block["block_id"]] = {element["action_id"]: {"type": element["type"], **held}}
        shown = {name: view.get(name, "") for name in ("callback_id", "private_metadata")}
        return {"type": "view_submission", "user": {"id": user}, "view": {**shown, "state": {"values": state}}}

    # ── Socket Mode ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _talk(self, socket: Any) -> None:
        self._sockets.add(socket)
        try:
            await socket.send(json.dumps({"type": "hello", "num_connections": len(self._sockets)}))
            async for text in socket:
                await self.acknowledged.put(json.loads(text))
        finally:
            self._sockets.discard(socket)

    async def tell(self, kind: str, payload: dict[str, Any], envelope: str = "") -> dict[str, Any]:
        """Tell the app over its socket (`slash_commands`, `interactive`, `events_api`); its acknowledgement."""
        self._turn += 1
        name = envelope or f"envelope-{self._turn}"
        message = {"type": kind, "envelope_id": name, "payload": payload, "accepts_response_payload": True}
        await next(iter(self._sockets)).send(json.dumps(message))
        return await asyncio.wait_for(self.acknowledged.get(), 10)

    async def ask_to_reconnect(self) -> None:
        """Slack refreshes its connections now and then."""
        for socket in tuple(self._sockets):
            await socket.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))


def _make_handler(slack: FakeSlack) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base's own name
            """Nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MOST_BODY))
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ").strip()
            fields = self._read(body)
            method = self.path.removeprefix("/api/").partition("?")[0]
            trouble, answer = slack.answer(method, token or str(fields.get("token", "")), fields)
            if trouble is not None:
                time.sleep(trouble.wait_s)
                if trouble.hang_up:
                    self.close_connection = True
                    return
            if trouble is not None and (trouble.body or trouble.status != 200):
                self._send(trouble.status, trouble.body, trouble.headers)
            else:
                self._send(200, json.dumps(answer).encode(), {})

        def do_GET(self) -> None:
            self.do_POST()

        def _read(self, body: bytes) -> dict[str, Any]:
            if "json" in (self.headers.get("Content-Type") or ""):
                found = json.loads(body or b"{}")
                return found if isinstance(found, dict) else {}
            query = self.path.partition("?")[2]
            return {**dict(parse_qsl(query)), **dict(parse_qsl(body.decode(), keep_blank_values=True))}

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
