"""The table of duties: its lines are there, and each is named once."""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path

HERE = Path(__file__).parent
TABLE = tomllib.loads((HERE / "lines.toml").read_text(encoding="utf-8"))


def test_every_range_begins_and_ends_on_a_written_line(seeds: Path) -> None:
    for seed, duties in TABLE.items():
        lines = (seeds / f"{seed}.md").read_text(encoding="utf-8").split("\n")
        for duty, ranges in duties.items():
            for part in ranges.split(","):
                first, _, last = part.strip().partition("-")
                assert lines[int(first) - 1].strip(), f"{duty} begins on the empty line {first} of {seed}"
                assert lines[int(last or first) - 1].strip(), f"{duty} ends on the empty line {last} of {seed}"


def test_no_duty_is_in_it_twice() -> None:
    ids = list(chain.from_iterable(TABLE.values()))
    assert sorted(ids) == sorted(set(ids))


def test_each_line_that_states_nothing_belongs_to_its_duty_and_says_why() -> None:
    silent = tomllib.loads((HERE / "silent.toml").read_text(encoding="utf-8"))
    known = {duty: set(read(ranges)) for duties in TABLE.values() for duty, ranges in duties.items()}
    for duty, reasons in silent.items():
        lines = [line for ranges in reasons for line in read(ranges)]
        assert len(lines) == len(set(lines)), f"{duty} has a line twice"
        assert set(lines) < known[duty], f"{duty} says nothing of these, or of all that it has"
        assert all(len(reason) > 5 for reason in reasons.values())


def read(ranges: str) -> list[int]:
    """Each line of ranges such as ``12-14, 17``."""
    parts = [part.strip().partition("-") for part in ranges.split(",")]
    return [line for first, _, last in parts for line in range(int(first), int(last or first) + 1)]
