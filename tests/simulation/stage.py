"""What the simulation's tests and its command share: the playbooks, and one short way to run and judge a month."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from tocsin.testing.simulation.laws import check
from tocsin.testing.simulation.laws.evidence import Violation
from tocsin.testing.simulation.month import Plan, run_month
from tocsin.testing.simulation.node import Node
from tocsin.testing.simulation.record import Record
from tocsin.testing.simulation.teams import Cast, cast_teams

SHARED = Path(os.environ.get("TOCSIN_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def find_playbooks() -> dict[str, bytes]:
    """Five playbooks: the ones that their teams wrote, else the demo's own, so that nothing outside is needed."""
    seeds = sorted((SHARED / "seeds").glob("*.md"))
    if not seeds:
        folder = resources.files("tocsin.drill.demo") / "playbooks"
        return {path.name.removesuffix(".md"): path.read_bytes() for path in sorted(folder.iterdir(), key=str)}
    return {path.stem: path.read_bytes() for path in seeds}


@functools.cache
def cast() -> Cast:
    """The teams, compiled once for each process; the collector need not look at them again."""
    made = cast_teams(find_playbooks())
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    return made


def judge(
    seed: int, days: float, build: Callable[[Node], None] | None = None, plan: Plan | None = None
) -> tuple[Record, list[Violation]]:
    """A month and the laws that it broke."""
    record = run_month(seed, days, cast(), build=build, plan=plan)
    return record, check(record, cast())
