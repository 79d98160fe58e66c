"""A small sample of `make torture`."""

from __future__ import annotations

import pytest

from .torture import show, torture


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def test_kills_under_load_lose_nothing_and_decide_nothing_twice(database: str) -> None:
    rounds = torture(database, range(1, 2), None)
    assert all(each.is_good for each in rounds), rounds
    assert len(rounds) == 1, show(rounds)
    assert all(each.pages >= each.accepted for each in rounds)
