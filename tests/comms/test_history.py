"""Ninety days of a component: whatever overlaps counts once, nothing is rounded up, what nobody knows counts not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.comms.history import Day, Spell, count_days, find_spells, tell_share
from tocsin.incident.commands import Mitigate, Reopen, Resolve
from tocsin.testing.story import Story
from tocsin.words import ComponentStatus

from .ground import NOW, at, cast

MAJOR, DEGRADED = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.DEGRADED
LONG_AGO = NOW - timedelta(days=400)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def spell(begin: float, end: float | None, status: ComponentStatus = MAJOR) -> Spell:
    return Spell(at(begin), None if end is None else at(end), status)


def last(*spells: Spell, since: datetime = LONG_AGO, now: datetime = NOW + timedelta(hours=3)) -> Day:
    """Today."""
    return count_days(spells, since, now)[-1]


def test_there_are_ninety_days_and_today_is_the_last() -> None:
    days = count_days((), LONG_AGO, NOW)
    assert (len(days), days[-1].day, days[0].day) == (90, NOW.date(), NOW.date() - timedelta(days=89))
    assert days[-1].known_s == (NOW - MIDNIGHT).total_seconds(), "today as far as it has gone"
    assert {day.known_s for day in days[:-1]} == {86_400}


def test_what_overlaps_counts_once_and_a_lesser_impairment_is_no_downtime() -> None:
    assert last(spell(0, 10), spell(5, 15), spell(40, 41)).down_s == 16 * 60
    found = last(spell(0, 10), spell(5, 20, DEGRADED))
    assert (found.down_s, found.impaired_s) == (600, 600)
    assert last(spell(0, None)).down_s == 3 * 3600, "what goes on counts until now"


def test_a_spell_over_midnight_is_shared_between_the_days() -> None:
    days = count_days((Spell(MIDNIGHT - timedelta(minutes=7), MIDNIGHT + timedelta(minutes=5), MAJOR),), LONG_AGO, NOW)
    assert (days[-2].down_s, days[-1].down_s) == (420, 300)


def test_days_without_a_record_count_neither_way() -> None:
    days = count_days((), NOW - timedelta(hours=1), NOW)
    assert [day.known_s for day in days if day.known_s] == [3600]
    assert tell_share(days) == "100.000"
    assert tell_share(count_days((), NOW, NOW)) is None, "of nothing known, nothing is claimed"


@pytest.mark.parametrize(
    ("down_s", "known_s", "share"),
    [(0, 86_400, "100.000"), (1, 7_776_000, "99.999"), (2_700, 2_592_000, "99.895"), (86_400, 86_400, "0.000")],
)
def test_a_share_is_cut_off_and_never_rounded_up(down_s: int, known_s: int, share: str) -> None:
    """45 minutes of 30 days are 99.8958 %: a page that says 99.896 has rounded up."""
    assert tell_share([Day(day=NOW.date(), known_s=known_s, down_s=down_s, impaired_s=0)]) == share


@given(st.lists(st.tuples(st.integers(0, 179), st.integers(0, 60), st.booleans()), max_size=8))
def test_every_second_is_counted_as_a_plain_count_counts_it(spells: list[tuple[int, int, bool]]) -> None:
    found = last(*(spell(begin, begin + long, MAJOR if major else DEGRADED) for begin, long, major in spells))
    minutes = range(180)
    down = sum(any(b <= m < b + long and major for b, long, major in spells) for m in minutes)
    touched = sum(any(b <= m < b + long for b, long, _ in spells) for m in minutes)
    assert (found.down_s, found.impaired_s) == (down * 60, (touched - down) * 60)


async def test_an_incident_troubles_users_from_its_opening_to_its_fix_and_again_when_it_comes_back() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        for minute, act in (
            (10, Mitigate(by="ana")),
            (20, Resolve(by="ana")),
            (50, Reopen(by="ana", reason="x")),
            (60, Resolve(by="ana")),
        ):
            await story.until(at(minute))
            await story.do(act)
        entries = await story.journal.entries(story.stream)
        assert find_spells(entries) == ((NOW, at(10)), (at(50), at(60)))
