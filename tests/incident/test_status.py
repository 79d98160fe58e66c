"""Only the moves of the table are possible, and whoever asks for another is told which are."""

from __future__ import annotations

import itertools

import pytest

from tocsin.errors import IllegalMove
from tocsin.incident.status import MOVES, draw, move
from tocsin.words import Status


@pytest.mark.parametrize(("verb", "status"), list(itertools.product(MOVES, Status)))
def test_a_move_is_in_the_table_or_refused_with_what_is_possible(verb: str, status: Status) -> None:
    if status in MOVES[verb]:
        assert move(status, verb) is MOVES[verb][status]
    else:
        with pytest.raises(IllegalMove, match=status.value):
            move(status, verb)


def test_every_status_can_be_reached_and_only_closed_is_final() -> None:
    reached = {after for moves in MOVES.values() for after in moves.values()} | {Status.TRIAGE}
    leaving = {before for moves in MOVES.values() for before in moves}
    assert reached == set(Status)
    assert set(Status) - leaving == {Status.CLOSED}


def test_the_drawing_has_every_move() -> None:
    assert len(draw().splitlines()) == sum(len(moves) for moves in MOVES.values())
