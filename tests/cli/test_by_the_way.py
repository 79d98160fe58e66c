"""What the terminal sends along with an approval and with a wait: what somebody says of a command, and of a look."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.cli.steps import approve
from tocsin.cli.waiting import wait
from tocsin.errors import UserError

from .answering import Answering
from .conftest import Serve

STEP: dict[str, Any] = {
    "id": "L18", "state": "planned", "digest": "d" * 64, "program": "./status.sh", "env": {}, "target": "shop/local",
    "effect": "unknown", "verdict": {"kind": "needs_approval", "why": "What it does is not known"}, "blanks": [],
    "before": [], "ran": None, "adapted": [],
}  # fmt: skip
LEARNED = "Ana says that ./status.sh is read; the catalogue has it from now on"


class Asked(Answering):
    """It shows one step, takes everything, and keeps what it was sent."""

    sent: list[tuple[str, dict[str, Any]]] = []

    def get(self) -> None:
        self.say(json.dumps(STEP).encode(), kind="application/json")

    def post(self) -> None:
        self.sent.append((self.path, json.loads(self.body)))
        entries = [{"seq": 9, "at": "2026-03-02T03:00:00Z", "kind": "command_learned", "text": LEARNED}]
        self.say(json.dumps({"incident": "shop-1", "entries": entries}).encode(), kind="application/json")


def test_an_approval_says_what_the_command_does(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    Asked.sent = []
    approve("shop-1", "18", yes=True, learn="read", pattern="./status.sh **", where=serve(Asked))
    ((path, body),) = Asked.sent
    assert path == "/api/incidents/shop-1/steps/L18/approve"
    assert {"digest": "d" * 64, "learn": "read", "pattern": "./status.sh **"}.items() <= body.items()
    assert f"shop-1: {LEARNED}." in capsys.readouterr().out


def test_an_approval_that_says_nothing_teaches_nothing(serve: Serve) -> None:
    Asked.sent = []
    approve("shop-1", "18", yes=True, where=serve(Asked))
    ((_, body),) = Asked.sent
    assert "learn" not in body
    assert "pattern" not in body


def test_a_pattern_alone_is_no_lesson(serve: Serve) -> None:
    with pytest.raises(UserError, match="say with --learn what the command does"):
        approve("shop-1", "18", yes=True, pattern="./status.sh", where=serve(Asked))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, {}),
        ({"look": "222", "each": "false"}, {"look": "L222", "tells": "each", "wanted": "false"}),
        (
            {"look": "L222", "lacks": "true", "every": 30, "attempts": 4},
            {"tells": "lacks", "every_s": 30, "attempts": 4},
        ),
        ({"look": "L222"}, {"look": "L222", "tells": "exit", "wanted": ""}),
        ({"look": "L222", "predicate": "caught-up"}, {"tells": "predicate", "wanted": "caught-up"}),
    ],
)
def test_a_wait_says_by_which_look_it_is_known(serve: Serve, said: dict[str, Any], told: dict[str, Any]) -> None:
    Asked.sent = []
    wait("shop-1", "232", **said, where=serve(Asked))
    ((path, body),) = Asked.sent
    assert path == "/api/incidents/shop-1/steps/L232/wait"
    assert told.items() <= body.items()
    assert bool(body) is bool(said)


@pytest.mark.parametrize("said", [{"each": "false"}, {"every": 5}, {"look": "L1", "has": "a", "lacks": "b"}])
def test_a_wait_takes_one_look_and_one_sign(serve: Serve, said: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="Say with --look which step is asked"):
        wait("shop-1", "232", **said, where=serve(Asked))
