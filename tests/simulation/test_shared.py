"""Several nodes on one store: they die, hang past their leases and wake, and what they hear of each other is late.

A sample is simulated with the other tests, `make simulate NODES=3` simulates months, and `make plant` plants every bug.
"""

from __future__ import annotations

import os

import pytest

from tocsin.testing.simulation.faults import list_pairs
from tocsin.testing.simulation.month import Plan
from tocsin.testing.simulation.network import CHANNELS

from .bugs_of_sharing import SHARED_BUGS
from .planting import Planted
from .stage import judge

ALL = os.environ.get("TOCSIN_SIMULATION") == "all"
SAMPLED = ("keep_what_stood",)
SEEDS = (1, 2, 3, 4, 5)
DAYS = 3
PLAN = Plan(
    nodes=3, incidents_a_day=25, hush_every_s=5_000, hang_every_s=3_000, arm_every_s=4_000, export_every_s=20_000
)


def test_three_nodes_that_die_and_hang_break_no_law() -> None:
    record, violations = judge(1, 2, plan=PLAN)
    assert violations == []
    assert {life.node for life in record.lives} == {"node-1", "node-2", "node-3"}
    hung = [until - since for life in record.lives for since, until in life.hung]
    assert max(hung) > 15, "some hang longer than a lease"
    for fault in ("lost × news", "late × news", "twice × news"):
        assert record.coverage[fault] > 10


def test_months_of_several_nodes_have_boundaries_of_their_own() -> None:
    alone, shared = set(list_pairs(CHANNELS)), set(list_pairs(CHANNELS, shared=True))
    assert {"hang × claim.after_commit", "lost × news"} <= shared - alone
    assert {"clock forward × running", "refuse × held"} <= alone - shared


@pytest.mark.parametrize(
    ("planted", "law"),
    [each for each in SHARED_BUGS if ALL or each[0].__name__ in SAMPLED],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_bug_of_sharing_is_caught(planted: Planted, law: str) -> None:
    seen = set[str]()
    for seed in SEEDS:
        with planted() as build:
            _, violations = judge(seed, DAYS, build, PLAN)
        seen |= {violation.law for violation in violations}
        if law in seen:
            return
    pytest.fail(f"{planted.__name__} was not seen as “{law}”; seen: {sorted(seen) or 'nothing'}.")
