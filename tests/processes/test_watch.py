"""A server that is watched: a monitor hears it, a collector has its traces, Prometheus' own tool reads its figures."""

from __future__ import annotations

import gzip
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .ground import ANSWER_S, PLAYBOOK, Ground, wait_for

SETTINGS = """
[heartbeat]
url_file = "secrets/monitor"
every_s = 10

[synthetic]
team = "shop"
every_s = 600
labels = {{ alertname = "TillStuck" }}

[traces]
endpoint = "{url}/v1/traces"
"""


class Watcher:
    """A monitor and a collector at one address."""

    def __init__(self) -> None:
        self.beats: list[str] = []
        self.spans: dict[str, str] = {}
        watcher = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watcher.beats.append(self.path)
                self.send_response(200)
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                watcher.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans |= {span.name: span.trace_id.hex() for span in scope.spans}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    made = Watcher()
    yield made
    made.close()


@pytest.mark.needs("promtool")
def test_it_beats_while_its_made_up_incident_is_paged_and_tells_it_all(ground: Ground, watcher: Watcher) -> None:
    (ground.root / "secrets" / "monitor").write_text(f"{watcher.url}/beat/{{node}}\n")
    # Nobody else is called before it is acknowledged, however long that takes.
    (ground.root / "playbooks" / "shop.md").write_text(PLAYBOOK.replace("6 seconds", "15 minutes"))
    settings = ground.root / "tocsin.toml"
    settings.write_text(settings.read_text() + SETTINGS.format(url=watcher.url))
    ground.start()
    wait_for(lambda: ground.sink.pages, "page of a made-up incident")
    wait_for(lambda: {"alert", "page", "acknowledge", "incident"} <= watcher.spans.keys(), "spans")
    assert len(set(watcher.spans.values())) == 1, "one incident is one trace"
    assert wait_for(lambda: watcher.beats, "heartbeat")[0].startswith("/beat/")
    assert ground.url()
    wait_for(
        lambda: "tocsin_synthetic_ok 1.0" in httpx.get(f"{ground.url()}/metrics", timeout=ANSWER_S).text,
        "round that was good",
    )
    figures = httpx.get(f"{ground.url()}/metrics", timeout=ANSWER_S)
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=figures.text, capture_output=True, text=True, check=False, timeout=30
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert 'tocsin_pages_total{channel="hook",result="delivered"} 1.0' in figures.text
    states = [each["status"] for each in ground.ask("GET", "/api/incidents")]
    assert states == ["closed"] or states == ["resolved"], states
    ground.end()
    assert ground.verify().returncode == 0
