"""What is remembered of where alerts belong is what would be found anew, whatever was asked before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alert import route
from tocsin.alert.route import Destination, Directions, Team, find_destination
from tocsin.alert.settings import Route
from tocsin.alert.signal import Signal
from tocsin.playbook.model import Playbook, Procedure, Severity

NAMES = ("alertname", "team", "severity", "level", "site", "shard")
VALUES = ("", "disk", "Disk", "net", "shop", "bank", "high", "low", "eu")


def scenario(title: str, line: int, *alerts: str, severities: tuple[str, ...] = ()) -> Procedure:
    return Procedure(title=title, line=line, end_line=line, alerts=alerts, severities=severities)


PLAYBOOK = Playbook(
    path="p.md",
    digest="d",
    is_playbook=True,
    severities=(Severity(id="SEV1", rank=0, name="", line=1), Severity(id="SEV2", rank=1, name="", line=2)),
    scenarios=(
        scenario("Full", 3, "disk", severities=("SEV2",)),
        scenario("Cut", 4, "net"),
        scenario("Twice", 5, "net"),
    ),
)
OTHER = Playbook(path="o.md", digest="o", is_playbook=True, scenarios=(scenario("Down", 3, "Disk", "low"),))
SHOP = Team(
    id="shop",
    name="Shop",
    playbook=PLAYBOOK,
    severity_label="level",
    severity_map={"high": "SEV1", "low": "SEV2"},
    group_by=("site", "shard"),
)
BANK = Team(id="bank", name="disk", playbook=OTHER, severity_map={"high": "SEV1"}, group_by=())
ROUTES = st.builds(
    Route,
    match=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=2),
    team=st.sampled_from([None, "shop", "bank"]),
    scenario=st.sampled_from([None, "cut", "down"]),
    record=st.booleans(),
    heartbeat=st.sampled_from(["", "", "watchdog"]),
)
LABELS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=6)
ASKED = st.lists(st.tuples(LABELS, st.sampled_from([None, "shop", "bank", "gone"])), min_size=1, max_size=30)


def find_anew(labels: dict[str, str], keyed: str | None, routes: list[Route]) -> Destination:
    return find_destination(Signal(labels=labels), keyed, [SHOP, BANK], routes)


@given(st.lists(ROUTES, max_size=3), ASKED)
def test_what_is_known_is_what_would_be_found(routes: list[Route], asked: list[tuple[dict[str, str], str]]) -> None:
    directions = Directions([SHOP, BANK], routes)
    for labels, keyed in asked + asked[::-1]:
        assert directions.find(Signal(labels=labels), keyed) == find_anew(labels, keyed, routes)


@pytest.mark.parametrize("name", NAMES)
def test_no_label_that_counts_is_left_out(name: str) -> None:
    """Signals that differ in one thing that counts have different destinations, also one right after the other."""
    routes = [Route(match={"severity": "high"}, team="shop", record=True)]
    directions = Directions([SHOP, BANK], routes)
    usual = {"alertname": "net", "team": "shop", "severity": "low", "level": "low", "site": "eu", "shard": "disk"}
    changed = {"alertname": "disk", "team": "bank", "severity": "high", "level": "high", "site": "", "shard": "eu"}
    other = {**usual, name: changed[name]}
    found = [directions.find(Signal(labels=labels), None) for labels in (usual, other)]
    assert found == [find_anew(labels, None, routes) for labels in (usual, other)]
    assert found[0] != found[1]


def test_the_key_counts_too() -> None:
    directions = Directions([SHOP, BANK], [])
    found = [directions.find(Signal(labels={"alertname": "low"}), keyed).team for keyed in ("shop", "bank", None)]
    assert found == ["shop", "bank", "bank"]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "MOST_KNOWN", 10)
    directions = Directions([SHOP, BANK], [])
    for n in range(35):
        assert directions.find(Signal(labels={"alertname": f"a{n}"}), "shop").team == "shop"
        assert len(directions._known) <= 10
