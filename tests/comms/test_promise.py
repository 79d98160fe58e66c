"""A promise of the next update is found in the words that people use, and only there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.comms.promise import LONGEST_S, find_promise

NOW = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)
MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Next update in 10 minutes", 10 * MINUTE),
        ("We are on it. Next update in 10 minutes.", 10 * MINUTE),
        ("**Next Update:** in 15 min", 15 * MINUTE),
        ("next update within 1 hour", HOUR),
        ("Next update in an hour", HOUR),
        ("Next update in half an hour", 30 * MINUTE),
        ("Next update in 1.5 hours", 90 * MINUTE),
        ("Next status update in 2h", 2 * HOUR),
        ("We will provide an update in 15 minutes.", 15 * MINUTE),
        ("We'll post another update within 20 mins", 20 * MINUTE),
        ("I’ll update in 5m", 5 * MINUTE),
        ("We will update you every 30 minutes.", 30 * MINUTE),
        ("Update again in 45 minutes", 45 * MINUTE),
        ("Updates every 30 minutes.", 30 * MINUTE),
        ("- Another update in 10 to 15 minutes", 15 * MINUTE),
        ("Looking.\n\nNext update:\nNext update in 10 minutes", 10 * MINUTE),
        ("Next update: 2026-03-02 14:30 UTC (15 minutes)", 25 * MINUTE),
        ("Next update: 2025-10-22 14:30 UTC (15 minutes)", 15 * MINUTE),
        ("Next update: 14:30 UTC", 25 * MINUTE),
        ("Next update by 14:30 GMT.", 25 * MINUTE),
        ("next update at 14:30Z", 25 * MINUTE),
        ("next update at 2026-03-02T16:05Z", 2 * HOUR),
        ("Next update: 00:05 UTC", 10 * HOUR),
        ("Next update: 09:05 UTC", 19 * HOUR),
        ("Next update: 14:00 UTC (15 minutes)", 15 * MINUTE),
    ],
)
def test_a_promise_is_found(text: str, seconds: int) -> None:
    assert find_promise(text, NOW) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "We are looking into it.",
        "There was no update in 10 minutes.",
        "The update to version 3 rolled out within 90 minutes.",
        "The update in 5 minutes failed",
        "Update: rolled back in 5 minutes.",
        "It will be fixed in 10 minutes.",
        "Next update soon. It crashed in 5 minutes.",
        "Next update\nin 10 minutes the disk is full",
        "Next update in 10",
        "Next update in 0 minutes",
        "Next update in 3 weeks",
        "Next update in 99999999999999 days",
        "Next update: 14:30",
        "Next update: 14:30 CET",
        "Next update: 2025-10-22 14:30 UTC",
        "Next update: 2027-10-22 14:30 UTC",
        "Next update: 25:30 UTC",
        "Next update: 14:05 UTC",
        "Next update: 13:50 UTC",
        "Next update: [Time]",
    ],
)
def test_no_promise_is_made_up(text: str) -> None:
    assert find_promise(text, NOW) is None


def test_a_day_that_does_not_exist_is_left_out() -> None:
    assert find_promise("Next update: 2026-02-30 14:30 UTC", NOW) == 25 * MINUTE


def test_the_moment_may_come_in_any_zone() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-9)))
    assert find_promise("Next update: 14:30 UTC", there) == 25 * MINUTE


@given(
    text=st.text(alphabet="next update in 5mhd0123456789:UTC(.-\n", max_size=80),
    now=st.datetimes(timezones=st.just(UTC)),
)
def test_any_text_gives_a_promise_that_can_be_kept_or_none(text: str, now: datetime) -> None:
    promised = find_promise(text, now) if now.year < 9999 else None
    assert promised is None or 0 < promised <= LONGEST_S
