"""Heartbeats' rows, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from tocsin.alert.heartbeat import Beat, State
from tocsin.store.beats import Beats

from .ground import AnyStore

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def beat(name: str, due: int) -> Beat:
    return Beat(team="a", name=name, state=State.UP, heard_at=AT, due_at=AT + timedelta(minutes=due))


async def test_what_was_last_heard_replaces_what_was_heard_before(store: AnyStore) -> None:
    beats = Beats(store)
    assert await beats.put(beat("backup", 5), None)
    later = replace(beat("backup", 9), state=State.FAILED, started_at=AT, said="exit 3", watched_until=AT)
    assert await beats.put(later, beat("backup", 5))
    assert await beats.find("a", "backup") == later
    assert await beats.list_all() == [later]


async def test_the_heartbeat_that_is_due_first_stands_first_and_a_forgotten_one_nowhere(store: AnyStore) -> None:
    beats = Beats(store)
    for name, due in (("late", 9), ("soon", 1), ("next", 5)):
        await beats.put(beat(name, due), None)
    await beats.forget("a", "next")
    await beats.forget("b", "soon")
    assert [each.name for each in await beats.list_all()] == ["soon", "late"]
    assert await beats.find("a", "next") is None


async def test_whoever_found_another_beat_than_is_there_now_writes_nothing(store: AnyStore) -> None:
    beats, heard = Beats(store), replace(beat("backup", 9), heard_at=AT + timedelta(minutes=4))
    await beats.put(beat("backup", 5), None)
    assert not await beats.put(heard, None), "it is there already"
    assert await beats.put(heard, beat("backup", 5))
    assert not await beats.put(replace(beat("backup", 6), state=State.LATE), beat("backup", 5))
    assert await beats.find("a", "backup") == heard
