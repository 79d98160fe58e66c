"""The hour that a clock on the wall shows twice, or not at all, has one hand-off and nobody takes a turn back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tocsin.oncall.rotation import find_turns
from tocsin.oncall.settings import Schedule


@pytest.mark.parametrize(
    ("zone", "day", "changes_at"),
    [
        ("Europe/Berlin", date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 29), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("America/New_York", date(2026, 11, 1), datetime(2026, 11, 1, 7, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", date(2026, 4, 5), datetime(2026, 4, 4, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_handoff_happens_when_the_wall_first_shows_its_time(zone: str, day: date, changes_at: datetime) -> None:
    """Berlin shows 02:30 twice in autumn, and leaps over it in spring; elsewhere it is another hour, or half a one."""
    schedule = Schedule(people=("ana", "bo"), rotation="daily", handoff="02:30", start=day - timedelta(days=1))
    seen = []
    for minutes in range(-240, 240):
        (turn,) = find_turns(schedule, ZoneInfo(zone), changes_at + timedelta(minutes=minutes))
        assert turn.ends_at is not None
        assert turn.ends_at > changes_at + timedelta(minutes=minutes)
        seen.append(turn.person)
    assert seen == ["ana"] * 240 + ["bo"] * 240
