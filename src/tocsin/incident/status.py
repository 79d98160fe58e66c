"""The status machine: which moves there are. The table is the rule; the documentation's drawing is made from it."""

from __future__ import annotations

from tocsin.errors import IllegalMove
from tocsin.words import Status

T, A, K, M, R, C = (
    Status.TRIAGE, Status.ACTIVE, Status.ACKNOWLEDGED, Status.MONITORING, Status.RESOLVED, Status.CLOSED,
)  # fmt: skip

MOVES: dict[str, dict[Status, Status]] = {
    "declare": {T: A},
    "dismiss": {T: C},
    "acknowledge": {T: K, A: K},
    "expire": {K: A},
    "mitigate": {A: M, K: M},
    "resolve": {A: R, K: R, M: R},
    "reopen": {M: A, R: A},
    "close": {R: C},
    "merge": {T: C, A: C, K: C, M: C, R: C},
}
"""Verb → {from: to}. What is not listed cannot be done."""


def move(status: Status, verb: str) -> Status:
    """The status after `verb`. Raises `IllegalMove` saying what can be done instead."""
    after = MOVES[verb].get(status)
    if after is None:
        raise IllegalMove(f"This incident is {status}: it cannot be asked to {verb}. {_advice(status)}")
    return after


def _advice(status: Status) -> str:
    verbs = [verb for verb, moves in MOVES.items() if status in moves and verb != "expire"]
    return f"What it can do now: {', '.join(verbs)}." if verbs else "It is finished; declare a new one if needed."


def draw() -> str:
    """The table as lines of text, for the documentation."""
    return "\n".join(f"{before} ─{verb}▶ {after}" for verb, moves in MOVES.items() for before, after in moves.items())
