"""A small sample of `make torture`, and how it counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from .faults import FAULTS, KILLS, OTHERS, choose, numbers_for
from .nodes import Nodes
from .rounds import Round, Torture
from .tally import Tally
from .torture import show
from .worlds import Part, live_all, split, weave


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def test_kills_under_load_lose_nothing_and_decide_nothing_twice(database: str) -> None:
    with Nodes(alone=database == "sqlite") as nodes:
        torture = Torture(nodes, database)
        found = torture.run(0)
        assert found.is_good, show([found])
        assert torture.verify() == []
    assert found.pages >= found.accepted


@pytest.mark.parametrize("database", KILLS)
def test_so_many_kills_are_asked_for_and_every_fault_has_its_turn(database: str) -> None:
    counted = Counter(choose(database, number) for number in numbers_for(200))
    assert sum(count for fault, count in counted.items() if FAULTS[fault].kills) == 200
    assert set(counted) == {*KILLS[database], *OTHERS}
    assert min(counted.values()) >= 13


def made(number: int, fault: str = "kill -9") -> Round:
    return Round(database="sqlite", number=number, fault=fault, accepted=4)


def test_a_round_counts_once_and_one_that_was_interrupted_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tally = Tally("rounds", Round)
    tally.add(made(0))
    tally.add(made(2))
    with tally.path.open("ab") as file:
        file.write(b'{"database":"sqlite","number":1,"fa')
    assert tally.missing(range(4)) == [1, 3]
    tally.add(made(1))
    tally.add(made(2, "an orderly restart of each"))
    assert tally.missing(range(4)) == [3]
    assert [each.fault for each in tally.read()] == ["kill -9"] * 3
    assert show(tally.read()).startswith("3 kills, 0 other faults, 12 alerts")


def note(numbers: tuple[int, ...]) -> None:
    for number in numbers:
        if number == 3:
            raise SystemExit(1)
        Tally("rounds", Round).add(made(number))


def test_worlds_beside_each_other_do_all_that_is_lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tally = Tally("rounds", Round)
    assert live_all(split("a", [0, 1, 2], 2, note), 2)
    assert not live_all(split("a", tally.missing(range(6)), 2, note), 2), "one ended in the middle"
    assert tally.missing(range(6)) == [3, 4]


def test_kinds_take_turns() -> None:
    long = [Part("long", (at,), note) for at in range(4)]
    short = [Part("short", (at,), note) for at in range(2)]
    assert [part.kind for part in weave([long, short])] == ["long", "short", "long", "long", "short", "long"]
