"""What the engine lives through: a store that refuses, a channel that never ends, an answer that comes first."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tocsin.alert.signal import Signal
from tocsin.engine import dispatch, loop, undone
from tocsin.engine.contracts import Key, Write
from tocsin.engine.journal import Journal
from tocsin.errors import Conflict, Corrupt, Unavailable
from tocsin.incident.commands import Acknowledge
from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e

PLAYBOOK = b"""\
# Shop Playbook

## Severity Levels

- **P1 (Critical)**: response within 15 minutes
- **P2 (High)**: response within 1 hour

## Scenarios

### 1. Till Stuck (P1)

**Alert:** `TillStuck`

**Resolution:**
```bash
systemctl restart till
```

### 2. Door Jammed (P1)

**Alert:** `DoorJammed`

**Resolution:**
```bash
systemctl restart door
```
"""

Failing = Callable[[], BaseException]


def cast(name: str = "shop") -> Cast:
    return Cast(
        playbook=PLAYBOOK,
        name=name,
        people={f"{name}-ana": Person(name="Ana", channels=("mail", "phone"))},
        schedules={"primary": Schedule(people=(f"{name}-ana",))},
        levels=(("primary",),),
    )


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for a back-off."""
    for module in (dispatch, loop):
        monkeypatch.setattr(module, "FIRST_WAIT_S", 0.01)
        monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.02)


@asynccontextmanager
async def running(story: Story) -> AsyncIterator[None]:
    """The engine turns by itself, as in a server."""
    task = asyncio.create_task(story.engine.run())
    try:
        yield
    finally:
        assert not task.done(), task.exception()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    """Wait, on the real clock since the engine turns by it, until something holds."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.005)


def tick(story: Story) -> Story:
    """A moment of the story passes, for what is tried again after a moment."""
    story.clock.set(story.clock.now() + timedelta(seconds=0.1))
    return story


FULL = sqlite3.OperationalError("database or disk is full")


def refuse(story: Story, verb: str, times: int, *, after: bool = False, error: Exception = FULL) -> Callable[[], int]:
    """Let the store fail at `verb` the next `times` times (`after`: it has done it all the same); how often it did."""
    real: Callable[..., Awaitable[Any]] = getattr(story.store, verb)
    failed = 0

    async def fail(*args: Any, **named: Any) -> Any:
        nonlocal failed
        if failed >= times:
            return await real(*args, **named)
        failed += 1
        if after:
            await real(*args, **named)
        raise error

    setattr(story.store, verb, fail)
    return lambda: failed


@pytest.mark.parametrize("verb", ["due", "claim", "release", "load"])
async def test_a_store_that_refuses_for_a_while_does_not_end_the_paging(verb: str) -> None:
    async with Story(cast()) as story:
        failed = refuse(story, verb, 3)
        async with running(story):
            if verb == "due":
                await until(lambda: failed() == 3)
            await send_until_taken(story, "TillStuck")
            await until(lambda: bool(tick(story).pages()))
            assert not story.engine.is_sick


async def send_until_taken(story: Story, name: str, team: str = "shop") -> None:
    """What a source does: it sends again whatever was not answered with 200."""
    while True:
        try:
            return await story.engine.intake.receive(team, [Signal(labels={"alertname": name})])
        except Unavailable:
            await asyncio.sleep(0)


def hold_pages(story: Story) -> asyncio.Event:
    """Let no page end before the event is set."""
    gate, real = asyncio.Event(), story.recorder.perform

    async def slow(key: Key, intent: e.Intent) -> e.Outcome:
        await gate.wait()
        return await real(key, intent)

    story.recorder.perform = slow  # type: ignore[method-assign]
    return gate


@pytest.mark.parametrize(
    ("error", "after"),
    [(FULL, False), (FULL, True), (Unavailable("too many writes are waiting"), False)],
    ids=["refused", "committed, then error", "no room for it"],
)
async def test_a_page_whose_outcome_cannot_be_written_down_goes_out_once(error: Exception, after: bool) -> None:
    async with Story(cast()) as story:
        gate = hold_pages(story)
        await story.engine.intake.receive("shop", [Signal(labels={"alertname": "TillStuck"})])
        story.stream = "shop-1"
        failed = refuse(story, "write", 3 if not after else 1, after=after, error=error)
        gate.set()
        async with running(story):
            await until(lambda: bool(story.pages()) and failed() >= 1)
            async with asyncio.timeout(60):
                while not await story.events(e.PageDelivered):
                    await asyncio.sleep(0.005)
            await story.engine.dispatch.drain()
        assert len(story.pages()) == 1
        assert len(await story.events(e.PageDelivered)) == 1


async def test_an_alert_that_was_committed_with_an_error_opens_one_incident() -> None:
    async with Story(cast()) as story:
        refuse(story, "write", 1, after=True)
        await send_until_taken(story, "TillStuck")
        await story.settle()
        assert [card.id for card in await story.store.cards()] == ["shop-1"]
        assert len(story.pages()) == 1


async def test_a_stream_that_cannot_be_planned_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast("sick"), cast("well")) as story:
        await story.alert("TillStuck", team="sick")
        await story.alert("TillStuck", team="well")
        real = story.journal.replan

        async def replan(stream: str) -> Any:
            if stream == "sick-1":
                raise ZeroDivisionError("a planner's bug")
            return await real(stream)

        monkeypatch.setattr(story.journal, "replan", replan)
        before = len(story.pages("well-ana"))
        story.clock.set(story.clock.now().replace(hour=4))
        async with running(story):
            await until(lambda: len(story.pages("well-ana")) > before)


async def test_who_has_answered_is_not_paged_by_what_was_still_queued() -> None:
    """Eight pages fill the channel's places; the ninth waits, and its responder acknowledges meanwhile."""
    async with Story(cast()) as story:
        gate = hold_pages(story)
        for n in range(9):
            await story.engine.intake.declare("shop", f"Case {n}", None, "P1", "bo")
            await story.engine.turn()
        last = "shop-9"
        await story.engine.submit(last, Acknowledge(by="shop-ana"))
        gate.set()
        await story.engine.dispatch.drain()
        await story.settle()
        assert last not in {page.key.split(":")[0] for page in story.pages()}
        (entry,) = await story.events(e.PageWithheld, last)
        assert isinstance(entry.event, e.PageWithheld)
        assert entry.event.why == "answered meanwhile"


async def test_a_channel_that_never_ends_has_failed_and_the_next_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undone, "PAGE_S", 0.05)
    async with Story(cast()) as story:
        real = story.recorder.perform

        async def drip(key: Key, intent: e.Intent) -> e.Outcome:
            if isinstance(intent, e.PageRequested) and intent.channel == "mail":
                await asyncio.Event().wait()
            return await real(key, intent)

        story.recorder.perform = drip  # type: ignore[method-assign]
        await story.alert("TillStuck")
        assert [page.channel for page in story.pages()] == ["phone"]
        (entry,) = await story.events(e.PageFailed)
        assert isinstance(entry.event, e.PageFailed)
        assert "No answer within" in entry.event.why


async def test_one_bad_alert_does_not_keep_the_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        real = story.store.write

        async def write(write: Write) -> None:
            if any(row.name == "TillStuck" for row in write.alerts):
                raise OverflowError("date value out of range")
            await real(write)

        monkeypatch.setattr(story.store, "write", write)
        signals = [Signal(labels={"alertname": name}) for name in ("TillStuck", "DoorJammed")]
        with pytest.raises(Unavailable, match="Send them again"):
            await story.engine.intake.receive("shop", signals)
        assert [card.scenario for card in await story.store.cards()] == ["Door Jammed"]


async def test_one_teams_storm_does_not_hold_up_another_teams_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast("loud"), cast("quiet")) as story:
        gate = asyncio.Event()
        real = story.store.write

        async def write(write: Write) -> None:
            if any(append.stream.startswith("loud") for append in write.appends):
                await gate.wait()
            await real(write)

        monkeypatch.setattr(story.store, "write", write)
        storm = asyncio.create_task(story.engine.intake.receive("loud", [Signal(labels={"alertname": "TillStuck"})]))
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            await story.engine.intake.receive("quiet", [Signal(labels={"alertname": "TillStuck"})])
        assert not storm.done()
        gate.set()
        await storm
        assert {card.team for card in await story.store.cards()} == {"loud", "quiet"}


async def test_a_decision_that_says_conflict_is_heard_at_once() -> None:
    """Only the store's own "too late" is decided again; a person's outdated approval is told so."""
    async with Story(cast()) as story:
        await story.alert("TillStuck")
        asked = 0

        def choose(incident: object, book: object) -> tuple[e.Event, ...]:
            nonlocal asked
            asked += 1
            raise Conflict("This is not what you looked at.")

        with pytest.raises(Conflict, match="not what you looked at"):
            await story.journal.change(story.stream, choose, cause="command")
        assert asked == 1


async def test_an_edited_entry_stops_its_own_incident_and_no_other() -> None:
    async with Story(cast()) as story:
        await story.alert("TillStuck")
        await story.alert("DoorJammed")
        with sqlite3.connect(story.store.path) as file:
            file.execute("UPDATE entry SET body = replace(body, 'Till', 'Bill') WHERE stream = 'shop-1' AND seq = 1")
        cold = Journal(story.store, story.shelf, story.clock, b"k" * 32)
        with pytest.raises(Corrupt, match="entry 1 was changed"):
            await cold.incident("shop-1")
        engine = loop.Engine(cold, story.clock, (story.recorder,))
        before = len(story.pages())
        story.clock.set(story.clock.now() + timedelta(minutes=3))
        while await engine.turn():
            await engine.dispatch.drain()
        assert {page.key.split(":")[0] for page in story.pages()[before:]} == {"shop-2"}
