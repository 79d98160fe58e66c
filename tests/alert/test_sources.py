"""Every format that a source may speak: what it means, what is told of a bad one, and that no bytes upset it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alert.signal import Batch
from tocsin.alert.sources.alertmanager import parse_alerts, parse_webhook
from tocsin.alert.sources.body import find_name, read_moment, read_pairs
from tocsin.alert.sources.mapped import Intake, follow, parse_mapped, read_path
from tocsin.alert.sources.opsgenie import parse_act, parse_creation
from tocsin.alert.sources.pagerduty import InvalidEvent, parse_change, parse_event, parse_old_event
from tocsin.alert.sources.plain import parse_formatted, parse_goalert, parse_grafana
from tocsin.alert.sources.silence import parse_silence
from tocsin.errors import BadInput

FRESH = "fresh-key"
MAP = Intake(
    name="uptime",
    title="check.name",
    alerts="checks",
    key="check.id",
    state="status",
    firing=("down",),
    resolved=("up",),
    labels={"host": "check.hosts[0]", "team": "=web"},
    annotations={"why": 'detail["why.not"]'},
)
PARSERS: dict[str, Callable[[bytes], Any]] = {
    "alerts": lambda body: parse_alerts({}, body),
    "webhook": lambda body: parse_webhook({}, body),
    "grafana": lambda body: parse_grafana({}, body),
    "formatted": lambda body: parse_formatted({}, body),
    "goalert": lambda body: parse_goalert({}, body, {}),
    "goalert json": lambda body: parse_goalert({"content-type": "application/json"}, body, {}),
    "pagerduty": lambda body: parse_event({}, body, FRESH),
    "pagerduty change": lambda body: parse_change({}, body),
    "pagerduty old": lambda body: parse_old_event({}, body, FRESH),
    "opsgenie": lambda body: parse_creation({}, body, FRESH),
    "opsgenie note": lambda body: parse_act({}, body, "a", "notes"),
    "opsgenie close": lambda body: parse_act({}, body, "a", "close"),
    "mapped": lambda body: parse_mapped(body, MAP),
    "mapped one": lambda body: parse_mapped(body, Intake(name="one", title="a", state="b", starts_at="c", link="d")),
    "silence": lambda body: parse_silence({}, body),
}
NAMES = st.sampled_from(
    "labels annotations alerts status startsAt endsAt routing_key event_action dedup_key payload summary "
    "source severity timestamp custom_details links href client class alias message details priority tags user "
    "note title state name alert_uid check id hosts checks matchers value isRegex isEqual createdBy comment "
    "service_key event_type ruleName incident_key description meta dedup action a b c d evalMatches".split()
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["trigger", "resolve", "critical", "firing", "resolved", "P1", "2026-01-01T00:00:00Z", "0001-01-01"]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)


@pytest.mark.parametrize("parser", PARSERS)
@given(value=VALUES)
def test_any_json_is_read_or_refused_with_a_sentence(parser: str, value: Any) -> None:
    try:
        found = PARSERS[parser](json.dumps(value).encode())
    except BadInput as error:
        assert len(str(error)) > 10
        return
    msgspec.json.encode(found)  # whatever came out can be stored
    batch = found[1] if isinstance(found, tuple) else getattr(found, "batch", found)
    if isinstance(batch, Batch):
        for signal in batch.signals:
            assert signal.labels or signal.resolved, "an alert that fires has a name"
            assert all(isinstance(each, str) for each in (*signal.labels.values(), *signal.annotations.values()))
            assert len(signal.fingerprint) == 16


@pytest.mark.parametrize("parser", PARSERS)
@given(body=st.binary(max_size=80) | st.just(b"[" * 100_000) | st.just(b'{"a":' * 50_000))
def test_any_bytes_are_read_or_refused_with_a_sentence(parser: str, body: bytes) -> None:
    try:
        PARSERS[parser](body)
    except BadInput as error:
        assert len(str(error)) > 10


# ── PagerDuty ────────────────────────────────────────────────────────────────────────────────────────────────────────

TRIGGER: dict[str, Any] = {
    "routing_key": "k" * 32,
    "event_action": "trigger",
    "payload": {"summary": "Disk full", "source": "db-1", "severity": "error"},
}


def event(**changes: Any) -> bytes:
    return json.dumps({**TRIGGER, **changes}).encode()


def payload(**changes: Any) -> dict[str, Any]:
    return {**TRIGGER["payload"], **changes}


def test_a_trigger_is_known_by_its_key_alone() -> None:
    first = parse_event({}, event(dedup_key="d"), FRESH)
    again = parse_event({}, event(dedup_key="d", payload=payload(summary="Disk fuller", severity="critical")), "other")
    over = parse_event(
        {}, json.dumps({**TRIGGER, "event_action": "resolve", "dedup_key": "d", "payload": None}).encode(), ""
    )
    prints = {each.batch.signals[0].fingerprint for each in (first, again, over)}
    assert len(prints) == 1
    assert [each.batch.signals[0].resolved for each in (first, again, over)] == [False, False, True]
    assert parse_event({}, event(), FRESH).dedup_key == FRESH


def test_what_alertmanager_sends_names_its_alert() -> None:
    """The text that its template makes of a group's alerts; the name is only believed where it is one."""
    listed = "Labels:\n - alertname = ChainHalted\n - instance = {}\nAnnotations:\nSource: http://x\n"
    details = {"firing": listed.format("a") + listed.format("b"), "num_firing": "2"}
    signal = parse_event({}, event(payload=payload(custom_details=details)), FRESH).batch.signals[0]
    assert signal.name == "ChainHalted"
    mixed = {"firing": listed.format("a") + listed.format("b").replace("ChainHalted", "Other")}
    assert parse_event({}, event(payload=payload(custom_details=mixed)), FRESH).batch.signals[0].name == "Disk full"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"routing_key": None}, "routing_key"),
        ({"event_action": "explode"}, "event_action"),
        ({"event_action": "resolve"}, "dedup_key"),
        ({"event_action": "acknowledge", "dedup_key": ""}, "dedup_key"),
        ({"dedup_key": "x" * 256}, "dedup_key"),
        ({"dedup_key": 7}, "dedup_key"),
        ({"payload": None}, "payload"),
        ({"payload": payload(summary=" ")}, "payload.summary"),
        ({"payload": payload(source=None)}, "payload.source"),
        ({"payload": payload(severity="SEV-1")}, "payload.severity"),
    ],
)
def test_a_bad_event_is_told_every_fault(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        parse_event({}, event(**changes), FRESH)
    assert any(f"`{told}`" in error for error in refused.value.errors)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T03:00:00Z", datetime(2026, 3, 2, 3, tzinfo=UTC)),
        ("2026-03-02T03:00:00+00:00Z", datetime(2026, 3, 2, 3, tzinfo=UTC)),
        ("2026-03-02T05:00:00+0200", datetime(2026, 3, 2, 3, tzinfo=UTC)),
        ("2026-03-02T03:00:00", datetime(2026, 3, 2, 3, tzinfo=UTC)),
        ("2026-03-02T03:00:00.123456789Z", datetime(2026, 3, 2, 3, 0, 0, 123456, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("soon", None),
        (7, None),
    ],
)
def test_times_as_strangers_write_them(text: Any, moment: datetime | None) -> None:
    assert read_moment(text) == moment


# ── the others ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cut_list_of_alerts_resolves_nothing_that_is_not_in_it() -> None:
    alert = {"status": "resolved", "labels": {"alertname": "A"}, "endsAt": "2026-03-02T03:00:00Z"}
    batch = parse_webhook({}, json.dumps({"truncatedAlerts": 3, "status": "resolved", "alerts": [alert]}).encode())
    assert [(signal.name, signal.resolved) for signal in batch.signals] == [("A", True)]


def test_grafanas_links_come_along() -> None:
    alert = {
        "status": "firing",
        "labels": {"alertname": "A"},
        "panelURL": "http://g/p",
        "valueString": "B=7",
        "values": {},
    }
    (signal,) = parse_grafana({}, json.dumps({"alerts": [alert]}).encode()).signals
    assert signal.annotations == {"panelURL": "http://g/p", "valueString": "B=7"}


def test_grafanas_old_webhook() -> None:
    old = {"ruleName": "Disk", "ruleId": 7, "state": "alerting", "title": "[Alerting] Disk", "tags": {"host": "a"}}
    (signal,) = parse_grafana({}, json.dumps(old).encode()).signals
    (over,) = parse_grafana({}, json.dumps({**old, "state": "ok", "title": "[OK] Disk"}).encode()).signals
    assert (signal.name, signal.labels["host"], signal.resolved, over.resolved) == ("Disk", "a", False, True)
    assert signal.fingerprint == over.fingerprint


@pytest.mark.parametrize("state", ["ok", "Resolved", " UP ", "recovery", "closed"])
def test_states_that_say_it_is_over(state: str) -> None:
    (signal,) = parse_formatted({}, json.dumps({"title": "t", "state": state}).encode()).signals
    assert signal.resolved


@pytest.mark.parametrize("state", ["alerting", "down", "", None, 7, "nonsense"])
def test_states_that_do_not(state: Any) -> None:
    (signal,) = parse_formatted({}, json.dumps({"title": "t", "state": state}).encode()).signals
    assert not signal.resolved


def test_goalert_by_form_by_json_and_in_the_address() -> None:
    by_form = parse_goalert({}, b"summary=Disk+full&dedup=d1&details=all+of+it", {})
    by_json = parse_goalert({"content-type": "application/json"}, b'{"summary":"Disk full","dedup":"d1"}', {})
    by_address = parse_goalert({}, b"", {"summary": "Disk full", "dedup": "d1", "action": "close"})
    found = [each.signals[0] for each in (by_form, by_json, by_address)]
    assert len({signal.fingerprint for signal in found}) == 1
    assert [signal.resolved for signal in found] == [False, False, True]
    assert found[0].annotations == {"details": "all of it"}


def test_opsgenie_cuts_what_is_long_and_names_the_alert() -> None:
    body = {"message": "m" * 5000, "alias": "a", "details": {"alertname": "Disk", "n": 7}, "tags": ["x", "y"]}
    alias, batch = parse_creation({}, json.dumps(body).encode(), FRESH)
    (signal,) = batch.signals
    assert (alias, signal.name, signal.labels["n"], signal.labels["priority"]) == ("a", "Disk", "7", "P3")
    assert signal.annotations["tags"] == "x, y"
    assert parse_act({}, b"", "a", "close").signals[0].fingerprint == signal.fingerprint


# ── paths ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a", ("a",)),
        ("$.a.b", ("a", "b")),
        ("a[0].b", ("a", 0, "b")),
        ('a["x.y"]', ("a", "x.y")),
        ("$['x y'][12]", ("x y", 12)),
        ("", ()),
        ("$", ()),
        ("a b", None),
        ("a[", None),
        ("a[-1]", None),
        ("a..b", None),
        ('a["b]', None),
    ],
)
def test_paths(path: str, parts: tuple[str | int, ...] | None) -> None:
    assert read_path(path) == parts


def test_a_mapping_reads_each_item_and_keeps_the_good_ones() -> None:
    body = {
        "checks": [
            {"check": {"name": "Disk", "id": 1, "hosts": ["a", "b"]}, "status": "down", "detail": {"why.not": "full"}},
            {"check": {"id": 2}, "status": "down"},
            {"check": {"name": "Net", "id": 3}, "status": "UP"},
            {"check": {"name": "Odd", "id": 4}, "status": "sideways"},
        ]
    }
    batch = parse_mapped(json.dumps(body).encode(), MAP)
    assert [(signal.name, signal.resolved) for signal in batch.signals] == [
        ("Disk", False),
        ("Net", True),
        ("Odd", False),
    ]
    assert batch.signals[0].labels == {"alertname": "Disk", "host": "a", "team": "web"}
    assert batch.signals[0].annotations == {"why": "full"}
    assert [error.split(":")[0] for error in batch.errors] == ["alert 1"]


def test_a_mapping_may_read_changes() -> None:
    mapping = Intake(
        name="ci", kind="change", title="head.message", link="url", starts_at="at", labels={"source": "repo"}
    )
    body = {"head": {"message": "Faster"}, "url": "https://ci/7", "at": "2026-03-02T03:00:00Z", "repo": "core"}
    (change,) = parse_mapped(json.dumps(body).encode(), mapping).changes
    assert (change.summary, change.source, change.link) == ("Faster", "core", "https://ci/7")


@given(VALUES, st.text(max_size=20))
def test_following_a_path_never_fails(value: Any, path: str) -> None:
    follow(value, path)
    read_pairs(value)
    find_name(value if isinstance(value, dict) else {}, path)
