"""What sources send, however odd, becomes signals; bad alerts never cost good ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alert.fingerprint import find_fingerprint
from tocsin.alert.row import Change, merge
from tocsin.alert.signal import Signal, settle_times
from tocsin.alert.sources.alertmanager import parse_alerts, parse_webhook
from tocsin.errors import BadInput
from tocsin.timeline.codec import stamp, unstamp

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def body(*alerts: Any) -> bytes:
    return json.dumps(list(alerts)).encode()


def test_one_bad_alert_does_not_cost_the_good_ones() -> None:
    batch = parse_alerts({}, body({"labels": {"alertname": "A"}}, {"labels": {}}, 7, {"labels": {"alertname": "B"}}))
    assert [signal.name for signal in batch.signals] == ["A", "B"]
    assert [error.split(":")[0] for error in batch.errors] == ["alert 1", "alert 2"]


@pytest.mark.parametrize(
    "alert",
    [
        {"labels": {"a": 1}},
        {"labels": []},
        {"labels": {"a": ""}},
        {"labels": {"": "x"}},
        {"labels": {"a": "x" * 70000}},
        {"labels": {f"l{n}": "x" for n in range(200)}},
        {"labels": {"a": "b"}, "startsAt": "yesterday"},
        {"labels": {"a": "b"}, "startsAt": "2026-03-02T03:00:00Z", "endsAt": "2026-03-02T02:00:00Z"},
        {"labels": {"a": "b"}, "annotations": "none"},
        None,
    ],
)
def test_a_bad_alert_is_told_why(alert: Any) -> None:
    batch = parse_alerts({}, body(alert))
    assert batch.signals == ()
    assert len(batch.errors) == 1


@pytest.mark.parametrize("raw", [b"", b"{", b"{}", b"null", b'"x"', b"\xff\xfe", b"[" * 100000])
def test_a_body_that_is_no_array_is_told_so(raw: bytes) -> None:
    with pytest.raises(BadInput, match="array"):
        parse_alerts({}, raw)


@given(st.binary(max_size=200))
def test_no_body_breaks_the_parser(raw: bytes) -> None:
    for parse in (parse_alerts, parse_webhook):
        try:
            parse({}, raw)
        except BadInput as error:
            assert str(error)


ODD_TIMES = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:00",
    "0002-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-12:00",
]


@pytest.mark.parametrize("field", ["startsAt", "endsAt"])
@pytest.mark.parametrize("text", ODD_TIMES)
def test_a_clock_that_is_far_off_counts_as_none_and_the_alert_fires(field: str, text: str) -> None:
    (signal,) = parse_alerts({}, body({"labels": {"alertname": "A"}, field: text})).signals
    timed = settle_times(signal, NOW)
    assert timed.firing
    assert (timed.starts_at, timed.ends_at) == (NOW, NOW + timedelta(minutes=5))


@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_whatever_times_an_alert_has_its_row_can_be_kept_and_read(starts: datetime, ends: datetime) -> None:
    alert = {"labels": {"alertname": "A"}, "startsAt": starts.isoformat(), "endsAt": ends.isoformat()}
    for signal in parse_alerts({}, body(alert)).signals:
        row, _ = merge(None, settle_times(signal, NOW), "team", NOW)
        assert unstamp(stamp(row.starts_at)) == row.starts_at
        assert unstamp(stamp(row.ends_at)) == row.ends_at


def test_each_alert_of_a_webhook_counts_by_itself() -> None:
    message = {
        "version": "4", "status": "firing", "truncatedAlerts": 3,
        "alerts": [
            {"status": "firing", "labels": {"alertname": "A"}, "endsAt": "0001-01-01T00:00:00Z"},
            {"status": "resolved", "labels": {"alertname": "B"}, "endsAt": "2026-03-02T02:59:00Z"},
        ],
    }  # fmt: skip
    signals = parse_webhook({}, json.dumps(message).encode()).signals
    assert [settle_times(signal, NOW).firing for signal in signals] == [True, False]


def test_times_are_settled_as_alertmanager_does() -> None:
    bare = settle_times(Signal(labels={"a": "b"}), NOW)
    assert (bare.starts_at, bare.ends_at, bare.timed_out) == (NOW, NOW + timedelta(minutes=5), True)
    ended = settle_times(Signal(labels={"a": "b"}, ends_at=NOW - timedelta(minutes=1)), NOW)
    assert (ended.starts_at, ended.firing) == (NOW - timedelta(minutes=1), False)


@pytest.mark.parametrize(
    ("labels", "fingerprint"),
    [
        ({"alertname": "NodeDown", "instance": "node-1:9100", "severity": "critical"}, "b0432fe42350abe5"),
        ({}, "cbf29ce484222325"),
    ],
)
def test_the_fingerprint_is_alertmanagers(labels: dict[str, str], fingerprint: str) -> None:
    assert find_fingerprint(labels) == fingerprint
    assert find_fingerprint({**labels, "empty": ""}) == fingerprint


def settle(starts: int, ends: int | None) -> Signal:
    return Signal(
        labels={"alertname": "A"},
        starts_at=NOW + timedelta(seconds=starts),
        ends_at=None if ends is None else NOW + timedelta(seconds=ends),
    )


def test_repeats_keep_the_earliest_start_and_the_latest_end() -> None:
    row, change = merge(None, settle_times(settle(0, 100), NOW), "team", NOW)
    assert change is Change.NEW
    row, change = merge(row, settle_times(settle(-60, 50), NOW), "team", NOW)
    assert change is Change.REPEAT
    assert (row.starts_at, row.ends_at) == (NOW - timedelta(seconds=60), NOW + timedelta(seconds=100))


def test_a_resolve_counts_once_and_a_late_one_not_at_all() -> None:
    unknown, change = merge(None, settle_times(settle(-60, -1), NOW), "team", NOW)
    assert change is Change.NOTHING
    row, _ = merge(None, settle_times(settle(0, 100), NOW), "team", NOW)
    row, change = merge(row, settle_times(Signal(labels={"alertname": "A"}, resolved=True), NOW), "team", NOW)
    assert change is Change.RESOLVED
    _, change = merge(row, settle_times(Signal(labels={"alertname": "A"}, resolved=True), NOW), "team", NOW)
    assert change is Change.NOTHING
    again, change = merge(row, settle_times(settle(10, 200), NOW), "team", NOW)
    assert change is Change.NEW
    assert unknown.firing is False
    assert again.firing is True
