"""The checker can fail: every law is broken by a bug planted for it, and every boundary has a bug that shows there.

A sample of them is planted with the other tests; `make plant` plants them all.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import tocsin.testing.simulation.laws as laws
from tocsin.testing.simulation.faults import CRASH, CRASHES
from tocsin.testing.simulation.month import Plan

from .amnesia import EFFECTS, Amnesia
from .bugs import BUGS
from .planting import Planted
from .stage import judge

ALL = os.environ.get("TOCSIN_SIMULATION") == "all"
SAMPLED_LAWS = ("alert on what is over", "page decided twice", "changed twice")
SAMPLED_BOUNDARIES = ("intake.after_commit", "timer.before_commit")
SEEDS = (1, 2, 3)
DAYS = 4
PLAN = Plan(turn_clock_every_s=40_000, export_every_s=20_000, incidents_a_day=25, hush_every_s=5_000)


def name_laws() -> set[str]:
    """Every name under which a law speaks, read from the laws themselves."""
    found = set[str]()
    for path in Path(laws.__file__).parent.glob("*.py"):
        found |= set(re.findall(r'(?:Violation|_tell)\(\s*"([^"]+)"', path.read_text(encoding="utf-8")))
    return found


def test_every_law_has_a_bug_that_breaks_it() -> None:
    assert set(BUGS) == name_laws()


def test_every_boundary_has_a_bug_that_shows_there() -> None:
    assert set(EFFECTS) == set(CRASHES)


@pytest.mark.parametrize(
    ("law", "planted"), [(law, bug) for law in (BUGS if ALL else SAMPLED_LAWS) for bug in BUGS[law]]
)
def test_a_planted_bug_is_caught(law: str, planted: Planted) -> None:
    seen = set[str]()
    for seed in SEEDS:
        with planted() as build:
            _, violations = judge(seed, DAYS, build, PLAN)
        seen |= {violation.law for violation in violations}
        if law in seen:
            return
    pytest.fail(f"{planted.__name__} was not seen as “{law}”; seen: {sorted(seen) or 'nothing'}.")


@pytest.mark.parametrize("boundary", CRASHES if ALL else SAMPLED_BOUNDARIES)
def test_a_bug_at_a_boundary_is_caught(boundary: str) -> None:
    """The server dies there again and again; without the bug nothing is wrong, with it something is."""
    plan = Plan(armed=((CRASH, boundary),), arm_every_s=5_000)
    for seed in SEEDS:
        if judge(seed, DAYS, Amnesia(boundary), plan)[1]:
            break
    else:
        pytest.fail(f"Nothing is seen of the bug at {boundary}.")
    assert judge(seed, DAYS, plan=plan)[1] == []
