"""Nothing pages through a maintenance window; what still fires at its end pages then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.alert.heartbeat import Heartbeat, Word
from tocsin.alert.signal import Signal
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.errors import BadInput
from tocsin.incident.commands import Acknowledge
from tocsin.incident.escalating import Escalate
from tocsin.incident.window import Window, find_occurrence
from tocsin.testing.recorder import Recorder
from tocsin.testing.story import Cast, Story, seconds
from tocsin.timeline.events import AlertSilenced, AlertUnsilenced, FreezeSet, PagingFreed, PagingHeld
from tocsin.timeline.matcher import read_matchers
from tocsin.timeline.tell import tell
from tocsin.words import Hush, PageState

from .mill import PLAYBOOK, cast

pytestmark = pytest.mark.anyio

NIGHTLY = Window(at="03:10", lasts_s=1800, reason="the wheel is greased", timezone="UTC")
"""The stories begin on a Monday at 03:00."""


async def maintain(
    story: Story,
    *matchers: str,
    start: str = "0s",
    span: str = "1h",
    reason: str = "greasing",
    hush: Hush = Hush.MAINTENANCE,
) -> str:
    begin = story.clock.now() + timedelta(seconds=seconds(start))
    found = await story.engine.silencing.put(
        "mill",
        "",
        matchers=read_matchers(matchers),
        starts_at=begin,
        ends_at=begin + timedelta(seconds=seconds(span)),
        by="ana",
        comment=reason,
        hush=hush,
    )
    await story.settle()
    return found


def recurring(**windows: Window) -> Cast:
    return cast(windows=windows)


async def test_a_window_over_the_team_keeps_everything_back_and_what_still_fires_pages_at_its_end() -> None:
    async with Story(cast()) as story:
        await maintain(story)
        assert await story.alert("WheelStuck", wheel="1") == ""
        await story.alert("WheelStuck", wheel="2")
        await story.alert("WheelStuck", wheel="2", resolved=True)
        await story.advance("59m")
        assert (await story.store.cards(), story.pages()) == ([], [])
        await story.advance("1m")
        story.stream = (await story.store.cards())[0].id
        story.expect_page("ana", at="1h")
        assert list((await story.incident()).alerts) == [
            Signal(labels={"alertname": "WheelStuck", "wheel": "1"}).fingerprint
        ]


async def test_what_came_with_a_key_of_its_source_pages_at_the_end_too_and_a_heartbeat_that_is_late() -> None:
    async with Story(cast(heartbeats={"backup": Heartbeat(every_s=60, grace_s=20)})) as story:
        await story.engine.beats.ping("mill", "backup", Word.SUCCESS)
        await maintain(story)
        keyed = Signal(labels={"alertname": "WheelStuck"}, key="pagerduty:4711", resolved=False)
        await story.engine.intake.receive("mill", [keyed])
        await story.advance("59m")
        assert (await story.store.cards(), story.pages()) == ([], [])
        await story.advance("65s")
        assert {card.title for card in await story.store.cards()} == {"Wheel Stuck", "HeartbeatMissed"}
        await story.engine.intake.receive("mill", [replace(keyed, resolved=True)])
        assert [row.firing for row in await story.store.alerts("mill") if row.name == "WheelStuck"] == [False]


async def test_a_window_over_a_target_leaves_the_others_alone() -> None:
    async with Story(cast()) as story:
        await maintain(story, 'wheel=~"1|2"')
        await story.alert("WheelStuck", wheel="1")
        assert story.pages() == []
        await story.alert("WheelStuck", wheel="3")
        await story.advance("5s")
        assert [page.responder for page in story.pages()] == ["ana"]


@pytest.mark.parametrize("matchers", [(), ('alertname="WheelStuck"',)])
async def test_an_open_incident_falls_quiet_escalations_asked_for_included_and_says_why(
    matchers: tuple[str, ...],
) -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await story.advance("30s")
        before = len(story.pages())
        await maintain(story, *matchers, span="2h")
        (line,) = [each.line for each in (await story.look())[1].playbook.escalation]
        await story.do(Escalate(by="ana", line=line))
        await story.advance("119m")
        assert len(story.pages()) == before
        (entry,) = [*await story.events(AlertSilenced), *await story.events(PagingHeld)]
        said = tell(entry.event, str)
        assert "under maintenance by ana" in said and "greasing" in said and "05:00" in said
        await story.advance("2m")
        assert [*await story.events(AlertUnsilenced), *await story.events(PagingFreed)]
        assert {page.responder for page in story.pages()[before:]} == {"ana", "boss"}, (
            "the escalation was not forgotten"
        )


async def test_a_silence_lets_an_escalation_through_where_a_window_does_not() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck", wheel="1")
        await story.alert("WheelStuck", wheel="2")
        await maintain(story, 'wheel="1"')
        now = story.clock.now()
        await story.engine.silencing.put(
            "mill", "", matchers=read_matchers(['wheel="2"']), starts_at=now, ends_at=now + timedelta(hours=1),
            by="bo", comment="",
        )  # fmt: skip
        await story.settle()
        before = len(story.pages())
        (line,) = [each.line for each in (await story.look())[1].playbook.escalation]
        await story.do(Escalate(by="ana", line=line))
        await story.advance("5s")
        assert {page.responder for page in story.pages()[before:]} == {"boss"}


@pytest.mark.parametrize("window_first", [True, False])
async def test_a_window_lets_nothing_through_though_there_is_a_longer_silence_too(window_first: bool) -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await story.advance("5s")
        before = len(story.pages())
        for window in (window_first, not window_first):
            await maintain(
                story,
                'alertname="WheelStuck"',
                span="1h" if window else "3h",
                hush=Hush.MAINTENANCE if window else Hush.SILENCE,
            )
        (line,) = [each.line for each in (await story.look())[1].playbook.escalation]
        await story.do(Escalate(by="ana", line=line))
        await story.advance("59m")
        assert story.pages()[before:] == []
        await story.advance("2m")
        assert {page.responder for page in story.pages()[before:]} == {"boss"}, "the silence goes on"


@pytest.mark.parametrize(
    ("response", "later"), [(b"15 minutes", "61s"), (b"4 hours", "61s"), (b"Next business day", "6h")]
)
async def test_a_page_that_a_window_withheld_is_made_up_for_at_its_end_however_quiet_it_is(
    response: bytes, later: str
) -> None:
    """What has until the next working day is told when the working hours begin."""
    async with Story(cast(playbook=PLAYBOOK.replace(b"15 minutes", response))) as story:
        await story.engine.intake.receive("mill", [Signal(labels={"alertname": "WheelStuck"})])
        story.stream = (await story.store.cards())[0].id
        await maintain(story, span="10m")
        await story.advance("9m")
        assert story.pages() == []
        await story.advance(later)
        assert [page.responder for page in story.pages()] == ["ana"]


async def test_what_a_person_declares_under_a_window_over_the_team_pages_at_its_end() -> None:
    async with Story(cast()) as story:
        await maintain(story, span="30m")
        await story.declare("Wheel Stuck")
        await story.advance("29m")
        assert story.pages() == []
        assert [entry.seq for entry in await story.events(PagingHeld)]
        await story.advance("1m")
        story.expect_page("ana", at="30m")


async def test_who_has_acknowledged_is_not_called_by_the_end_of_a_window() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await story.do(Acknowledge(by="ana"))
        before = len(story.pages())
        await maintain(story, span="10m")
        await story.advance("30m")
        assert len(story.pages()) == before


async def test_what_was_on_its_way_when_it_began_is_withheld() -> None:
    async with Story(cast()) as story:
        await story.engine.intake.receive("mill", [Signal(labels={"alertname": "WheelStuck"})])
        story.stream = (await story.store.cards())[0].id
        await maintain(story)
        await story.advance("10m")
        incident = await story.incident()
        assert (story.pages(), set(incident.pages.values())) == ([], {PageState.WITHHELD})
        assert all(call.withheld == "under maintenance meanwhile" for call in incident.calls.values())


async def test_ending_it_early_pages_at_once() -> None:
    async with Story(cast()) as story:
        found = await maintain(story)
        await story.alert("WheelStuck")
        await story.advance("10m")
        await story.engine.silencing.expire("mill", found)
        await story.settle()
        await story.advance("5s")
        assert [page.responder for page in story.pages()] == ["ana"]


async def test_a_recurring_window_comes_and_goes_by_the_settings() -> None:
    async with Story(recurring(grease=NIGHTLY)) as story:
        await story.alert("WheelStuck")
        await story.advance("9m")
        loud = len(story.pages())
        assert loud
        await story.advance("30m")
        assert len(story.pages()) == loud, "03:10 to 03:40"
        (entry,) = await story.events(PagingHeld)
        assert "the settings (grease)" in tell(entry.event, str)
        await story.advance("2m")
        assert len(story.pages()) > loud
        await story.do(Acknowledge(by="ana"))
        await story.advance("1d")
        assert len(await story.events(PagingHeld)) == 2, "and the next night again"


async def test_an_alert_that_came_in_a_recurring_window_pages_at_its_end() -> None:
    async with Story(recurring(grease=replace(NIGHTLY, matchers=('wheel="1"',)))) as story:
        await story.advance("15m")
        assert await story.alert("WheelStuck", wheel="1") == ""
        await story.advance("24m")
        assert story.pages() == []
        await story.advance("2m")
        story.expect_page("ana", at="40m")


async def test_the_end_of_a_recurring_window_is_found_by_a_server_that_was_not_there() -> None:
    """Also where the settings have no window any more: that the alert was held back stands on the disk."""
    async with Story(recurring(grease=NIGHTLY)) as story:
        await story.advance("15m")
        await story.alert("WheelStuck")
        shelf = story.shelf
        teams = {name: replace(team, windows={}) for name, team in shelf.settings.teams.items()}
        shelf.settings = replace(shelf.settings, teams=teams)
        later = Journal(story.store, shelf, story.clock, b"k" * 32)
        story.clock.set(story.start + timedelta(hours=3))
        engine = Engine(later, story.clock, (Recorder(story.clock),))
        while await engine.turn():
            await engine.dispatch.drain()
        await engine.dispatch.stop()
        assert [card.team for card in await story.store.cards()] == ["mill"]


async def test_taking_a_window_out_of_the_settings_pages_at_once() -> None:
    async with Story(recurring(grease=NIGHTLY)) as story:
        await story.advance("15m")
        await story.alert("WheelStuck")
        teams = {name: replace(team, windows={}) for name, team in story.shelf.settings.teams.items()}
        story.shelf.settings = replace(story.shelf.settings, teams=teams)
        await story.settle()
        await story.advance("5s")
        assert [page.responder for page in story.pages()] == ["ana"]


async def test_a_silence_that_ends_while_an_alert_is_on_its_way_to_the_disk_loses_no_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Story(cast()) as story:
        found = await maintain(story)
        commit = story.engine.intake._commit

        async def end_first(batch: Any) -> None:
            monkeypatch.setattr(story.engine.intake, "_commit", commit)
            await story.engine.silencing.expire("mill", found)
            await story.engine.turn()
            await commit(batch)

        monkeypatch.setattr(story.engine.intake, "_commit", end_first)
        await story.alert("WheelStuck")
        await story.advance("10s")
        assert [page.responder for page in story.pages()] == ["ana"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"span": "0s"}, "start before"),
        ({"start": "-2h"}, "later than now"),
        ({"span": "40d"}, "31 days"),
        ({"reason": " "}, "Say why"),
    ],
)
async def test_a_window_without_an_end_or_a_reason_is_refused(changes: dict[str, str], why: str) -> None:
    async with Story(cast()) as story:
        begin = story.clock.now() + timedelta(seconds=-7200 if changes.get("start") else 0)
        with pytest.raises(BadInput, match=why):
            await story.engine.silencing.put(
                "mill", "", matchers=(), starts_at=begin,
                ends_at=begin + timedelta(seconds=seconds(changes.get("span", "1h"))),
                by="ana", comment=changes.get("reason", "greasing"), hush=Hush.MAINTENANCE,
            )  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "start"),
    [
        ({"at": "02:00"}, "2026-03-02T00:30", "2026-03-02T01:00"),
        ({"at": "02:00"}, "2026-03-02T01:30", "2026-03-02T01:00"),
        ({"at": "02:00"}, "2026-03-02T02:00", "2026-03-03T01:00"),
        ({"at": "02:00", "days": ("sun",)}, "2026-03-02T01:30", "2026-03-08T01:00"),
        ({"at": "02:30", "days": ("sun",)}, "2026-03-29T00:00", "2026-03-29T01:00"),
        ({"cron": "0 2 * * sun"}, "2026-03-02T01:30", "2026-03-08T01:00"),
        ({"at": "02:00", "timezone": "America/New_York"}, "2026-03-02T00:30", "2026-03-02T07:00"),
    ],
)
def test_occurrences(window: dict[str, Any], now: str, start: str) -> None:
    """In Berlin's time; on 29 March 2026 there is no 02:30 there."""
    found = find_occurrence("mill/x", Window(lasts_s=3600, reason="x", **window), "Europe/Berlin", at(now))
    assert (found.starts_at, found.ends_at) == (at(start), at(start) + timedelta(hours=1))
    assert found.ends_at > at(now)


async def test_what_else_happens_to_the_team_takes_no_look_away() -> None:
    """A look at what a window of the settings holds back is owed on disk, whatever is appended to the stream."""
    async with Story(recurring(grease=NIGHTLY)) as story:
        await story.advance("15m")
        await story.alert("WheelStuck")
        due = await story.store.next_due()
        await story.journal.change_team("mill", FreezeSet(on=True, by="ana"))
        assert due is not None
        assert due >= (await story.store.next_due() or due + timedelta(days=1))
        await story.advance("10s")
        assert await story.store.next_due() == due
