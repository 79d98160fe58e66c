"""The table of duties: its lines are there, and each is named once."""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path

TABLE = tomllib.loads((Path(__file__).parent / "lines.toml").read_text(encoding="utf-8"))


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
