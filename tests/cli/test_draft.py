"""`tocsin draft`: drafts are listed, filled, approved, published and taken back; what cannot be says why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.cli.client import Where
from tocsin.cli.drafting import approve, fill, list_all, open_room, publish, show, withdraw, write
from tocsin.errors import NotFound, UserError

from .answering import Answering
from .conftest import Serve

DRAFT = {
    "id": 7,
    "by": {"id": "ana", "name": "Ana"},
    "text": "Payments are [state].\x1b[2J",
    "subject": "",
    "audiences": ["users"],
    "line": 40,
    "missing": ["state"],
    "approved_by": None,
    "doubts": ["Since this was drafted: the severity is P1 (03:11 UTC). Look whether the words still hold."],
}
SENT = {"audience": "users", "way": "mail", "to": "2 addresses", "state": "failed", "why": "full", "detail": ""}
SAID = {
    "entry": 9,
    "at": "2026-03-02T03:00:00Z",
    "text": "Slow.",
    "audiences": ["users"],
    "withdrawn_at": "2026-03-02T03:05:00Z",
    "deliveries": [SENT],
}
OFFERED = {"line": 40, "name": "To users", "audiences": ["users"]}


class Answers(Answering):
    """A server with one incident that has a text, a draft, and something that was said."""

    asked: list[tuple[str, dict[str, Any]]] = []

    def get(self) -> None:
        speech = {"offered": [OFFERED], "drafts": [DRAFT], "said": [SAID], "lock": None}
        if self.path != "/api/incidents/till-1/drafts":
            self.send_error(404)
            return
        self.say(json.dumps(speech).encode())

    def do_POST(self) -> None:  # noqa: N802 http.server's name
        length = int(self.headers.get("Content-Length") or 0)
        type(self).asked.append((self.path, json.loads(self.rfile.read(length) or b"{}")))
        self.say(json.dumps({"incident": "till-1", "entries": [{"text": "Done"}]}).encode())


@pytest.fixture
def where(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Where:
    monkeypatch.setattr(Answers, "asked", [])
    return serve(Answers)


def test_what_there_is_and_what_became_of_it(where: Where, capsys: pytest.CaptureFixture[str]) -> None:
    list_all("till-1", where=where)
    said = capsys.readouterr().out
    assert "line 40    To users (to users)" in said
    assert "draft 7 by Ana to users, still blank: state" in said
    assert "entry 9" in said
    assert "taken back" in said
    assert "users by mail (2 addresses): failed, full" in said
    show("till-1", 7, where=where)
    assert "\x1b" not in capsys.readouterr().out
    with pytest.raises(NotFound, match="there are 7"):
        show("till-1", 8, where=where)


def test_from_a_text_to_words_that_are_taken_back(where: Where) -> None:
    write("till-1", line=40, fill=["state=slow"], to=["users"], where=where)
    fill("till-1", 7, ["state=very\nslow"], where=where)
    approve("till-1", 7, where=where)
    publish("till-1", 7, where=where)
    withdraw("till-1", 9, reason="wrong", where=where)
    open_room("till-1", where=where)
    asked = Answers.asked
    base = "/api/incidents/till-1"
    assert asked[0] == (
        f"{base}/draft",
        {"line": 40, "text": "", "audiences": ["users"], "fields": {"state": "slow"}},
    )
    assert asked[1][1]["text"].startswith("Payments are very slow.")
    assert (asked[1][1]["replaces"], asked[1][1]["line"]) == (7, 40)
    assert [path for path, _ in asked[2:]] == [
        f"{base}/drafts/7/approve",
        f"{base}/drafts/7/publish",
        f"{base}/updates/9/withdraw",
        f"{base}/open-room",
    ]
    assert asked[4][1] == {"reason": "wrong"}


def test_what_cannot_be_says_why(where: Where) -> None:
    with pytest.raises(UserError, match="--line"):
        write("till-1", where=where)
    with pytest.raises(NotFound, match="no blank 'cause'; it has state"):
        fill("till-1", 7, ["cause=x"], where=where)
