"""The figures of an incident: each anchor from its entry, N/A where there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import asdict

from tocsin.review.metrics import measure, tell_figures
from tocsin.timeline import events as e
from tocsin.words import Audience, PublicStatus

Tale = Any


@pytest.mark.duty("MON-38", "MYC-32")
def test_the_sample_of_the_monero_playbook(outage: Callable[..., Tale]) -> None:
    tale = outage()
    figures = measure(tale.incident, tale.entries)
    minutes = {name: value / 60 for name, value in asdict(figures).items() if name.endswith("_s") and value is not None}
    assert minutes == {
        "acknowledge_s": 2,
        "acknowledge_from_alert_s": 2,
        "commander_s": 10,
        "identify_s": 15,
        "status_page_s": 15,
        "first_update_s": 15,
        "mitigate_s": 30,
        "restore_s": 45,
        "resolve_s": 135,
        "worst_gap_s": 15,
    }
    assert figures.restore_from_alert, "counted from the alert, since nobody knows when the impact began"
    assert (figures.updates_on_time, figures.updates_owed) == (1, 1)


def test_what_is_unknown_is_null_and_never_zero(tale: type[Tale]) -> None:
    told = tale(origin="person", by="ana")
    figures = measure(told.incident, told.entries)
    assert {name for name, value in asdict(figures).items() if name.endswith("_s") and value is not None} == set()
    assert {value for _, value in tell_figures(figures)} == {"N/A"}


def test_a_declared_incident_counts_nothing_from_an_alert_that_never_was(tale: type[Tale]) -> None:
    told = tale(origin="person", by="ana")
    told.page(0)
    told.at(3, e.Acknowledged(by="ana", via="room"))
    told.at(9, e.Resolved(by="ana"))
    figures = measure(told.incident, told.entries)
    assert (figures.acknowledge_s, figures.acknowledge_from_alert_s, figures.resolve_s) == (180, None, None)


def test_an_alert_fired_before_it_was_heard_of(tale: type[Tale]) -> None:
    told = tale()
    early = told.start - timedelta(minutes=4)
    there = early.astimezone(timezone(timedelta(hours=9)))
    told.at(0, e.AlertsJoined(alerts=(e.AlertSeen(fingerprint="f", name="A", starts_at=there),)))
    told.at(6, e.Resolved(by="ana"))
    assert measure(told.incident, told.entries).resolve_s == 600


@pytest.mark.parametrize("starts_at", [datetime(1, 1, 1), datetime(1970, 1, 1), datetime(9999, 12, 31)])
def test_a_start_that_nobody_can_mean_is_the_moment_it_joined(tale: type[Tale], starts_at: datetime) -> None:
    told = tale()
    for zone in (timezone(timedelta(hours=14)), timezone(timedelta(hours=-12)), None):
        seen = e.AlertSeen(fingerprint="f", name="A", starts_at=starts_at.replace(tzinfo=zone))
        told.at(0, e.AlertsJoined(alerts=(seen,)))
    assert measure(told.incident, told.entries).anchors.alert_fired == told.start


def test_in_triage_the_declaration_is_when_somebody_said_whose_it_is(tale: type[Tale]) -> None:
    told = tale()
    opened = e.IncidentOpened(team="?", number="1", title="t", by="", origin="alert", candidates=("a", "b"))
    told.entries.clear()
    told.at(0, opened)
    told.at(7, e.ScenarioChosen(team="a", scenario="s", by="ana"))
    told.at(9, e.RoleTaken(role="incident commander", responder="ivo", by="ana"))
    assert measure(told.incident, told.entries).commander_s == 120


def test_pages_that_were_only_shown_page_nobody(tale: type[Tale]) -> None:
    told = tale()
    shown = told.at(0, e.PageRequested(responder="ana", channel="mail", round=1, why="x"))
    told.at(0, e.PageWithheld(answers=shown, responder="ana", channel="mail", why="shadow"))
    told.at(2, e.Acknowledged(by="ana", via="room"))
    assert measure(told.incident, told.entries).acknowledge_s is None
    told.page(3)
    assert measure(told.incident, told.entries).anchors.paged == told.start + timedelta(minutes=3)


def test_a_corrected_time_that_stands_the_wrong_way_round_gives_no_figure(tale: type[Tale]) -> None:
    told = tale()
    told.page(5)
    told.at(2, e.Acknowledged(by="ana", via="room"))
    assert measure(told.incident, told.entries).acknowledge_s is None


def test_restored_is_when_the_last_alert_cleared_and_not_before(tale: type[Tale]) -> None:
    told = tale()
    told.alert(0, "A")
    told.alert(1, "B")
    told.at(5, e.AlertCleared(fingerprint="A", name="A"))
    assert measure(told.incident, told.entries).restore_s is None
    told.at(8, e.AlertCleared(fingerprint="B", name="B"))
    assert measure(told.incident, told.entries).restore_s == 480
    told.at(9, e.AlertFiredAgain(fingerprint="A", name="A"))
    assert measure(told.incident, told.entries).restore_s is None
    told.at(20, e.AlertCleared(fingerprint="A", name="A"))
    assert measure(told.incident, told.entries).restore_s == 1200


def test_after_a_reopening_the_fix_that_held_counts(tale: type[Tale]) -> None:
    told = tale()
    told.alert(0)
    told.at(10, e.Mitigated(by="ana"))
    told.at(20, e.Reopened(by="tocsin", reason="back"))
    assert measure(told.incident, told.entries).mitigate_s is None
    told.at(40, e.Mitigated(by="ana"))
    told.at(60, e.Resolved(by="ana"))
    figures = measure(told.incident, told.entries)
    assert (figures.mitigate_s, figures.resolve_s) == (2400, 3600)


@pytest.mark.duty("MYC-33")
def test_cadence_counts_what_fell_due_and_the_longest_wait(tale: type[Tale]) -> None:
    told = tale()
    told.duty("update:1", 15, 9)
    told.at(12, e.UpdatePosted(text="a", by="c", audiences=(Audience.RESPONDERS,), status=PublicStatus.INVESTIGATING))
    told.duty("update:2", 15, 9, at=12)
    told.at(27, e.ObligationLate(key="update:2"))
    told.post(40, "b")
    told.duty("update:3", 15, 9, at=40)
    told.at(45, e.Resolved(by="ana"))
    told.at(45, e.ObligationDropped(key="update:3", why="over"))
    figures = measure(told.incident, told.entries)
    assert (figures.updates_on_time, figures.updates_owed, figures.worst_gap_s) == (1, 2, 28 * 60)


def test_an_update_that_never_came_was_waited_for_until_the_end(tale: type[Tale]) -> None:
    told = tale()
    told.duty("update:1", 15, 9)
    told.at(15, e.ObligationLate(key="update:1"))
    told.at(90, e.Resolved(by="ana"))
    figures = measure(told.incident, told.entries)
    assert (figures.updates_on_time, figures.updates_owed, figures.worst_gap_s) == (0, 1, 90 * 60)
