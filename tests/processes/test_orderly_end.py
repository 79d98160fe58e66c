"""A server that is told to end lets what is on its way arrive: nobody is paged again for it after a restart."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .faults import ORDERLY
from .ground import PATIENCE_S, Ground, open_client, wait_for
from .nodes import Nodes
from .rounds import Torture
from .torture import show


def kinds(ground: Ground, incident: str) -> list[str]:
    return [entry["kind"] for entry in ground.ask("GET", f"/api/incidents/{incident}/timeline") or []]


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
    for name in ("One", "Two", "Three"):  # a machine that does other things is asked again
        if ends_with_its_page(ground, name):
            break
    (page,) = first_pages(ground, name)
    assert not page["repeat"] and page["answered"]
    assert "page_delivered" in kinds(ground, page["incident"])


def first_pages(ground: Ground, name: str) -> list[dict[str, Any]]:
    of = [page for page in ground.sink.pages if page["labels"].get("alertname") == name]
    return [page for page in of if (page["responder"], page["round"]) == ("ana", 1)]


def ends_with_its_page(ground: Ground, name: str) -> bool:
    """End a server with a page in flight, and start another. Whether the sink was there within the five seconds for
    which a server that ends waits, and the page was sent once.
    """
    ground.sink.holds.set()
    start(ground)
    assert ground.fire(name)
    wait_for(lambda: first_pages(ground, name), "page")
    url, process = ground.url(), ground.process
    assert url and process
    process.terminate()
    wait_for(lambda: not listens(url), "end that has begun")
    ground.sink.holds.clear()
    assert process.wait(PATIENCE_S) == 0
    start(ground)
    wait_for(lambda: "page_delivered" in kinds(ground, first_pages(ground, name)[0]["incident"]), "its delivery")
    if len(first_pages(ground, name)) == 1:
        return True
    ground.stop()
    return False


def test_a_page_that_nobody_takes_does_not_hold_the_end_up_and_is_sent_again(ground: Ground) -> None:
    ground.sink.holds.set()
    start(ground)
    assert ground.fire()
    wait_for(lambda: ground.sink.pages, "page")
    ground.stop()
    ground.sink.holds.clear()
    start(ground)
    wait_for(lambda: any(page["repeat"] for page in ground.sink.pages), "second sending")


LONG_S = 3.0
"""A server that ends waits five seconds for what is on its way; a machine that was away so long is asked again."""


@pytest.mark.needs("postgres")
def test_a_restart_of_each_server_under_load_loses_and_repeats_nothing() -> None:
    with Nodes() as nodes:
        torture = Torture(nodes, "postgres")
        for number in range(3):
            found = torture.run(number, ORDERLY)
            if not found.repeats or torture.lag.lost_s < LONG_S:
                break
        assert found.is_good, show([found])
        assert (found.repeats, torture.verify()) == (0, [])
