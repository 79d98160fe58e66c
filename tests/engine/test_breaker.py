"""A destination that is out of order is tried rarely, and found to be in order soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine.breaker import FIRST_S, IDLE, LONGEST_S, Breakers, find_wait

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
TO = "channel:hook"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_what_nobody_complained_of_is_in_order() -> None:
    breakers = Breakers()
    assert all(breakers.admit(TO, NOW) for _ in range(100))
    assert not breakers.is_open(TO)
    assert breakers.find_retry(TO) is None
    assert not breakers.mend(TO, NOW), "it was not out of order"


def test_the_first_failure_opens_it_and_a_success_closes_it() -> None:
    breakers = Breakers()
    breakers.fail(TO, NOW, NOW)
    assert not breakers.admit(TO, NOW)
    assert breakers.admit("channel:mail", NOW), "another one is not touched"
    assert breakers.admit(TO, after(FIRST_S)), "it is tried again"
    assert not breakers.admit(TO, after(FIRST_S)), "by one at a time"
    assert breakers.mend(TO, after(1))
    assert breakers.admit(TO, after(1))
    assert breakers.admit(TO, after(1))


def test_what_was_under_way_says_nothing_new() -> None:
    breakers = Breakers()
    for late in range(30):  # thirty were in flight when it broke
        breakers.fail(TO, NOW, after(late / 100))
    assert breakers.find_retry(TO) <= after(FIRST_S + 0.01), "that is one failure, not thirty"  # type: ignore[operator]
    assert breakers.admit(TO, after(1))
    breakers.mend(TO, after(2))
    breakers.fail(TO, after(0.5), after(3))
    assert not breakers.is_open(TO), "that one was sent before it was in order again"
    breakers.fail(TO, after(2.5), after(4))
    assert breakers.is_open(TO)


def test_after_long_it_may_be_in_order() -> None:
    breakers = Breakers()
    breakers.fail(TO, NOW, NOW)
    assert not breakers.is_hopeful(TO, after(LONGEST_S))
    assert breakers.is_hopeful(TO, after(LONGEST_S) + IDLE)


@pytest.mark.parametrize("failures", [0, 1, 2, 3, 10, 100_000])
def test_distances_grow_within_bounds_and_differ(failures: int) -> None:
    waits = [find_wait(f"channel:{name}", failures).total_seconds() for name in range(200)]
    assert min(waits) > 0.5, "at most two attempts a second"
    assert max(waits) <= LONGEST_S
    assert len(set(waits)) > 50
    assert waits == [find_wait(f"channel:{name}", failures).total_seconds() for name in range(200)]


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 9)), min_size=1, max_size=60))
def test_there_are_never_more_than_two_attempts_in_a_second(steps: list[tuple[float, float]]) -> None:
    """However often it is asked and however long each attempt takes to fail."""
    breakers, now = Breakers(), NOW
    breakers.fail(TO, NOW, NOW)
    tried: list[datetime] = []
    under_way: list[tuple[datetime, datetime]] = []
    for wait, takes in steps:
        now += timedelta(seconds=wait)
        for begun, ends in [each for each in under_way if each[1] <= now]:
            breakers.fail(TO, begun, ends)
            under_way.remove((begun, ends))
        if breakers.admit(TO, now):
            tried.append(now)
            under_way.append((now, now + timedelta(seconds=takes)))
    for at, moment in enumerate(tried):
        assert len([each for each in tried[at:] if each - moment < timedelta(seconds=1)]) <= 2
    retry = breakers.find_retry(TO)
    assert retry is not None
    assert retry - now <= timedelta(seconds=LONGEST_S), "and it is tried again soon"


def test_a_destination_that_asks_for_patience_has_it() -> None:
    breakers, start = Breakers(), datetime(2026, 3, 2, tzinfo=UTC)
    breakers.heed("channel:sms", 30)
    breakers.fail("channel:sms", start, start)
    assert not breakers.admit("channel:sms", start + timedelta(seconds=29))
    assert breakers.admit("channel:sms", start + timedelta(seconds=30))
    breakers.fail("channel:sms", start + timedelta(seconds=30), start + timedelta(seconds=31))
    assert breakers.admit("channel:sms", start + timedelta(seconds=34)), "it was asked for once"
