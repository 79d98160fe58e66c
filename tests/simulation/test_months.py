"""Simulated months keep every law; the same seed gives the same bytes; and what is left out would have done nothing."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tocsin.engine.failpoint import NAMES
from tocsin.testing.simulation import turning
from tocsin.testing.simulation.faults import CRASH, list_pairs
from tocsin.testing.simulation.loop import Stuck, run_virtually
from tocsin.testing.simulation.month import Plan, choose_start
from tocsin.testing.simulation.network import CHANNELS
from tocsin.testing.simulation.record import Record
from tocsin.testing.simulation.teams import find_changes
from tocsin.timeline.codec import unseal

from .stage import judge

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = (1,)
LEAST_EVENTS, LEAST_INCIDENTS = 6000, 200


DAY = 0.15
NODES = Plan(nodes=3, incidents_a_day=25, hang_every_s=3_000, arm_every_s=4_000)


def tell(record: Record) -> list[tuple[str, int, str, float]]:
    """What happened, to the tenth of a second."""
    entries = [unseal(sealed) for each in record.timeline.values() for sealed in each]
    return [
        (entry.stream, entry.seq, entry.event.kind, round((entry.recorded_at - record.start).total_seconds(), 1))
        for entry in entries
    ]


def digest(record: Record) -> str:
    """Everything that a month wrote down, in one word."""
    return hashlib.sha256(msgspec.msgpack.encode(record)).hexdigest()


@pytest.mark.parametrize("seed", SAMPLE)
def test_a_month_of_every_fault_breaks_no_law(seed: int) -> None:
    record, violations = judge(seed, 30)
    again = f"make simulate SEEDS={seed}-{seed} DAYS=30"
    assert violations == [], again
    assert sum(map(len, record.timeline.values())) >= LEAST_EVENTS, again
    assert sum("/" not in stream for stream in record.timeline) >= LEAST_INCIDENTS, again
    met = set(list_pairs(CHANNELS)) & set(record.coverage)
    assert len(met) >= len(list_pairs(CHANNELS)) - 5, "nearly every pair of fault and boundary is met by each month"


def test_every_failpoint_of_the_engine_is_a_boundary() -> None:
    assert {f"crash × {name}" for name in NAMES} <= set(list_pairs(CHANNELS))


def test_the_same_seed_gives_the_same_bytes_whatever_process_it_runs_in() -> None:
    script = (
        "from tests.simulation.test_months import NODES, digest, judge; "
        "print(digest(judge(7, 2)[0]), digest(judge(7, 1, plan=NODES)[0]))"
    )
    found = Counter(
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "4711")
    )
    assert list(found.values()) == [2]
    assert digest(judge(8, 2)[0]) not in next(iter(found)), "another seed is another month"


def test_a_turn_that_is_left_out_would_have_found_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every tick of the engine's loop, day and night, the same happens, entry by entry, but for microseconds.

    The disk draws its chances at each look, so both go without its faults and slowness.
    """
    plan = Plan(armed=((CRASH, "page.after_send"),), arm_every_s=3600, incidents_a_day=60)
    monkeypatch.setattr("tocsin.testing.simulation.disk.SLOW_READ", 0.0)
    monkeypatch.setattr("tocsin.testing.simulation.faults.DISK_RATE", 0.0)
    monkeypatch.setattr("tocsin.testing.simulation.disk.SLOW_WRITE", 0.0)
    monkeypatch.setattr("tocsin.testing.simulation.month.CALM_S", 600.0)
    monkeypatch.setattr("tocsin.testing.simulation.month.LAST_HAND_S", 120.0)
    sparing, _ = judge(3, DAY, plan=plan)
    monkeypatch.setattr(turning.Turning, "_ticks", lambda engine: 1)
    monkeypatch.setattr(turning.Turning, "_finds_more", lambda engine: True)
    tireless, _ = judge(3, DAY, plan=plan)
    assert tell(sparing) == tell(tireless)
    assert len(tell(sparing)) > 100


def test_most_months_hold_a_change_of_the_clocks() -> None:
    held = 0
    for seed in range(1, 51):
        first = choose_start(seed)
        days = {(change - first).days for change in find_changes(first.year) + find_changes(first.year + 1)}
        held += any(0 <= day < 30 for day in days)
    assert held >= 35


def test_a_simulation_in_which_nothing_can_happen_says_so() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        run_virtually(wait())
