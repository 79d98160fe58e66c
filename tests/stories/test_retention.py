"""What is over for long goes, by the settings; what is open, owes something, or is doubtful never does."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tocsin.alert.signal import Signal
from tocsin.engine.housekeeping import Housekeeping, Over, split
from tocsin.errors import NotFound, TocsinError
from tocsin.incident.commands import AddNote, Close, Command, Dismiss, MeetObligation, Reopen, Resolve, WaiveObligation
from tocsin.review.retention import FOREVER, Days, Retention
from tocsin.store.removals import Removals
from tocsin.store.verify import Report, check
from tocsin.testing.story import START, Story
from tocsin.timeline.events import Merged
from tocsin.words import Status

from .mill import PLAYBOOK, cast

KEY = b"k" * 32
REVIEWED = (
    PLAYBOOK
    + b"""
## Post-Incident

- Post-mortem within 48 hours
"""
)
"""The mill, and what it owes after each incident."""
YEAR = timedelta(days=401)


def keep_house(story: Story, incidents_days: Days = 400, alerts_days: Days = 30) -> Housekeeping:
    """The housekeeping of a story's server, without its pauses."""
    rules = Retention(incidents_days=incidents_days, alerts_days=alerts_days)
    house = Housekeeping(story.journal, story.engine.intake, Removals(story.store, KEY), lambda: rules)
    house.rest_s = 0.0
    return house


async def live(story: Story, name: str = "WheelStuck") -> str:
    """An incident from its alert to its end."""
    story.stream = ""
    story.clock.set(story.clock.now() + timedelta(seconds=1))
    stream = await story.alert(name)
    await story.alert(name, resolved=True)
    await story.do(Resolve(by="ana"), stream)
    for key, duty in (await story.incident(stream)).obligations.items():
        if duty.is_open:
            await story.do(WaiveObligation(by="ana", key=key, reason="a drill"), stream)
    await story.do(Close(by="ana"), stream)
    return stream


async def list_streams(story: Story) -> list[str]:
    return sorted(card.id for card in await story.store.cards())


async def look(story: Story) -> Report:
    return await story.store.read(lambda c: check(c, KEY, None, None))


def pass_time(story: Story, time: timedelta) -> None:
    """Nothing is planned: time passes at once."""
    story.clock.set(story.clock.now() + time)


async def test_an_incident_goes_thirteen_months_after_it_was_over() -> None:
    async with Story(cast()) as story:
        stream = await live(story)
        house = keep_house(story)
        pass_time(story, timedelta(days=399))
        await house.go_round()
        assert await list_streams(story) == [stream]
        pass_time(story, timedelta(days=2))
        await house.go_round()
        assert await list_streams(story) == []
        assert await story.journal.incident(stream) is None
        assert await story.store.alerts() == []
        with pytest.raises(NotFound):
            await story.do(AddNote(by="ana", text="too late"), stream)
        report = await look(story)
        assert [flaw for flaw in report.flaws if flaw.fault != "mark"] == []
        assert [(each.stream, each.rule) for each in report.removed] == [(stream, "incidents_days = 400")]


async def test_the_next_incident_has_the_next_number_and_pages() -> None:
    async with Story(cast()) as story:
        first = await live(story)
        pass_time(story, YEAR)
        await keep_house(story).go_round()
        story.stream = ""
        second = await story.alert("WheelStuck")
        assert (first, second) == ("mill-1", "mill-2")
        assert story.pages("ana")[-1].key.startswith(f"{second}:")


async def test_a_note_keeps_it_for_as_long_again() -> None:
    async with Story(cast()) as story:
        stream = await live(story)
        pass_time(story, timedelta(days=390))
        await story.do(AddNote(by="bo", text="we looked at it again"), stream)
        pass_time(story, timedelta(days=390))
        await keep_house(story).go_round()
        assert await list_streams(story) == [stream]
        pass_time(story, timedelta(days=11))
        await keep_house(story).go_round()
        assert await list_streams(story) == []


async def test_forever_is_forever() -> None:
    async with Story(cast()) as story:
        stream = await live(story)
        pass_time(story, timedelta(days=4000))
        await keep_house(story, FOREVER, FOREVER).go_round()
        assert await list_streams(story) == [stream]
        assert len(await story.store.alerts()) == 1


async def test_what_is_still_open_or_owed_stays_however_old_it_is() -> None:
    async with Story(cast(playbook=REVIEWED)) as story:
        is_open = await story.alert("WheelStuck")
        story.stream = ""
        owing = await story.alert("Rats")
        story.stream = owing
        await story.do(Resolve(by="ana"), owing)
        owed = [each for each in (await story.incident(owing)).obligations.values() if each.is_open]
        pass_time(story, 10 * YEAR)
        await story.settle()
        await keep_house(story, alerts_days=FOREVER).go_round()
        assert is_open in await list_streams(story)
        assert (owing in await list_streams(story)) == bool(owed)


async def test_it_stays_while_one_of_its_alerts_fires_and_goes_once_nothing_is_heard_of_it() -> None:
    async with Story(cast()) as story:
        stream = await story.alert("WheelStuck")
        await repeat(story, times=1)
        await story.do(Resolve(by="ana"))
        await waive_all(story, stream)
        await story.do(Close(by="ana"))
        await repeat(story, times=140)
        await keep_house(story).go_round()
        assert await list_streams(story) == [stream]
        pass_time(story, timedelta(days=33))
        await keep_house(story).go_round()
        assert await list_streams(story) == []
        story.stream = ""
        assert await story.alert("WheelStuck") == "mill-2", "what comes back after so long is new"


async def repeat(story: Story, times: int) -> None:
    """Its source says again and again that it fires, each time for five days; three days pass between."""
    for _ in range(times):
        signal = Signal(labels={"alertname": "WheelStuck"}, ends_at=story.clock.now() + timedelta(days=5))
        await story.engine.intake.receive("mill", [signal])
        pass_time(story, timedelta(days=3))


async def waive_all(story: Story, stream: str) -> None:
    for key, duty in (await story.incident(stream)).obligations.items():
        if duty.is_open:
            await story.do(WaiveObligation(by="ana", key=key, reason="a drill"), stream)


async def test_alerts_that_are_over_go_after_a_month_and_their_incident_stays() -> None:
    async with Story(cast()) as story:
        stream = await live(story)
        pass_time(story, timedelta(days=29))
        await keep_house(story).go_round()
        assert len(await story.store.alerts()) == 1
        pass_time(story, timedelta(days=2))
        await keep_house(story).go_round()
        assert await story.store.alerts() == []
        assert (await story.incident(stream)).alerts, "its timeline tells of them"
        story.stream = ""
        assert await story.alert("WheelStuck") == "mill-2"
        assert len(await story.store.alerts(firing=True)) == 1


async def test_an_alert_that_is_repeated_stays_although_its_row_is_never_written() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await repeat(story, times=1)
        await story.do(Resolve(by="ana"))
        await waive_all(story, story.stream)
        await story.do(Close(by="ana"))
        await repeat(story, times=14)
        await keep_house(story).go_round()
        assert len(await story.store.alerts(firing=True)) == 1
        assert await list_streams(story) == ["mill-1"]


async def test_what_does_not_hold_together_is_evidence_and_stays(caplog: pytest.LogCaptureFixture) -> None:
    async with Story(cast()) as story:
        first, second = await live(story), await live(story)
        await story.store.in_transaction(
            lambda c: c.execute(text(f"UPDATE entry SET body = '{{}}' WHERE stream = '{first}' AND seq = 2"))
        )
        story.journal.streams.cache.forget(first)
        pass_time(story, YEAR)
        await keep_house(story).go_round()
        assert await list_streams(story) == [first]
        assert f"{first} is kept although it is old" in caplog.text
        assert second not in caplog.text


async def test_an_incident_that_went_into_another_one_stays_as_long_as_that() -> None:
    async with Story(cast()) as story:
        into = await story.alert("WheelStuck")
        story.stream = ""
        merged = await story.alert("Rats")
        await story.journal.change(merged, lambda incident, book: (Merged(into=into, by="ana"),), cause="command")
        pass_time(story, YEAR)
        await keep_house(story).go_round()
        assert await list_streams(story) == sorted([into, merged])


@pytest.mark.parametrize("ahead", [False, True])
async def test_whoever_reads_it_meanwhile_does_not_bring_it_back(ahead: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        stream = await live(story)
        pass_time(story, YEAR)
        streams, name = story.journal.streams, "load_all" if ahead else "load"
        streams.cache.forget(stream)
        load, loaded, gone = getattr(story.store, name), asyncio.Event(), asyncio.Event()

        async def load_slowly(*asked: object) -> object:
            monkeypatch.setattr(story.store, name, load)
            found = await load(*asked)
            loaded.set()
            await gone.wait()
            return found

        monkeypatch.setattr(story.store, name, load_slowly)
        reader = asyncio.create_task(streams.read_ahead([stream]) if ahead else streams.find(stream))
        await loaded.wait()
        await keep_house(story).go_round()
        gone.set()
        await reader
        assert streams.cache.find(stream) is None
        with pytest.raises(NotFound):
            await story.do(AddNote(by="ana", text="too late"), stream)
        assert [flaw for flaw in (await look(story)).flaws if flaw.fault != "mark"] == []


async def test_whoever_adds_to_it_meanwhile_keeps_it() -> None:
    """Another node writes between the look and the removal."""
    async with Story(cast()) as story:
        stream = await live(story)
        pass_time(story, YEAR)

        def add(name: str) -> None:
            if name == "removal.before_commit":
                with closing(sqlite3.connect(story.store.path)) as another, another:
                    another.execute("INSERT INTO wake (stream, due_at) VALUES (?, '2030')", (stream,))

        story.journal.reach = add
        await keep_house(story).go_round()
        assert await list_streams(story) == [stream]


class Death(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("place", ["removal.before_commit", "removal.after_commit"])
async def test_a_death_at_any_place_leaves_a_whole_record_and_the_next_server_goes_on(
    monkeypatch: pytest.MonkeyPatch, place: str, times: int
) -> None:
    monkeypatch.setattr("tocsin.engine.housekeeping.MOST_INCIDENTS", 2)
    async with Story(cast()) as story:
        for _ in range(6):
            await live(story)
        pass_time(story, YEAR)
        left = times

        def die(name: str) -> None:
            nonlocal left
            left -= name == place
            if left == 0:
                raise Death

        story.journal.reach = die
        with pytest.raises(Death):
            await keep_house(story).go_round()
        gone = 2 * (times - (place == "removal.before_commit"))
        assert len(await list_streams(story)) == 6 - gone
        assert [flaw for flaw in (await look(story)).flaws if flaw.fault != "mark"] == []
        story.journal.reach = lambda name: None
        await keep_house(story).go_round()
        assert await list_streams(story) == []
        report = await look(story)
        assert [flaw for flaw in report.flaws if flaw.fault != "mark"] == []
        assert len(report.removed) == 6


async def test_pages_go_out_while_a_year_is_cleared_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.engine.housekeeping.MOST_INCIDENTS", 3)
    async with Story(cast()) as story:
        for _ in range(12):
            await live(story)
        pass_time(story, YEAR)
        house = keep_house(story)
        clearing = asyncio.create_task(house.go_round())
        story.stream = ""
        stream = await story.alert("WheelStuck")
        assert story.pages("ana")[-1].key.startswith(f"{stream}:")
        await clearing
        assert await list_streams(story) == [stream]
        assert len((await look(story)).removed) == 12


@given(st.lists(st.integers(1, 600), max_size=60))
def test_a_lot_is_small_and_nothing_is_left_out(lengths: list[int]) -> None:
    found = [Over(stream=f"a-{at}", opened_at=START, seq=seq) for at, seq in enumerate(lengths)]
    lots = split(found)
    assert [each for lot in lots for each in lot] == found
    assert all(len(lot) == 1 or (len(lot) <= 5 and sum(each.seq for each in lot) <= 250) for lot in lots)


MOVES: tuple[type[Command], ...] = (Resolve, Close, Dismiss, Reopen, MeetObligation, WaiveObligation, AddNote)


@settings(max_examples=10)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(MOVES), st.integers(0, 500)), max_size=14))
def test_nothing_that_is_open_or_owed_is_ever_taken_away(moves: list[tuple[int, type[Command], int]]) -> None:
    asyncio.run(_live_at_random(moves))


async def _live_at_random(moves: list[tuple[int, type[Command], int]]) -> None:
    async with Story(cast(playbook=REVIEWED)) as story:
        streams = []
        for name in ("WheelStuck", "Rats", "Fire"):
            story.stream = ""
            streams.append(await story.alert(name))
        house = keep_house(story)
        for at, kind, days in moves:
            await _try(story, streams, at, kind)
            pass_time(story, timedelta(days=days))
            await story.settle()
            before = {stream: await story.journal.incident(stream) for stream in streams}
            await house.go_round()
            there = await list_streams(story)
            for incident in before.values():
                if incident is not None and incident.id not in there:
                    owed = [each for each in incident.obligations.values() if each.is_open]
                    assert not incident.is_open
                    assert incident.status is Status.CLOSED or not owed
        assert [flaw for flaw in (await look(story)).flaws if flaw.fault != "mark"] == []


async def _try(story: Story, streams: list[str], at: int, kind: type[Command]) -> None:
    """Somebody asks for something, which may be denied."""
    incident = await story.journal.incident(streams[at])
    duty = next((key for key, each in incident.obligations.items() if each.is_open), "none") if incident else "none"
    given = {"by": "ana", "key": duty, "reason": "so", "text": "so"}
    fields = {name: given[name] for name in kind.__struct_fields__ if name in given}
    try:
        await story.do(kind(**fields), streams[at])
    except TocsinError:
        return
