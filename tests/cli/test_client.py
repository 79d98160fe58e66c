"""What the verbs ask of a server: the incident that was meant, and no other address, whatever somebody types."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.cli.client import Client, Refused, Where, end
from tocsin.errors import NotFound, UserError

from .answering import Answering
from .conftest import Serve

CARDS = [
    {"id": "till-2", "number": "INC-20261120-002"},
    {"id": "till-1", "number": "INC-20261120-001"},
    {"id": "bank-1", "number": "INC-20261120-001"},
]
Asked = list[tuple[str, str]]


class Answers(Answering):
    """A server with three incidents that remembers what it was asked; an address without a dot below `/api` is JSON."""

    asked: Asked = []
    plain = False

    def _answer(self) -> None:
        self.asked.append((self.command, self.path))
        path = self.path.partition("?")[0]
        known = path == "/api/incidents" or path.split("/")[3:4] in [[each["id"]] for each in CARDS]
        body: Any = CARDS if path == "/api/incidents" else {"ok": True}
        if not known:
            body = {"error": {"code": "TOC-140", "message": f"There is nothing at {path}."}}
        content = b"OK\n" if self.plain else json.dumps(body).encode()
        self.say(content, 200 if known or self.plain else 404)

    def get(self) -> None:
        self._answer()

    def post(self) -> None:
        self._answer()


@pytest.fixture
def client(serve: Serve) -> Client:
    Answers.asked, Answers.plain = [], False
    return Client(serve(Answers))


def test_an_id_is_asked_for_once(client: Client) -> None:
    asked = client.incident("till-1")
    assert asked.post("acknowledge") == {"ok": True}
    assert Answers.asked == [("POST", "/api/incidents/till-1/acknowledge")]
    assert asked.id == "till-1"


@pytest.mark.parametrize("given", ["INC-20261120-002", "inc-20261120-002", " INC-20261120-002 ", "TILL-2"])
def test_the_number_on_the_page_will_do(client: Client, given: str) -> None:
    asked = client.incident(given)
    asked.post("acknowledge")
    assert Answers.asked[-1] == ("POST", "/api/incidents/till-2/acknowledge")
    assert asked.id == "till-2"


def test_a_number_that_two_teams_have_given_is_asked_back(client: Client) -> None:
    with pytest.raises(NotFound, match="till-1, bank-1"):
        client.incident("INC-20261120-001").post("acknowledge")
    assert all(method == "GET" for method, path in Answers.asked if path.endswith("limit=5000"))
    assert not [path for _, path in Answers.asked if "till-1/" in path or "bank-1/" in path]


def test_what_is_not_there_is_said_in_the_servers_words(client: Client) -> None:
    with pytest.raises(Refused, match="There is nothing at /api/incidents/nothing-9"):
        client.incident("nothing-9").get()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("../../-/healthy", "..%2F..%2F-%2Fhealthy"),
        ("till-1/acknowledge", "till-1%2Facknowledge"),
        ("till-1?x=1#y", "till-1%3Fx%3D1%23y"),
        ("%2e%2e", "%252e%252e"),
        ("ü ö", "%C3%BC%20%C3%B6"),
        ("..\\..", "..%5C.."),
        ("http://evil.example", "http%3A%2F%2Fevil.example"),
    ],
)
def test_whatever_is_typed_stays_one_part_of_the_address(client: Client, given: str, sent: str) -> None:
    with pytest.raises(Refused):
        client.incident(given).get("steps", given)
    assert Answers.asked[0] == ("GET", f"/api/incidents/{sent}/steps/{sent}")


@pytest.mark.parametrize("given", ["", ".", "..", "a\nb", "\x00", "\udcff"])
def test_what_cannot_be_an_id_is_not_even_asked_for(client: Client, given: str) -> None:
    with pytest.raises(NotFound, match="tocsin incidents"):
        client.incident(given).post("acknowledge")
    assert all(path.startswith("/api/incidents?") for _, path in Answers.asked)


def test_something_that_is_not_tocsin_is_told_and_no_crash(client: Client) -> None:
    Answers.plain = True
    with pytest.raises(UserError, match="is not tocsin"):
        client.incident("till-1").get()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[", "nonsense", "http://127.0.0.1:99999", "ftp://x"])
def test_an_address_that_cannot_be_asked_is_told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", "secret")
    with pytest.raises(UserError):
        Client(Where(url=url)).get("incidents")


@pytest.mark.parametrize("name", ["ü\n", "日本", "ann\nx", "ann\x00", "", "\udcff"])
def test_a_name_that_no_header_can_hold_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", "secret")
    with pytest.raises(UserError, match=r"\(by --as\) is nobody's id"):
        Client(Where(url="http://127.0.0.1:1", as_=name))


def test_the_variable_that_names_nobody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the server that does not answer."""
    monkeypatch.setenv("TOCSIN_TOKEN", "secret")
    monkeypatch.setenv("TOCSIN_AS", "ann\nx")
    with pytest.raises(UserError, match=r"'ann\\nx' \(by TOCSIN_AS\) is nobody's id"):
        Client(Where(url="http://127.0.0.1:1"))


@pytest.mark.parametrize("token", ["sec\nret", "sec\rret", "sécret"])
def test_a_token_that_cannot_be_one_is_told_and_not_shown(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", token)
    with pytest.raises(UserError, match="TOCSIN_TOKEN") as told:
        Client(Where(url="http://127.0.0.1:1"))
    assert token not in str(told.value)


def test_a_token_read_from_a_file_with_its_line_end_will_do(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    monkeypatch.setenv("TOCSIN_TOKEN", "secret\r\n")
    assert Client(Where(url=client.url)).get("incidents") == client.get("incidents")


@pytest.mark.parametrize(("said", "ended"), [
    ("Bo told the responders: on it", "Bo told the responders: on it."),
    ("Bo told the responders: on it.", "Bo told the responders: on it."),
    ("Bo noted: why?", "Bo noted: why?"),
    ("", "."),
])  # fmt: skip
def test_an_answer_ends_in_one_full_stop(said: str, ended: str) -> None:
    assert end(said) == ended
