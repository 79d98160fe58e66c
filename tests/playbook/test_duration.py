"""Durations, clocks and dates as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.playbook.duration import MOST_S, clock, deadline, due_within, durations, iso_date, out_of_reach, say

M, H, D, W = 60, 3600, 86400, 604800


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15 minutes", 15 * M),
        ("< 15 minutes", 15 * M),
        ("15min", 15 * M),
        ("30m", 30 * M),
        ("1 hour", H),
        ("an hour", H),
        ("half an hour", H // 2),
        ("one (1) hour", H),
        ("1.5 hours", 5400),
        ("1h30m", 5400),
        ("2h 15min", 8100),
        ("24 hours", D),
        ("2 business days", 2 * D),
        ("1 week", W),
        ("0-24 hours", D),
        ("1–4 weeks", 4 * W),
        ("15 to 30 minutes", 30 * M),
        ("15 minutes to 1 hour", H),
        ("T+24h", D),
        ("T+24h to T+7d", 7 * D),
        ("T+5", 5 * M),
        ("< 15 minutos", 15 * M),
        ("15 分以内", 15 * M),
        ("1 時間以内", H),
        ("30분 이내", 30 * M),
        ("в течение 2 часов", 2 * H),
        ("1 часовой пояс", None),
        ("as soon as possible", None),
        ("24/7", None),
        ("node-1 day", None),
        ("10-50%", None),
        ("version 1.5", None),
    ],
)
def test_a_deadline_is_the_far_end_of_what_is_written(text: str, seconds: int | None) -> None:
    assert deadline(text) == seconds


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("0-5 min", 0, 5 * M),
        ("15–60 minutes", 15 * M, H),
        ("60+ minutes", H, None),
        ("T+0", 0, None),
        ("T+15", 15 * M, None),
        ("T+1:30", 90 * M, None),
        ("T+5–T+10 min", 5 * M, 10 * M),
        ("first 5 minutes", 0, 5 * M),
    ],
)
def test_a_phase_has_both_ends(text: str, starts: int, ends: int | None) -> None:
    found = clock(text)
    assert found is not None
    assert (found.starts_s, found.ends_s) == (starts, ends)


@pytest.mark.parametrize("text", ["", "Resolution", "within 24 hours", "30 minutes", "Phase 3"])
def test_what_gives_no_stretch_is_no_phase(text: str) -> None:
    assert clock(text) is None


def test_a_limit_must_be_said_to_be_one() -> None:
    assert due_within("Post-mortem (within 48 hours)") == 48 * H
    assert due_within("Monitor for 30 minutes") is None


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2025-10-22", "2025-10-22"),
        ("22 October 2025", "2025-10-22"),
        ("October 22, 2025", "2025-10-22"),
        ("Oct 22nd 2025", "2025-10-22"),
        ("22.10.2025", "2025-10-22"),
        ("2025/1/2", "2025-01-02"),
        ("2025-13-40", None),
        ("YYYY-MM-DD", None),
        ("[Date]", None),
    ],
)
def test_only_real_dates_are_dates(text: str, date: str | None) -> None:
    assert iso_date(text) == date


@pytest.mark.parametrize(
    ("seconds", "words"), [(90, "90 s"), (900, "15 min"), (5400, "90 min"), (7200, "2 h"), (W, "1 wk")]
)
def test_durations_are_said_in_the_largest_whole_unit(seconds: int, words: str) -> None:
    assert say(seconds) == words


@given(st.integers(1, 3_650), st.sampled_from(["minutes", "hours", "days", "min", "h"]))
def test_a_single_duration_reads_back(number: int, unit: str) -> None:
    found = durations(f"respond within {number} {unit} of the alert")
    assert len(found) == 1
    assert found[0].high == number * {"m": M, "h": H, "d": D}[unit[0]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("99999999999999 hours", "99999999999999 hours"),
        (f"respond within {'9' * 5000} minutes", f"{'9' * 5000} minutes"),
        ("every 600 weeks", "600 weeks"),
        ("1 to 99999 days", "1 to 99999 days"),
        ("T+9999999999", "T+9999999999"),
        (f"T+{'9' * 5000}:30", f"T+{'9' * 5000}:30"),
        ("T+5 to T+99999999h", "T+5 to T+99999999h"),
    ],
)
def test_what_is_longer_than_ten_years_counts_as_ten_years_and_is_named(text: str, words: str) -> None:
    assert out_of_reach(text) == (words,)
    assert deadline(text) == MOST_S
    stretch = clock(text)
    assert stretch is None or MOST_S in (stretch.starts_s, stretch.ends_s)


@pytest.mark.parametrize("text", ["365 days", "10 years", "error 99999 times", "T+120", "within 1440 minutes"])
def test_what_is_within_reach_is_not_named(text: str) -> None:
    assert out_of_reach(text) == ()


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    for found in durations(text):
        assert 0 <= found.start < found.end <= len(text)
        assert 0 <= found.high <= MOST_S
    clock(text)
    deadline(text)
    out_of_reach(text)
    iso_date(text)
