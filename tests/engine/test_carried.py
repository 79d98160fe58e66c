"""A page that is on its way for too long is let go: another node may have it, whatever it waits for here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.engine.carried import LONGEST, Carried
from tocsin.testing.clock import FakeClock

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PAGE, STEP = ("shop-1", 4), ("shop-1", 7)


def test_a_page_is_kept_for_a_while_and_a_step_as_long_as_it_takes() -> None:
    clock = FakeClock(START)
    carried = Carried(clock.now)
    carried.take([PAGE], is_page=True)
    carried.take([STEP], is_page=False)
    assert sorted(carried.list_kept()) == [PAGE, STEP]
    clock.set(START + LONGEST)
    assert carried.list_kept() == [STEP]
    assert carried.list_all() == {PAGE, STEP}, "it is not forgotten, and not begun again here"
    assert PAGE in carried


def test_what_has_ended_is_kept_no_more_and_what_begins_again_anew() -> None:
    clock = FakeClock(START)
    carried = Carried(clock.now)
    carried.take([PAGE], is_page=True)
    clock.set(START + timedelta(seconds=20))
    carried.drop([PAGE, STEP])
    assert not carried.list_all()
    carried.take([PAGE], is_page=True)
    clock.set(START + timedelta(seconds=40))
    assert carried.list_kept() == [PAGE]
