"""Test pages and what became of them, and phones by person: heard late and twice, kept once, gone with their person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.page.contact import Contact, Standing, Subscription
from tocsin.store.contacts import MOST_SUBSCRIPTIONS, Contacts, Subscriptions
from tocsin.store.sqlite import SqliteStore

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "tocsin.db", b"k" * 32, tmp_path / "mark")
    yield store
    store.close()


async def test_a_test_page_is_told_of_in_order_and_a_confirmation_outlives_the_next_one(store: SqliteStore) -> None:
    contacts = Contacts(store)
    assert (await contacts.begin("ana", "sms", NOW)).page == 1
    told = [Standing.HANDED, Standing.OPENED, Standing.ARRIVED, Standing.FAILED, Standing.CONFIRMED, Standing.FAILED]
    news = [await contacts.tell("ana", "sms", 1, each, each.value, NOW) for each in told]
    assert news == [True, True, False, False, True, False]
    assert not await contacts.tell("ana", "mail", 1, Standing.CONFIRMED, "", NOW), "it was never sent"
    again = await contacts.begin("ana", "sms", NOW + timedelta(days=1))
    assert (again.page, again.standing, again.confirmed_at) == (2, Standing.SENT, NOW)
    assert not await contacts.tell("ana", "sms", 1, Standing.CONFIRMED, "", NOW), "that was another page"
    assert await contacts.list_all() == [
        Contact(
            person="ana", channel="sms", page=2, standing=Standing.SENT, sent_at=NOW + timedelta(days=1),
            confirmed_at=NOW,
        )
    ]  # fmt: skip


def phone(number: int, person: str = "ana") -> Subscription:
    since = NOW + timedelta(minutes=number)
    return Subscription(person=person, endpoint=f"https://push/{number}", p256dh="p", auth="a", since=since)


async def test_phones_are_kept_once_and_the_oldest_makes_room(store: SqliteStore) -> None:
    subscriptions = Subscriptions(store)
    for number in range(MOST_SUBSCRIPTIONS + 2):
        await subscriptions.put(phone(number))
    kept = [each.endpoint for each in await subscriptions.list_of("ana")]
    assert kept == [f"https://push/{number}" for number in range(2, MOST_SUBSCRIPTIONS + 2)]
    await subscriptions.put(phone(5, "bo"))
    assert [each.endpoint for each in await subscriptions.list_of("bo")] == ["https://push/5"]
    assert len(await subscriptions.list_of("ana")) == MOST_SUBSCRIPTIONS - 1
    await subscriptions.remove("https://push/5", "ana")
    assert await subscriptions.list_of("bo") == [phone(5, "bo")], "nobody else takes it away"
    await subscriptions.remove("https://push/5")
    assert await subscriptions.list_of("bo") == []
