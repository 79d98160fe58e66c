"""What a real HTTP server hears of a value: in a path, a query, a form, a JSON body and PromQL it is that value."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tocsin.incident.blank import Rule
from tocsin.playbook.model import Statement
from tocsin.playbook.placeholder import find
from tocsin.run.binding import Bound
from tocsin.run.program import assemble
from tocsin.words import Effect

from .scene import TARGET, Scene, run_bash

HOSTILE = [
    "a b", "a&b=c", "a#b", "a?b", "a%20b", "a/../../b", "a+b", 'a"b', "a'b", "a\\", 'a", "admin": true, "x": "', "{}",
    '"} or vector(1) or up{a="', ".*", "a|b", "$(touch PWN)", "`touch PWN`", "; touch PWN", "@/etc/passwd", "ünïcode",
    "http://127.0.0.1:1/", "a\\u0022b",
]  # fmt: skip
ORDINARY = ["us-east-1", "10.0.0.7", "validator-3"]


class Heard(NamedTuple):
    """One request."""

    method: str
    path: str
    body: str


class Listener:
    """A server that remembers what it was asked."""

    def __init__(self) -> None:
        heard: list[Heard] = []
        self.heard = heard

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                heard.append(Heard(self.command, self.path, body.decode()))
                self.send_response(204)
                self.end_headers()

            do_POST = do_GET  # noqa: N815 http.server's name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


def prepare(text: str, value: str) -> Bound:
    """What runs for a statement, where the team lets any value into the blank."""
    scene = Scene()
    scene.settle(bindings={"id": Rule(pattern=r"[\s\S]+")})
    statement = Statement(line=1, text=text, effect=Effect.READ, placeholders=find(text))
    return assemble(statement, scene.incident, TARGET, {"id": value}, scene.book.policy).bound


def read_query(heard: Heard) -> str:
    return parse_qs(urlsplit(heard.path).query, keep_blank_values=True)["q"][0]


def read_promql(heard: Heard) -> str:
    """The label's value as Prometheus reads it."""
    query = parse_qs(urlsplit(heard.path).query)["query"][0]
    inner = query.removeprefix('up{pod="').removesuffix('"}')
    return inner.replace("\\\\", "\0").replace('\\"', '"').replace("\\'", "'").replace("\0", "\\")


WAYS: dict[str, tuple[str, Callable[[Heard], str]]] = {
    "a path": ("curl -s {url}/pods/<id>/health", lambda heard: unquote(heard.path[6:-7])),
    "a query": ('curl -s "{url}/x?q=<id>&z=1"', read_query),
    "a form": ("curl -s -X POST {url}/x -d q=<id>", lambda heard: parse_qs(heard.body)["q"][0]),
    "JSON": (
        'curl -s -X POST {url}/x -d \'{{"pod": "<id>", "force": false}}\'',
        lambda heard: str(json.loads(heard.body)["pod"]),
    ),
    "PromQL": ("curl -s -G {url}/api/v1/query --data-urlencode 'query=up{{pod=\"<id>\"}}'", read_promql),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_server_hears_the_value_and_nothing_else(way: str, listener: Listener, shared: Path, tmp_path: Path) -> None:
    text, read = WAYS[way]
    given = [*ORDINARY, *HOSTILE, *json.loads((shared / "redteam" / "values.json").read_text("utf-8"))]
    came = 0
    for value in given:
        bound = prepare(text.format(url=listener.url), value)
        if bound.refused:
            assert value not in ORDINARY
            continue
        listener.heard.clear()
        done = subprocess.run(bound.argv, cwd=tmp_path, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0
        (heard,) = listener.heard
        assert read(heard) == value
        if way == "JSON":
            assert json.loads(heard.body) == {"pod": value, "force": False}
        came += 1
    assert came >= len(given) - 3
    assert not [*tmp_path.iterdir()]


def test_the_same_through_a_shell(listener: Listener, tmp_path: Path) -> None:
    for value in ORDINARY:
        listener.heard.clear()
        bound = prepare(f'curl -s "{listener.url}/x?q=<id>" | cat', value)
        assert not bound.argv
        assert run_bash(bound, tmp_path).code == 0
        assert read_query(listener.heard[0]) == value


def test_no_value_chooses_the_host_or_a_number(listener: Listener) -> None:
    assert prepare("curl -s http://<id>/x", "h/../@evil").refused
    assert prepare(f"curl -s {listener.url}/x -d '{{\"n\": <id>}}'", '1, "admin": true').refused
    assert not prepare(f"curl -s {listener.url}/x -d '{{\"n\": <id>}}'", "12").refused
