"""Killed at each named place, the server comes back and has lost nothing and done nothing twice.

A sample of the places is tried with the other tests; `make torture` tries them all.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from tocsin.engine.failpoint import NAMES

from .ground import Ground, wait_for
from .nodes import pages_of

STEP = "L32"
ALL = os.environ.get("TOCSIN_TORTURE") == "all"
SAMPLE = (
    "intake.after_commit",
    "command.before_commit",
    "timer.after_commit",
    "page.during_send",
    "page.before_outcome_commit",
    "read.after",
    "change.after_start_commit",
    "change.before_outcome_commit",
    "blob.after_write",
)

TIMES = {"blob.before_write": ":3", "blob.after_write": ":3"}
"""The first two blobs are the playbook's source and model; the third is evidence."""


def timeline(ground: Ground) -> list[dict[str, Any]]:
    return ground.ask("GET", "/api/incidents/shop-1/timeline") or []


def kinds(ground: Ground) -> list[str]:
    return [entry["kind"] for entry in timeline(ground)]


def step(ground: Ground) -> dict[str, Any]:
    room = ground.ask("GET", "/api/incidents/shop-1") or {"steps": []}
    return next((each for each in room["steps"] if each["id"] == STEP), {})


def live_through(ground: Ground) -> bool:
    """A short life of an incident: it fires, is read, is approved, is acknowledged, time passes. Whether it was lived.

    Every stage is asked for only if it has not happened yet, so that after a crash it goes on where it was.
    """
    stages = (_fire, _read, _approve, _second_level, _acknowledge)
    return all(_until(ground, stage) for stage in stages)


def _until(ground: Ground, stage: Any) -> bool:
    wait_for(lambda: ground.is_dead() or stage(ground), f"end of {stage.__name__}")
    return not ground.is_dead()


def _fire(ground: Ground) -> bool:
    return bool(ground.url()) and (bool(kinds(ground)) or ground.fire())


def _read(ground: Ground) -> bool:
    return "step_finished" in kinds(ground) and "page_delivered" in kinds(ground)


def _approve(ground: Ground) -> bool:
    now = step(ground)
    if now.get("state") in ("ok", "in_doubt", "failed"):
        return True
    if now.get("state") in ("planned", "waiting"):
        shown = ground.ask("GET", f"/api/incidents/shop-1/steps/{STEP}")
        if shown:
            ground.ask("POST", f"/api/incidents/shop-1/steps/{STEP}/approve", digest=shown["digest"])
    return False


def _second_level(ground: Ground) -> bool:
    return any(page["responder"] == "bo" for page in ground.sink.pages)


def _acknowledge(ground: Ground) -> bool:
    if "acknowledged" in kinds(ground):
        return True
    ground.ask("POST", "/api/incidents/shop-1/acknowledge")
    return False


def test_the_sample_is_of_places_that_there_are() -> None:
    assert set(SAMPLE) < set(NAMES)


@pytest.mark.parametrize("failpoint", NAMES if ALL else SAMPLE)
def test_a_kill_loses_nothing_and_does_nothing_twice(ground: Ground, failpoint: str) -> None:
    ground.start(failpoint + TIMES.get(failpoint, ""))
    live_through(ground)
    assert ground.is_dead(), f"The server lived through {failpoint}:\n{ground.log()}"
    assert ground.mark.read_text() == failpoint, "the place was reached"

    ground.start()
    assert live_through(ground), ground.log()
    wait_for(lambda: is_at_rest(ground), "end of each page that was requested")
    happened = timeline(ground)
    _no_page_is_lost(ground, happened)
    _nothing_ran_twice(ground, failpoint, happened)
    ground.stop()
    checked = ground.verify()
    assert checked.returncode == 0, checked.stdout + checked.stderr


def is_at_rest(ground: Ground) -> bool:
    """Whether each page that was requested has come to its end: the last may have been on its way until now."""
    found = pages_of(timeline(ground))
    return bool(found["requested"]) and found["requested"] == found["ended"]


def _no_page_is_lost(ground: Ground, happened: list[dict[str, Any]]) -> None:
    """Every page that was requested arrived; what arrived twice was sent again with its key, and says so."""
    requested = {f"shop-1:{entry['seq']}" for entry in happened if entry["kind"] == "page_requested"}
    delivered = {f"shop-1:{entry['event']['answers']}" for entry in happened if entry["kind"] == "page_delivered"}
    keys = [page["key"] for page in ground.sink.pages]
    assert requested == delivered
    assert requested == set(keys)
    assert {page["responder"] for page in ground.sink.pages} == {"ana", "bo"}
    for key in {key for key in keys if keys.count(key) > 1}:
        again = [page["repeat"] for page in ground.sink.pages if page["key"] == key]
        assert again == [False, True]


def _nothing_ran_twice(ground: Ground, failpoint: str, happened: list[dict[str, Any]]) -> None:
    """The changing step ran once; where nobody saw its end, it is in doubt and was left alone."""
    starts = [entry for entry in happened if entry["kind"] == "step_started"]
    assert len(starts) == 1
    assert ground.turns <= 1
    state = step(ground)["state"]
    interrupted = failpoint in (
        "change.after_start_commit",
        "change.during",
        "change.after",
        "change.before_outcome_commit",
    )
    # A page or a timer may come due while the step runs: its death is then the step's too.
    beside = failpoint.startswith(("timer.", "page.", "claim.")) and state == "in_doubt"
    assert (state == "in_doubt") if interrupted or beside else (state == "ok" and ground.turns == 1), state
