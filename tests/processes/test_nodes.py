"""Three servers on one PostgreSQL: one is killed, stopped or cut off, and the others go on where it was."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from .ground import Lag, wait_for
from .nodes import Nodes, pages_of

pytestmark = pytest.mark.needs("postgres")

TAKEOVER_S = 15.0
STEP = "L32"


@pytest.fixture
def nodes() -> Iterator[Nodes]:
    with Nodes() as made:
        yield made


def check_pages(nodes: Nodes, incident: str = "shop-1") -> None:
    """Every page has one end; what came twice at the sink has said that it is a repeat."""
    wait_for(lambda: is_at_rest(nodes, incident), "end of what is in flight")
    found = pages_of(nodes.timeline(incident))
    arrived: dict[str, list[bool]] = {}
    for page in nodes.sink.pages:
        if page["incident"] == incident:
            arrived.setdefault(page["key"], []).append(page["repeat"])
    assert {f"{incident}:{seq}" for seq in found["requested"]} >= set(arrived)
    assert found["requested"] == found["ended"]
    for key, repeats in arrived.items():
        assert all(repeats[1:]), key  # the first says so too, where a node had taken it and died before it could send
    people = Counter((page["responder"], page["round"]) for page in requests(nodes, incident))
    assert set(people.values()) == {1}, people


def requests(nodes: Nodes, incident: str) -> list[dict[str, Any]]:
    return [entry["event"] for entry in nodes.timeline(incident) if entry["kind"] == "page_requested"]


def is_at_rest(nodes: Nodes, incident: str) -> bool:
    timeline = nodes.timeline(incident)
    if not timeline:
        return False
    found = pages_of(timeline)
    return found["requested"] == found["ended"]


def acknowledge(nodes: Nodes, incident: str = "shop-1") -> None:
    wait_for(
        lambda: any(node.ask("POST", f"/api/incidents/{incident}/acknowledge") for node in nodes.living()), "answer"
    )


def verify(nodes: Nodes) -> None:
    """The record holds together before every node's own mark."""
    for node in nodes.all.values():
        done = node.verify()
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_node_that_holds_a_page_is_killed_and_another_sends_it_within_15_seconds(nodes: Nodes) -> None:
    nodes.sink.holds.set()
    assert nodes.fire_everywhere("TillStuck")
    first = wait_for(lambda: nodes.sink.pages, "page")[0]["key"]
    holder = wait_for(lambda: nodes.holder_of(first), "holder of the page")
    with Lag() as lag:
        nodes[holder].kill()
        killed = time.monotonic()
        nodes.sink.holds.clear()
        again = wait_for(lambda: [p for p in nodes.sink.pages if p["key"] == first and p["repeat"]], "second sending")
    assert again[0]["came_at"] - killed < TAKEOVER_S + lag.lost_s
    acknowledge(nodes)
    check_pages(nodes)
    nodes.start(holder)
    assert [card["id"] for card in nodes.incidents()] == ["shop-1"]
    verify(nodes)


def test_a_node_that_slept_past_its_lease_finds_its_page_sent_by_another(nodes: Nodes) -> None:
    nodes.sink.holds.set()
    assert nodes.fire_everywhere("TillStuck")
    first = wait_for(lambda: nodes.sink.pages, "page")[0]["key"]
    holder = wait_for(lambda: nodes.holder_of(first), "holder of the page")
    with Lag() as lag:
        nodes[holder].signal(signal.SIGSTOP)
        slept = time.monotonic()
        nodes.sink.holds.clear()
        again = wait_for(lambda: [p for p in nodes.sink.pages if p["key"] == first and p["repeat"]], "second sending")
    assert again[0]["came_at"] - slept < TAKEOVER_S + lag.lost_s
    nodes[holder].signal(signal.SIGCONT)
    wait_for(lambda: nodes[holder].ask("GET", "/api/incidents/shop-1/timeline"), "answer of the one that slept")
    acknowledge(nodes)
    check_pages(nodes)
    verify(nodes)


def test_the_database_is_cut_off_and_comes_back_and_nothing_is_lost(nodes: Nodes) -> None:
    taken = {"TillStuck"} if nodes.fire_everywhere("TillStuck") else set()
    assert taken
    nodes.cluster.crash()
    assert not nodes.fire_everywhere("OtherThing"), "nothing is taken that cannot be kept"
    nodes.cluster.start()
    wait_for(lambda: nodes.fire_everywhere("DoorJammed"), "an alert that is taken again")
    wait_for(lambda: len(nodes.incidents()) == 2, "both incidents")
    wait_for(lambda: {page["incident"] for page in nodes.sink.pages} == {"shop-1", "shop-2"}, "pages of both")
    for incident in ("shop-1", "shop-2"):
        acknowledge(nodes, incident)
        check_pages(nodes, incident)
    verify(nodes)


def approve(nodes: Nodes) -> bool:
    """Approve the change, at whichever node."""
    if "step_approved" in nodes.kinds():
        return True
    node = nodes["two"]  # which hears of what others did a moment later
    shown = node.ask("GET", f"/api/incidents/shop-1/steps/{STEP}")
    return bool(shown and node.ask("POST", f"/api/incidents/shop-1/steps/{STEP}/approve", digest=shown["digest"]))


def test_a_change_whose_node_is_killed_is_in_doubt_and_never_run_again(nodes: Nodes) -> None:
    (nodes["one"].till / "turn.sh").write_text("#!/bin/sh\necho turned >> turns\nsleep 60\n")
    assert nodes["three"].fire()
    wait_for(lambda: "step_finished" in nodes.kinds(), "read")
    acknowledge(nodes)
    wait_for(lambda: approve(nodes), "approval")
    wait_for(lambda: nodes["one"].turns, "change that runs where its target is")
    with Lag() as lag:
        nodes["one"].kill()
        killed = time.time()
        wait_for(lambda: "step_in_doubt" in nodes.kinds(), "doubt")
    (doubt,) = (entry for entry in nodes.timeline() if entry["kind"] == "step_in_doubt")
    assert datetime.fromisoformat(doubt["recorded_at"]).timestamp() - killed < TAKEOVER_S + lag.lost_s
    nodes.start("one")
    assert nodes["one"].turns == 1
    assert nodes.kinds().count("step_started") == 1
    verify(nodes)


def is_over(shown: dict[str, Any] | None) -> dict[str, Any] | None:
    """A step that has ended, as far as whoever shows it has heard."""
    return shown if shown and (shown.get("ran") or {}).get("exit_code") is not None else None


def test_a_change_is_stopped_where_it_runs_by_somebody_at_another_node(nodes: Nodes) -> None:
    (nodes["one"].till / "turn.sh").write_text("#!/bin/sh\necho turned >> turns\nsleep 600\n")
    assert nodes["three"].fire()
    wait_for(lambda: "step_finished" in nodes.kinds(), "read")
    acknowledge(nodes)
    wait_for(lambda: approve(nodes), "approval")
    wait_for(lambda: nodes["one"].turns, "change that runs where its target is")
    stop = f"/api/incidents/shop-1/steps/{STEP}/stop"
    wait_for(
        lambda: nodes["three"].ask("POST", stop, reason="wrong till"), "node that has heard of the step and stops it"
    )
    wait_for(lambda: nodes.kinds().count("step_finished") == 2, "end of the change")
    shown = wait_for(
        lambda: is_over(nodes["two"].ask("GET", f"/api/incidents/shop-1/steps/{STEP}")), "its end at another"
    )
    ran = shown["ran"]
    assert (ran["exit_code"], ran["why"], ran["stopped_by"]["id"]) == (124, "ana stopped it: wrong till.", "ana")
    assert nodes["one"].turns == 1
    verify(nodes)


def test_a_step_waits_for_the_node_that_its_target_is_on(nodes: Nodes) -> None:
    nodes["one"].stop()
    assert nodes["two"].fire()
    wait_for(lambda: "page_delivered" in nodes.kinds(), "page")
    acknowledge(nodes)
    wait_for(lambda: approve(nodes), "approval")
    wait_for(lambda: "step_requested" in nodes.kinds(), "step that was asked for")
    assert nodes.holder("target:shop/till") == ""
    assert nodes["one"].turns == 0
    nodes.start("one")
    wait_for(lambda: nodes["one"].turns, "change, once its node is back")
    wait_for(lambda: nodes.kinds().count("step_finished") == 2, "end of both steps")
    verify(nodes)
