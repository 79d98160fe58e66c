"""Followers and what is on its way to them, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from tocsin.engine.following import Announcement, Invitation, Tally
from tocsin.store.followers import FollowerRows
from tocsin.words import PublicStatus

from .ground import AnyStore

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
INVITE = Invitation(team="a", page="A")


def said(status: PublicStatus = PublicStatus.RESOLVED) -> Announcement:
    return Announcement(team="a", page="A", incident="1", title="x", status=status, at=AT, text="y")


async def test_a_notice_stands_once_for_each_follower_and_the_oldest_goes_first(store: AnyStore) -> None:
    rows = FollowerRows(store)
    asked = [await rows.ask("a", "mail", f"{n}@example.org", INVITE, AT) for n in range(3)]
    for each in asked[:2]:
        assert each is not None
        assert await rows.confirm(each.id, AT)
    for notice in await rows.take(AT, AT + timedelta(minutes=1), 10):
        await rows.end(notice.n, AT, "sent")
    assert [await rows.announce(key, said()) for key in ("a-1:4", "a-1:4", "a-1:9")] == [2, 2, 2]
    first = await rows.take(AT, AT + timedelta(minutes=1), 10)
    assert [each.key for each in first] == ["a-1:4", "a-1:4"]
    assert {each.follower.address for each in first} == {"0@example.org", "1@example.org"}
    assert first[0].what == said()
    assert await rows.take(AT, AT + timedelta(minutes=1), 10) == [], "they are taken, and the later ones wait"
    await rows.end(first[0].n, AT, "sent")
    (later,) = await rows.take(AT, AT + timedelta(minutes=1), 10)
    assert (later.key, later.follower) == ("a-1:9", first[0].follower)
    again = await rows.take(AT + timedelta(minutes=1), AT + timedelta(minutes=2), 10)
    assert {(each.key, each.attempts) for each in again} == {("a-1:4", 1), ("a-1:9", 1)}


async def test_whoever_leaves_takes_all_of_theirs_along(store: AnyStore) -> None:
    rows = FollowerRows(store)
    asked = await rows.ask("a", "mail", "x@example.org", INVITE, AT)
    assert asked is not None
    await rows.confirm(asked.id, AT)
    await rows.announce("a-1:4", said())
    assert await rows.leave(asked.id)
    assert not await rows.leave(asked.id)
    assert await rows.take(AT, AT, 10) == []
    again = await rows.ask("a", "mail", "x@example.org", INVITE, AT)
    assert again is not None
    assert (again.id != asked.id, await rows.count("a")) == (True, 0)


async def test_how_far_words_have_come_is_counted_by_their_key(store: AnyStore) -> None:
    rows = FollowerRows(store)
    for n in range(3):
        asked = await rows.ask("a", "mail", f"{n}@example.org", INVITE, AT)
        assert asked is not None and await rows.confirm(asked.id, AT)
    for notice in await rows.take(AT, AT, 10):
        await rows.end(notice.n, AT, "sent")
    await rows.announce("a-1:4", said())
    assert await rows.tally("a-1:4") == Tally(waiting=3, untried=3)
    first, second, third = await rows.take(AT, AT + timedelta(minutes=1), 10)
    await rows.end(first.n, AT, "handed over")
    await rows.refuse(second.n, AT, "it answered 404")
    await rows.postpone(third.n, AT + timedelta(hours=1), "it answered 500")
    assert await rows.tally("a-1:4") == Tally(sent=1, refused=1, waiting=1)
    assert await rows.tally("a-1:9") == Tally()
    assert await rows.list_ended(AT) == ["a-1:4"], "invitations are no words"
    assert await rows.list_ended(AT + timedelta(seconds=1)) == []


async def test_words_are_counted_by_an_index_however_many_others_there_are(store: AnyStore) -> None:
    def explain(c: Connection) -> str:
        is_postgres = c.dialect.name == "postgresql"
        if is_postgres:
            c.execute(text("SET LOCAL enable_seqscan = off"))
        how = "EXPLAIN" if is_postgres else "EXPLAIN QUERY PLAN"
        return str(c.execute(text(f"{how} SELECT count(said) FROM notice WHERE key = 'a-1:4'")).all())

    assert "notice_key" in await store.in_transaction(explain)
