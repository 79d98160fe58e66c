"""The order service: takes orders over HTTP on loopback and keeps them in the database.

GET  /api/health   200 when a query goes through, else 503
GET  /orders/ID    one order
POST /orders       {"item", "quantity", "customer"} → 201 {"id"}
GET  /metrics      Prometheus text
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any

from .lifeline import hold
from .link import Failed, Refused
from .place import ROOT
from .pool import Exhausted, Pool

BODY_LIMIT = 16 * 1024
PATIENCE = 1.0
"""Seconds that a request waits for a connection."""
SCRAPE_PATIENCE = 0.4
"""Seconds that a scrape does: it must be answered within its own second."""
THREAD_LIMIT = 32
PROBES_KEPT = 200
REFEREE = "referee"
"""The customer whose orders are probes: an order every second would fill the disk of a long demonstration."""


class Shop:
    """What the requests share: the pool and the counters."""

    def __init__(self) -> None:
        self.pool = Pool()
        self._guard = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._started = time.time()

    def count(self, method: str, status: int) -> None:
        """Count one answered request."""
        with self._guard:
            self._requests[method, status] += 1

    def check(self, seconds: float) -> str:
        """Ask the database something; empty if it answers, else why not."""
        try:
            with self.pool.lend(seconds) as link:
                link.run("SELECT 1")
        except (Exhausted, Refused, Failed) as error:
            return str(error)
        return ""

    def place(self, order: dict[str, Any]) -> int:
        """Store an order and return its number; raises Exhausted, Refused or Failed."""
        with self.pool.lend(PATIENCE) as link:
            rows = link.run(
                "INSERT INTO orders (item, quantity, customer, placed_at)"
                " VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ')) RETURNING id",
                order["item"],
                order["quantity"],
                order["customer"],
            )
            number = int(rows[0][0])
            if order["customer"] == REFEREE:
                link.run("DELETE FROM orders WHERE customer = ? AND id <= ?", REFEREE, number - PROBES_KEPT)
        return number

    def find(self, number: int) -> list[Any] | None:
        """Look an order up; raises Exhausted, Refused or Failed."""
        with self.pool.lend(PATIENCE) as link:
            rows = link.run("SELECT id, item, quantity, customer, placed_at FROM orders WHERE id = ?", number)
        return rows[0] if rows else None

    def measure(self) -> str:
        """Render the metrics."""
        figures = {
            "shop_database_up": int(not self.check(SCRAPE_PATIENCE)),
            **self.pool.figures,
            "process_start_time_seconds": round(self._started, 3),
        }
        lines = [f"{name} {value}" for name, value in figures.items()]
        with self._guard:
            for (method, status), count in sorted(self._requests.items()):
                lines.append(f'http_requests_total{{method="{method}",status="{status}"}} {count}')
        return "\n".join([*lines, ""])


class Door(BaseHTTPRequestHandler):
    """One request."""

    shop: Shop
    timeout = 5
    server_version = "bazaar"

    def do_GET(self) -> None:
        """Answer health, metrics or an order."""
        if self.path == "/api/health":
            trouble = self.shop.check(PATIENCE)
            status = 503 if trouble else 200
            self._answer(status, {"status": "unavailable" if trouble else "ok", "database": trouble or "ok"})
        elif self.path == "/metrics":
            self._send(200, self.shop.measure().encode(), "text/plain; version=0.0.4")
        elif self.path.startswith("/orders/") and self.path[8:].isdecimal() and len(self.path) < 24:
            self._attempt(lambda: self._show(int(self.path[8:])))
        else:
            self._answer(404, {"error": "there is no such page"})

    def do_HEAD(self) -> None:
        """Answer as GET does, without the body."""
        self.do_GET()

    def do_POST(self) -> None:
        """Take an order."""
        order = self._read_order() if self.path == "/orders" else None
        if order is None:
            self._answer(400, {"error": "POST /orders wants JSON with item, quantity and customer"})
        else:
            self._attempt(lambda: self._answer(201, {"id": self.shop.place(order)}))

    def _show(self, number: int) -> None:
        row = self.shop.find(number)
        if row is None:
            self._answer(404, {"error": f"there is no order {number}"})
        else:
            names = ("id", "item", "quantity", "customer", "placed_at")
            self._answer(200, dict(zip(names, row, strict=True)))

    def _attempt(self, work: Any) -> None:
        try:
            work()
        except (Exhausted, Refused) as error:
            say(f"ERROR Failed to get DB connection: {error}")
            self._answer(503, {"error": "the shop cannot reach its database"})
        except Failed as error:
            say(f"ERROR Query failed: {error}")
            self._answer(500, {"error": "the database refused the query"})

    def _read_order(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_LIMIT:
            return None
        try:
            order = json.loads(self.rfile.read(int(length)))
            return {
                "item": str(order["item"])[:100],
                "quantity": max(1, min(1000, int(order["quantity"]))),
                "customer": str(order["customer"])[:100],
            }
        except (ValueError, KeyError, TypeError):
            return None

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        self._send(status, json.dumps(content).encode() + b"\n", "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.shop.count(self.command, status)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log what matters to a reader: not every scrape."""
        if self.path != "/metrics":
            say(f"{self.command} {self.path} {int(code)}")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Log the oddities that the base class reports, on one line."""
        say((format % args).replace("\n", " ")[:500])


class Listener(ThreadingMixIn, HTTPServer):
    """A thread per request, and no more than THREAD_LIMIT of them: what comes on top is hung up on."""

    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True
    _permits = threading.BoundedSemaphore(THREAD_LIMIT)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread if there is room."""
        if self._permits.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve, then make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._permits.release()


def say(text: str) -> None:
    """Write to the log."""
    print(text, flush=True)


def main(arguments: list[str]) -> int:
    """Serve on loopback port ``arguments[0]`` until killed; an order is either stored or not answered with 201."""
    hold()
    Door.shop = Shop()
    listener = Listener(("127.0.0.1", int(arguments[0])), Door)
    version = Path(ROOT / "VERSION").read_text().strip()
    say(f"order service {version} ready on port {arguments[0]}")
    listener.serve_forever(poll_interval=60)
    return 0
