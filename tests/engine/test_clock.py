"""The machine's clock may be set; what is owed must not wait for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine.clock import SystemClock

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


class Machine:
    """A wall clock and a steady one."""

    def __init__(self) -> None:
        self.wall, self.steady = START, 100.0
        self.clock = SystemClock(lambda: self.wall, lambda: self.steady)

    def run(self, seconds: float, jump: float = 0.0) -> datetime:
        """Time passes; then somebody sets the wall clock by `jump` seconds."""
        self.steady += seconds
        self.wall += timedelta(seconds=seconds + jump)
        return self.clock.now()


def test_it_is_the_machines_clock() -> None:
    machine = Machine()
    assert machine.run(10) == machine.wall
    assert machine.clock.ahead() == timedelta()


def test_an_hour_back_costs_nobody_an_hour() -> None:
    machine = Machine()
    assert machine.run(0, jump=-3600) == START
    assert machine.run(60) == START + timedelta(seconds=60)
    assert machine.clock.ahead() == timedelta(hours=1)


def test_once_the_machine_has_caught_up_they_agree_again() -> None:
    machine = Machine()
    machine.run(0, jump=-3600)
    assert machine.run(10, jump=3700) == machine.wall
    assert machine.clock.ahead() == timedelta()


def test_a_jump_forward_is_believed() -> None:
    machine = Machine()
    assert machine.run(1, jump=7200) == machine.wall


def test_it_goes_on_from_what_was_recorded_before_a_restart() -> None:
    machine = Machine()
    assert machine.clock.go_on_from(START + timedelta(hours=1))
    assert machine.run(5) == START + timedelta(hours=1, seconds=5)


def test_a_record_from_far_ahead_is_not_believed() -> None:
    machine = Machine()
    assert not machine.clock.go_on_from(START + timedelta(days=400))
    assert machine.run(1) == machine.wall


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e6, 1e6)), max_size=30))
def test_it_never_goes_back_and_never_stands_still(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    before = machine.clock.now()
    for seconds, jump in steps:
        now = machine.run(seconds, jump)
        assert now - before >= timedelta(seconds=seconds) - timedelta(microseconds=1)
        before = now
