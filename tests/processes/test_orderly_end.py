"""A server that is told to end lets what is on its way arrive: nobody is paged again for it after a restart."""

from __future__ import annotations

import httpx
import pytest

from .faults import ORDERLY
from .ground import PATIENCE_S, Ground, open_client, wait_for
from .nodes import Nodes
from .rounds import Torture
from .torture import show


def kinds(ground: Ground) -> list[str]:
    return [entry["kind"] for entry in ground.ask("GET", "/api/incidents/shop-1/timeline") or []]


def start(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")


def listens(url: str) -> bool:
    """Whether somebody can be asked there."""
    try:
        open_client().get(f"{url}/-/healthy")
    except httpx.ConnectError:
        return False
    except httpx.HTTPError:
        return True
    return True


def test_a_page_in_flight_is_written_down_before_the_end(ground: Ground) -> None:
    ground.sink.holds.set()
    start(ground)
    assert ground.fire()
    wait_for(lambda: ground.sink.pages, "page")
    url, process = ground.url(), ground.process
    assert url and process
    process.terminate()
    wait_for(lambda: not listens(url), "end that has begun")
    ground.sink.holds.clear()
    assert process.wait(PATIENCE_S) == 0
    start(ground)
    assert "page_delivered" in kinds(ground)
    assert [page["repeat"] for page in ground.sink.pages if page["responder"] == "ana" and page["round"] == 1] == [
        False
    ]


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
