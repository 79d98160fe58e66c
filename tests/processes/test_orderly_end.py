"""A server that is told to end lets what is on its way arrive: nobody is paged again for it after a restart."""

from __future__ import annotations

import pytest

from .faults import ORDERLY
from .ground import Ground, wait_for
from .nodes import Nodes
from .rounds import Torture
from .torture import show


def kinds(ground: Ground) -> list[str]:
    return [entry["kind"] for entry in ground.ask("GET", "/api/incidents/shop-1/timeline") or []]


def start(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")


def test_a_page_in_flight_is_written_down_before_the_end(ground: Ground) -> None:
    ground.sink.takes_s = 1.0
    start(ground)
    assert ground.fire()
    wait_for(lambda: ground.sink.pages, "page")
    ground.stop()
    start(ground)
    assert "page_delivered" in kinds(ground)
    assert [page["repeat"] for page in ground.sink.pages if page["responder"] == "ana"] == [False]


def test_a_page_that_nobody_takes_does_not_hold_the_end_up_and_is_sent_again(ground: Ground) -> None:
    ground.sink.holds.set()
    start(ground)
    assert ground.fire()
    wait_for(lambda: ground.sink.pages, "page")
    ground.stop()
    ground.sink.holds.clear()
    start(ground)
    wait_for(lambda: any(page["repeat"] for page in ground.sink.pages), "second sending")


@pytest.mark.needs("postgres")
def test_a_restart_of_each_server_under_load_loses_and_repeats_nothing() -> None:
    with Nodes() as nodes:
        torture = Torture(nodes, "postgres")
        found = torture.run(0, ORDERLY)
        assert found.is_good, show([found])
        assert (found.repeats, torture.verify()) == (0, [])
