"""Every event survives its bytes, and its bytes never change."""

from __future__ import annotations

import typing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Corrupt
from tocsin.timeline.codec import decode, encode, stamp, unstamp
from tocsin.timeline.events import EVENTS, AnyEvent, Event, OnTarget, StepFinished
from tocsin.timeline.tell import tell


def values(kind: object) -> st.SearchStrategy[Any]:
    """Any value of a type that events are made of; structs by their fields, moments with a zone."""
    if kind is datetime:
        return st.datetimes(min_value=datetime(1971, 1, 1), timezones=st.just(UTC))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = {field.name: values(field.type) for field in msgspec.structs.fields(kind)}
        return st.builds(kind, **fields)
    if typing.get_origin(kind) is tuple:
        return st.lists(values(typing.get_args(kind)[0]), max_size=3).map(tuple)
    if kind in (float, float | None):
        finite = st.floats(allow_nan=False, allow_infinity=False)
        return finite if kind is float else st.none() | finite
    return st.from_type(kind)  # type: ignore[arg-type]


@given(st.one_of([values(kind) for kind in EVENTS]))
def test_every_event_survives_its_bytes_and_can_be_told(event: Event) -> None:
    again = decode(encode(event))
    assert again == event
    assert encode(again) == encode(event)
    assert tell(event, str)


def test_labels_in_another_order_give_the_same_bytes() -> None:
    one = msgspec.json.decode(
        b'{"kind":"step_approved","step":"L1","digest":"d","by":"a","bindings":{"b":"1","a":"2"}}', type=AnyEvent
    )
    two = msgspec.json.decode(
        b'{"kind":"step_approved","step":"L1","digest":"d","by":"a","bindings":{"a":"2","b":"1"}}', type=AnyEvent
    )
    assert encode(one) == encode(two)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"kind":"from_the_future"}', b"\xff", b'{"kind":"note_added"}'])
def test_what_is_not_known_is_corrupt_not_a_crash(body: bytes) -> None:
    with pytest.raises(Corrupt):
        decode(body)


@given(
    st.datetimes(max_value=datetime(9999, 12, 30), timezones=st.just(UTC)), st.timedeltas(timedelta(0), timedelta(1))
)
def test_stamps_sort_as_time_and_come_back(moment: datetime, later: timedelta) -> None:
    assert unstamp(stamp(moment)) == moment
    assert (stamp(moment) < stamp(moment + later)) == (later > timedelta(0))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2, 1, 1, tzinfo=UTC), "0002-01-01T00:00:00.000000Z"),
        (datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=12))), "9999-12-31T23:59:59.999999Z"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=12))), "0001-01-01T00:00:00.000000Z"),
        (datetime(2026, 3, 2, 4, 0, tzinfo=timezone(timedelta(hours=1))), "2026-03-02T03:00:00.000000Z"),
    ],
)
def test_any_moment_can_be_kept_and_read_again(moment: datetime, text: str) -> None:
    assert stamp(moment) == text
    assert stamp(unstamp(text)) == text


def test_a_year_that_was_kept_without_its_zeros_is_read() -> None:
    assert unstamp("2-01-01T00:00:00.000000Z") == datetime(2, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2020-13-01T00:00:00.000000Z", "2026-03-02T03:00:00+01:00Z", None, 7]
)
def test_what_is_no_time_is_corrupt_not_a_crash(text: Any) -> None:
    with pytest.raises(Corrupt, match="verify"):
        unstamp(text)


@pytest.mark.parametrize("seconds", [float("inf"), float("-inf"), float("nan")])
def test_what_no_bytes_can_hold_is_no_event(seconds: float) -> None:
    """JSON has no such number: its bytes could never be read again, and the stream would be lost with them."""
    with pytest.raises(ValueError, match="finite"):
        StepFinished(answers=1, step="L1", exit_code=0, duration_s=seconds)
    with pytest.raises(ValueError, match="finite"):
        OnTarget(target="a/b", state="ok", duration_s=seconds)
