"""`tocsin resolve`: whoever decides is told what still fires, a person before it is done, a program in the answer."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tocsin.cli.client import Where
from tocsin.cli.moves import resolve

FIRES = "2 alerts still fire: ChainHalted, DiskFull\x1b[2J."
SHOWN = "2 alerts still fire: ChainHalted, DiskFull"


class Answers(BaseHTTPRequestHandler):
    """A server with one incident, of which alerts fire or not."""

    warning = FIRES
    resolved = 0

    def _say(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self._say({"id": "till-1", "uncleared": self.warning})

    def do_POST(self) -> None:
        type(self).resolved += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._say({"incident": "till-1", "entries": [{"text": "Bo resolved it"}], "warning": self.warning})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
        """Say nothing."""


@pytest.fixture
def where(monkeypatch: pytest.MonkeyPatch) -> Iterator[Where]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("TOCSIN_TOKEN", "secret")
    monkeypatch.setattr(Answers, "warning", FIRES)
    monkeypatch.setattr(Answers, "resolved", 0)
    yield Where(url=f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "resolved"), [("y\n", 1), ("YES\n", 1), ("n\n", 0), ("\n", 0), ("", 0)])
def test_a_person_is_asked_while_something_fires(
    where: Where, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, resolved: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    resolve("till-1", where=where)
    said = capsys.readouterr().out
    assert said.startswith(SHOWN)
    assert said.count(SHOWN) == 1
    assert "\x1b" not in said
    assert Answers.resolved == resolved
    assert ("till-1: Bo resolved it." in said) is bool(resolved)
    assert ("nothing has changed" in said) is not bool(resolved)


@pytest.mark.parametrize("is_person", [True, False])
def test_who_wants_no_question_hears_it_in_the_answer(
    where: Where, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_person: bool
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("") if is_person else io.StringIO(""))
    resolve("till-1", yes=is_person, where=where)
    said = capsys.readouterr().out
    assert said.startswith(f"till-1: Bo resolved it.\n{SHOWN}")
    assert "tocsin reopen till-1" in said
    assert Answers.resolved == 1


def test_nobody_is_asked_where_all_have_cleared(
    where: Where, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Answers, "warning", "")
    monkeypatch.setattr("sys.stdin", Terminal(""))
    resolve("till-1", where=where)
    assert capsys.readouterr().out == "till-1: Bo resolved it.\n"
