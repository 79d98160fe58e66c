"""What is heard again in a hurry is joined to what is known by the same rules as what is read in full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alert.held import hold
from tocsin.alert.row import AlertRow, Change, merge
from tocsin.alert.signal import Signal, settle_times
from tocsin.alert.sources.posted import Post, read_posts, read_signal
from tocsin.engine.memory import Memory
from tocsin.testing.story import Story

from .test_intake import cast, spy
from .test_repeats_and_silence import restart, walk

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
LABELS = {"alertname": "TillStuck"}
MINUTES = st.one_of(st.none(), st.sampled_from([-9, -5, -4, -1, 0, 1, 2, 4, 5, 6, 7200]))


def at(minutes: float | None) -> datetime | None:
    return None if minutes is None else NOW + timedelta(minutes=minutes)


def spell(starts: float | None, ends: float | None) -> Post:
    said = {"labels": LABELS, "startsAt": at(starts), "endsAt": at(ends)}
    (post,) = read_posts(msgspec.json.encode([{name: value for name, value in said.items() if value is not None}]))
    return post


def remember(row: AlertRow, post: Post) -> Memory:
    memory = Memory()
    memory.remember_form("shop", bytes(post.labels), memory.keep(row), post.said(), epoch=memory.epoch)
    return memory


def first(starts: float | None, ends: float | None, minutes: float) -> AlertRow:
    """An alert that fired some minutes ago."""
    then = NOW - timedelta(minutes=minutes)
    signal = Signal(labels=LABELS, starts_at=at(starts), ends_at=at(ends))
    row, _ = merge(None, settle_times(signal, then), "shop", then)
    return row


@given(st.tuples(MINUTES, MINUTES), st.tuples(MINUTES, MINUTES), st.sampled_from([0, 1, 4, 5, 6]))
def test_whatever_is_taken_in_a_hurry_ends_as_if_it_had_been_read_in_full(
    before: tuple[Any, Any], again: tuple[Any, Any], minutes: int
) -> None:
    row, post = first(*before, minutes), spell(*again)
    memory = remember(row, post)
    if memory.take_repeats("shop", [post], NOW):
        return
    joined, meaning = merge(row, settle_times(read_signal(post), NOW), "shop", NOW)
    assert meaning is Change.REPEAT
    assert memory.show(row) == joined
    heard = memory.take_touched()
    assert heard is not None
    later = Memory()
    later.load([hold(row)], [heard.body], NOW)
    known = later.show(row)
    assert known.starts_at == joined.starts_at
    assert known.ends_at >= joined.ends_at


def test_the_plain_repeats_are_taken_in_a_hurry() -> None:
    for before, again in [
        ((-9, 4), (-9, 5)),
        ((-9, 4), (-9, 4)),
        ((-9, 5), (-4, 4)),
        ((None, 4), (None, 5)),
        ((None, 5), (None, 4)),
        ((None, None), (None, None)),
    ]:
        post = spell(*again)
        assert remember(first(*before, 1), post).take_repeats("shop", [post], NOW) == [], (before, again)


def test_what_is_no_plain_repeat_is_looked_at() -> None:
    for before, again in [
        ((-9, 4), (-9, 0)),
        ((-9, 4), (-9, -1)),
        ((-5, 4), (-9, 5)),
        ((-5, 0), (-5, 4)),
        ((-9, 4), (5, 4)),
        ((-9, 4), (5, 6)),
    ]:
        post = spell(*again)
        assert remember(first(*before, 1), post).take_repeats("shop", [post], NOW), (before, again)


async def post_end(story: Story, minutes: float) -> datetime:
    """From a source that says until when, and not since when."""
    ends_at = story.clock.now() + timedelta(minutes=minutes)
    body = msgspec.json.encode([{"labels": LABELS, "endsAt": ends_at}])
    await story.engine.intake.receive_posts("shop", read_posts(body))
    return ends_at


async def test_repeats_without_a_start_cost_no_disk_and_are_known_after_a_restart() -> None:
    async with Story(cast()) as story:
        await post_end(story, 4)
        writes = spy(story)
        await walk(story, 0.5)
        writes.clear()
        for minutes in (4, 5, 3):
            ends_at = await post_end(story, minutes)
        assert writes == []
        (row,) = await story.engine.intake.alerts("shop")
        assert (row.starts_at, row.ends_at) == (ends_at, ends_at)
        await story.engine.intake.flush()
        await restart(story)
        (row,) = await story.engine.intake.alerts("shop")
        assert (row.starts_at, row.ends_at) == (ends_at, ends_at)
        assert [card.id for card in await story.store.cards()] == ["shop-1"]
