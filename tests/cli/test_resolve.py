"""`tocsin resolve`: whoever decides is told what still fires, a person before it is done, a program in the answer."""

from __future__ import annotations

import io
import json

import pytest

from tocsin.cli.client import Where
from tocsin.cli.moves import resolve

from .answering import Answering
from .conftest import Serve

FIRES = "2 alerts still fire: ChainHalted, DiskFull\x1b[2J."
SHOWN = "2 alerts still fire: ChainHalted, DiskFull"


class Answers(Answering):
    """A server with one incident, of which alerts fire or not."""

    warning = FIRES
    resolved = 0

    def get(self) -> None:
        self.say(json.dumps({"id": "till-1", "uncleared": self.warning}).encode())

    def post(self) -> None:
        type(self).resolved += 1
        body = {"incident": "till-1", "entries": [{"text": "Bo resolved it"}], "warning": self.warning}
        self.say(json.dumps(body).encode())


@pytest.fixture
def where(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Where:
    monkeypatch.setattr(Answers, "warning", FIRES)
    monkeypatch.setattr(Answers, "resolved", 0)
    return serve(Answers)


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
