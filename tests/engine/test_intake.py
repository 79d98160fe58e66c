"""The intake in a hurry: repeats cost no disk, all else is on disk before it is answered, no storm mixes things up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tocsin.alert.settings import Route
from tocsin.alert.signal import Signal
from tocsin.alert.sources.posted import Unusual, read_posts, read_signal
from tocsin.engine import batch as batches
from tocsin.engine import intake as intakes
from tocsin.engine.contracts import Write
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.errors import Unavailable
from tocsin.incident.commands import Acknowledge, Close, Reopen, Resolve
from tocsin.oncall.settings import Person
from tocsin.testing.story import Cast, Story, seconds
from tocsin.timeline import events as e

from .test_survival import refuse

PLAYBOOK = b"""\
# Shop Playbook

## Severity Levels

- **P1 (Critical)**: response within 15 minutes

## Scenarios

### 1. Till Stuck (P1)

**Alert:** `TillStuck`

**Resolution:**
1. Turn it.

### 2. Door Jammed (P1)

**Alert:** `DoorJammed`

**Resolution:**
1. Push it.
"""
RECORD = (Route(match={"kind": "record"}, team="shop", record=True),)


def cast(name: str = "shop") -> Cast:
    person = f"{name}-ana"
    return Cast(playbook=PLAYBOOK, name=name, people={person: Person(name="Ana")}, levels=((person,),))


def group_by(story: Story, *names: str) -> None:
    teams = {
        team: replace(shelf, policy=replace(shelf.policy, group_by=names))
        for team, shelf in story.shelf.settings.teams.items()
    }
    story.shelf.settings = replace(story.shelf.settings, teams=teams)


def spy(story: Story) -> list[Write]:
    """Every write from now on."""
    real, seen = story.store.write, []

    async def write(each: Write) -> None:
        seen.append(each)
        await real(each)

    story.store.write = write  # type: ignore[method-assign,assignment]
    return seen


async def post(story: Story, *alerts: dict[str, Any], team: str = "shop") -> None:
    """As the short way in does it."""
    await story.engine.intake.receive_posts(team, read_posts(msgspec.json.encode(alerts)))


def alert(
    story: Story, name: str = "TillStuck", ends: str = "4m", said: str = "stuck", **labels: str
) -> dict[str, Any]:
    until = story.clock.now() + timedelta(seconds=seconds(ends))
    times = {"startsAt": story.start, "endsAt": until}
    return {"labels": {"alertname": name, **labels}, "annotations": {"summary": said}, **times}


async def restart(story: Story) -> Engine:
    """Another server on the same data, which was not told that the first one would end."""
    await story.engine.dispatch.stop()
    journal = Journal(story.store, story.shelf, story.clock, b"k" * 32)
    story.journal, story.engine = journal, Engine(journal, story.clock, (story.recorder,))
    await story.engine.start()
    return story.engine


async def test_a_repeat_writes_nothing_and_its_later_end_is_known_at_once() -> None:
    async with Story(cast()) as story:
        await post(story, alert(story))
        await story.settle()
        writes = spy(story)
        await story.advance("1m")
        writes.clear()
        later = alert(story)
        for _ in range(3):
            await post(story, later)
        assert writes == []
        (shown,) = await story.engine.intake.alerts("shop", firing=True)
        (stored,) = await story.store.alerts("shop", firing=True)
        assert shown.ends_at == later["endsAt"] > stored.ends_at
        await story.engine.intake.flush()
        assert [bool(write.heard) for write in writes] == [True]
        await story.engine.intake.flush()
        assert len(writes) == 1, "what is written is written once"


@pytest.mark.parametrize("flushed", [True, False])
async def test_after_a_restart_a_repeat_that_was_not_written_yet_is_grace(flushed: bool) -> None:
    async with Story(cast()) as story:
        await post(story, alert(story, ends="1m"))
        await story.advance("55s")
        await post(story, alert(story, ends="4m"))
        if flushed:
            await story.engine.intake.flush()
        await story.advance("7s")
        engine = await restart(story)
        now = story.clock.now()
        (shown,) = await engine.intake.alerts("shop", firing=True)
        if flushed:
            assert shown.ends_at == story.start + timedelta(seconds=55 + 240)
        else:
            assert shown.ends_at == now + timedelta(seconds=10)
        await post(story, alert(story, ends="4m"))
        (shown,) = await engine.intake.alerts("shop", firing=True)
        assert not shown.is_silent(now)
        assert len(await story.store.cards()) == 1


async def test_an_alert_that_was_not_silent_at_the_end_is_not_silent_at_the_start() -> None:
    async with Story(cast()) as story:
        await post(story, alert(story, ends="1m"))
        await story.advance("2m")
        engine = await restart(story)
        (shown,) = await engine.intake.alerts("shop", firing=True)
        assert not shown.is_silent(story.clock.now()), "nobody knows what was said just before the end"
        await story.advance("10s")
        assert shown.is_silent(story.clock.now())


@pytest.mark.parametrize("way", ["post", "signal"])
async def test_what_matters_is_on_disk_before_it_is_answered(way: str) -> None:
    async with Story(cast()) as story:

        async def send(resolved: bool) -> None:
            if way == "post":
                await post(story, {**alert(story), **({"endsAt": story.clock.now()} if resolved else {})})
            else:
                await story.engine.intake.receive(
                    "shop", [Signal(labels={"alertname": "TillStuck"}, resolved=resolved)]
                )

        for resolved in (False, True, False):
            await story.advance("10s")
            await send(resolved)
            (row,) = await story.store.alerts("shop")
            assert row.firing is not resolved
        kinds = [type(entry.event) for entry in await story.journal.entries("shop-1")]
        assert kinds.count(e.AlertCleared) == 1
        assert kinds.count(e.AlertFiredAgain) == 1


async def test_what_an_alert_says_anew_is_kept() -> None:
    async with Story(cast()) as story:
        for said in ("at 80 %", "at 90 %", "at 90 %"):
            await post(story, alert(story, said=said))
        (row,) = await story.store.alerts("shop")
        assert row.annotations == {"summary": "at 90 %"}


async def test_everything_at_once_in_one_message() -> None:
    async with Story(cast(), routes=RECORD) as story:
        group_by(story, "shop")
        await post(story, alert(story, shop="a"), alert(story, shop="b"))
        await post(
            story,
            alert(story, shop="a"),  # a repeat
            {**alert(story, shop="b"), "endsAt": story.clock.now()},  # over
            alert(story, shop="a", n="2"),  # joins
            alert(story, shop="c"),  # opens
            alert(story, shop="c", n="2"),  # with it
            alert(story, kind="record"),
            alert(story, shop="b"),  # over and back again, in one message
        )
        await story.settle()
        cards = {card.title: card.id for card in await story.store.cards()}
        assert set(cards) == {f'Till Stuck (shop="{shop}")' for shop in "abc"}
        sizes = {title: len((await story.incident(stream)).alerts) for title, stream in cards.items()}
        assert list(sizes.values()) == [2, 1, 2]
        again = await story.journal.entries(cards['Till Stuck (shop="b")'])
        kinds = [type(entry.event) for entry in again]
        assert kinds.index(e.AlertCleared) < kinds.index(e.AlertFiredAgain)
        assert len(await story.store.alerts("shop")) == 6
        assert len(story.pages()) == 3


async def test_two_teams_keep_their_own() -> None:
    async with Story(cast("shop"), cast("depot")) as story:
        for team in ("shop", "depot", "shop", "depot"):
            await post(story, alert(story), team=team)
        await story.settle()
        assert {card.id for card in await story.store.cards()} == {"shop-1", "depot-1"}
        assert {page.responder for page in story.pages()} == {"shop-ana", "depot-ana"}
        await post(story, {**alert(story), "endsAt": story.clock.now()}, team="depot")
        assert [row.team for row in await story.engine.intake.alerts(firing=True)] == ["shop"]
        assert all(each.cleared_at is None for each in (await story.incident("shop-1")).alerts.values())


async def test_one_alert_in_many_messages_at_once_opens_one_incident() -> None:
    async with Story(cast()) as story:
        await asyncio.gather(*(post(story, alert(story)) for _ in range(50)))
        await story.settle()
        assert [card.id for card in await story.store.cards()] == ["shop-1"]
        assert len(story.pages()) == 1


async def test_an_alert_that_the_store_cannot_take_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        real = story.store.write

        async def write(each: Write) -> None:
            if any(row.labels.get("n") == "3" for row in each.alerts):
                raise OverflowError("too large")
            await real(each)

        monkeypatch.setattr(story.store, "write", write)
        group_by(story, "n")
        with pytest.raises(Unavailable):
            await post(story, *(alert(story, n=str(n)) for n in range(6)))
        assert len(await story.store.cards()) == 5
        assert {row.labels["n"] for row in await story.store.alerts("shop")} == set("01245")
        monkeypatch.setattr(story.store, "write", real)
        await post(story, *(alert(story, n=str(n)) for n in range(6)))
        assert len(await story.store.cards()) == 6
        await story.settle()
        assert len(story.pages()) == 6


async def test_too_much_at_once_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intakes, "MOST_WAITING", 5)
    async with Story(cast()) as story:
        group_by(story, "n")
        answers = await asyncio.gather(
            *(post(story, alert(story, n=str(n))) for n in range(12)),
            return_exceptions=True,
        )
        refused = [each for each in answers if isinstance(each, Unavailable)]
        assert refused
        assert len(await story.store.cards()) == len(answers) - len(refused)
        await post(story, alert(story, n="afterwards"))


async def test_an_alert_that_comes_back_to_an_incident_it_had_left_for_another_is_noted_there() -> None:
    async with Story(cast()) as story:
        await post(story, alert(story))
        await story.do(Resolve(by="shop-ana"), "shop-1")
        await post(story, {**alert(story), "endsAt": story.clock.now()})
        await story.advance("10m")
        await post(story, alert(story))
        await story.do(Resolve(by="shop-ana"), "shop-2")
        await post(story, {**alert(story), "endsAt": story.clock.now()})
        await story.do(Reopen(by="shop-ana", reason="not over"), "shop-1")
        assert all(each.cleared_at for each in (await story.incident("shop-1")).alerts.values())
        await story.advance("10m")
        await post(story, alert(story))
        assert [card.id for card in await story.store.cards(open_only=True)] == ["shop-1"]
        assert len(await story.events(e.AlertFiredAgain, "shop-1")) == 1
        assert not any(each.cleared_at for each in (await story.incident("shop-1")).alerts.values())


# ── storms ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def storm(story: Story, first: int, last: int, groups: int = 4) -> list[dict[str, Any]]:
    return [alert(story, n=str(n), shop=str(n % groups)) for n in range(first, last)]


async def names_all(story: Story, count: int) -> bool:
    """Whether each alert is on the timeline of the incident that its row names."""
    rows = await story.store.alerts("shop")
    timelines = {card.id: set((await story.incident(card.id)).alerts) for card in await story.store.cards()}
    assert len(rows) == count
    return all(row.incident and row.fingerprint in timelines[row.incident] for row in rows)


@pytest.fixture
def stormy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten signals together are a storm already."""
    monkeypatch.setattr(batches, "MOST_AT_ONCE", 10)


async def test_in_a_storm_each_group_is_paged_once_and_has_all_of_its_alerts(stormy: None) -> None:
    async with Story(cast()) as story:
        group_by(story, "shop")
        for first in range(0, 200, 40):
            await post(story, *storm(story, first, first + 40))
        assert not await names_all(story, 200), "they are put there together, a moment later"
        await story.settle()
        assert await names_all(story, 200)
        assert len(story.pages()) == 4
        for card in await story.store.cards():
            assert len(await story.events(e.AlertsJoined, card.id)) == 2
        assert await story.store.joining() == []


async def test_a_server_that_ends_in_a_storm_leaves_no_alert_off_its_timeline(stormy: None) -> None:
    async with Story(cast()) as story:
        group_by(story, "shop")
        await post(story, *storm(story, 0, 40))
        await post(story, *storm(story, 40, 80))
        assert await story.store.joining()
        await restart(story)
        await story.settle()
        assert await names_all(story, 80)
        assert await story.store.joining() == []


@pytest.mark.parametrize("after", [False, True])
async def test_a_storms_alerts_stand_on_their_timelines_whatever_their_commit_said(stormy: None, after: bool) -> None:
    """The disk refuses, or it commits and says that it has not; either way all are taken in, each by itself."""
    async with Story(cast()) as story:
        await post(story, *storm(story, 0, 40))
        refuse(story, "write", 1, after=after)
        await post(story, *storm(story, 40, 80))
        await story.settle()
        assert await names_all(story, 80)
        assert await story.store.joining() == []


async def test_what_is_over_before_it_stands_on_the_timeline_stands_there_first(stormy: None) -> None:
    async with Story(cast()) as story:
        group_by(story, "shop")
        await post(story, *storm(story, 0, 40))
        await post(story, *storm(story, 40, 80))
        await post(story, {**storm(story, 79, 80)[0], "endsAt": story.clock.now()})
        await story.settle()
        assert await names_all(story, 80)
        (row,) = await story.store.alerts("shop", firing=False)
        assert (await story.incident(row.incident or "")).alerts[row.fingerprint].cleared_at is not None


async def test_an_alert_whose_incident_ends_before_it_is_told_of_it_pages_anew(stormy: None) -> None:
    async with Story(cast()) as story:
        group_by(story, "shop")
        await post(story, *storm(story, 0, 40, groups=1))
        await story.settle()
        await post(story, *storm(story, 40, 80, groups=1))
        for command in (Acknowledge(by="shop-ana"), Resolve(by="shop-ana"), Close(by="shop-ana")):
            await story.engine.submit("shop-1", command)
        before = len(story.pages())
        await story.settle()
        await story.settle()
        rows = await story.store.alerts("shop")
        assert {row.incident for row in rows if int(row.labels["n"]) >= 40} == {"shop-2"}
        assert await names_all(story, 80)
        assert len(story.pages()) == before + 1
        assert await story.store.joining() == []


# ── the short way in reads what is usual, and only that ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[7]",
        b'[{"labels":7}]',
        b'[{"labels":{}}]',
        b'[{"labels":{"a":""}}]',
        b'[{"annotations":{}}]',
        b'[{"labels":{"a":"b"},"startsAt":"2026-01-01T00:00:00"}]',
        b'[{"labels":{"a":"b"},"startsAt":"0001-01-01T00:00:00Z"}]',
        b'[{"labels":{"a":"b"},"status":"resolved"}]',
        b'[{"labels":{"a":"b"},"endsAt":"soon"}]',
        b"[" * 9999,
    ],
)
def test_what_is_unusual_is_left_to_the_ordinary_way(body: bytes) -> None:
    with pytest.raises(Unusual):
        posts: Sequence[Any] = read_posts(body)
        [read_signal(post) for post in posts]
