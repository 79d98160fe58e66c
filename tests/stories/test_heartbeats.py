"""A heartbeat that does not come is an alert: it opens an incident, pages, and is over when the heartbeat is back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alert.heartbeat import Beat, Heartbeat, State, Word, find_due, find_fault
from tocsin.alert.settings import Route
from tocsin.alert.signal import Signal
from tocsin.engine.beats import Beats
from tocsin.errors import NotFound, Unavailable
from tocsin.store.beats import Beats as Rows
from tocsin.testing.story import Cast, Story

from .test_silences import cast as make_mill

pytestmark = pytest.mark.anyio


def mill(**heartbeats: Heartbeat) -> Cast:
    from msgspec.structs import replace

    return replace(make_mill(), heartbeats=heartbeats)


async def titles(story: Story) -> list[str]:
    return [card.title for card in await story.store.cards()]


async def test_one_that_was_never_heard_is_missed_by_nobody_and_said_to_be_new() -> None:
    async with Story(mill(backup=Heartbeat(every_s=60))) as story:
        await story.advance("1h")
        assert (await titles(story), story.pages()) == ([], [])
        assert story.engine.beats.list_unheard() == [("mill", "backup")]


async def test_a_late_one_opens_an_incident_at_its_time_and_its_return_clears_it() -> None:
    async with Story(mill(backup=Heartbeat(every_s=60, grace_s=20, alert="WheelStuck"))) as story:
        await story.engine.beats.ping("mill", "backup", Word.SUCCESS)
        await story.advance("30s")
        await story.engine.beats.ping("mill", "backup", Word.SUCCESS)
        await story.advance("79s")
        assert await titles(story) == []
        await story.advance("1s")
        assert await titles(story) == ["Wheel Stuck"], "the scenario is found by the alert's name"
        story.stream = (await story.store.cards())[0].id
        story.expect_page("ana", at="110s")
        await story.engine.beats.ping("mill", "backup", Word.SUCCESS)
        (alert,) = (await story.incident()).alerts.values()
        assert alert.cleared_at is not None
        assert alert.seen.labels["heartbeat"] == "backup"
        await story.advance("10m")
        assert len(await titles(story)) == 1, "missed again, it is the same incident while that is open"
        assert [each.cleared_at for each in (await story.incident()).alerts.values()] == [None]


async def test_a_failure_is_told_at_once_with_what_the_job_printed() -> None:
    async with Story(mill(backup=Heartbeat(every_s=3600))) as story:
        await story.engine.beats.ping("mill", "backup", Word.FAIL, "no space left")
        (row,) = await story.store.alerts("mill")
        assert (row.name, row.firing, row.annotations["output"]) == ("HeartbeatMissed", True, "no space left")
        await story.engine.beats.ping("mill", "backup", Word.SUCCESS)
        assert [row.firing for row in await story.store.alerts("mill")] == [False]


async def test_a_run_that_never_ends_is_late_by_its_own_bound() -> None:
    async with Story(mill(backup=Heartbeat(every_s=86400, longest_s=600))) as story:
        await story.engine.beats.ping("mill", "backup", Word.START)
        await story.advance("599s")
        assert await titles(story) == []
        await story.advance("1s")
        (row,) = await story.store.alerts("mill", firing=True)
        assert "started" in row.annotations["summary"]


async def test_a_word_for_the_log_is_no_beat() -> None:
    async with Story(mill(backup=Heartbeat(every_s=60, grace_s=0))) as story:
        await story.engine.beats.ping("mill", "backup", Word.SUCCESS)
        await story.advance("50s")
        await story.engine.beats.ping("mill", "backup", Word.LOG, "half done")
        await story.advance("10s")
        assert len(await titles(story)) == 1


async def test_ten_seconds_are_ten_seconds() -> None:
    async with Story(mill(pulse=Heartbeat(every_s=10, grace_s=0))) as story:
        for _ in range(5):
            await story.engine.beats.ping("mill", "pulse", Word.SUCCESS)
            await story.advance("9s")
        assert await titles(story) == []
        await story.advance("1s")
        assert len(await titles(story)) == 1


async def test_what_was_due_while_no_server_ran_is_noticed_by_the_next_and_said_once() -> None:
    async with Story(mill(backup=Heartbeat(every_s=60, grace_s=0))) as story:
        await story.engine.beats.ping("mill", "backup", Word.SUCCESS)
        story.clock.set(story.clock.now() + timedelta(hours=3))
        for _ in range(2):  # as a server that died after the alert, before the heartbeat's own row
            beats = Beats(story.journal, story.engine.intake, Rows(story.store))
            row = (await beats.list_all())[0]
            await beats.turn(story.clock.now())
            await Rows(story.store).put(row, await Rows(story.store).find("mill", "backup"))
        assert len(await titles(story)) == 1


class Overtaken(Rows):
    """The rows as a node meets them whom another always overtakes once, between reading and writing."""

    other: Beats | None = None

    async def put(self, beat: Beat, before: Beat | None) -> bool:
        other, self.other = self.other, None
        if other is not None:
            await self.act(other)
        return await super().put(beat, before)

    async def act(self, other: Beats) -> None:
        await other.ping("mill", "backup", Word.SUCCESS)


async def test_one_that_another_node_hears_while_it_is_called_late_is_not_late() -> None:
    async with Story(mill(backup=Heartbeat(every_s=60, grace_s=0))) as story:
        await story.engine.beats.ping("mill", "backup", Word.SUCCESS)
        story.clock.set(story.clock.now() + timedelta(seconds=61))
        rows = Overtaken(story.store)
        rows.other = Beats(story.journal, story.engine.intake, Rows(story.store))
        assert await Beats(story.journal, story.engine.intake, rows).turn(story.clock.now()) == 0
        found = await Rows(story.store).find("mill", "backup")
        assert found is not None
        assert (found.state, found.heard_at) == (State.UP, story.clock.now())
        assert await story.store.alerts("mill", firing=True) == []


async def test_one_that_is_heard_while_another_node_calls_it_late_is_over_at_once() -> None:
    class Late(Overtaken):
        async def act(self, other: Beats) -> None:
            await other.turn(story.clock.now())

    async with Story(mill(backup=Heartbeat(every_s=60, grace_s=0))) as story:
        await story.engine.beats.ping("mill", "backup", Word.SUCCESS)
        story.clock.set(story.clock.now() + timedelta(seconds=61))
        rows = Late(story.store)
        rows.other = Beats(story.journal, story.engine.intake, Rows(story.store))
        heard = await Beats(story.journal, story.engine.intake, rows).ping("mill", "backup", Word.SUCCESS)
        assert await Rows(story.store).find("mill", "backup") == heard
        assert [row.firing for row in await story.store.alerts("mill")] == [False]


async def test_one_that_cannot_be_told_is_told_later_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    both = mill(first=Heartbeat(every_s=60, alert="First"), second=Heartbeat(every_s=60, alert="Second"))
    async with Story(both) as story:
        for name in ("first", "second"):
            await story.engine.beats.ping("mill", name, Word.SUCCESS)
        receive, refused = story.engine.intake.receive, [1]

        async def refuse_once(team: str | None, signals: Iterable[Signal]) -> None:
            if refused:
                refused.pop()
                raise Unavailable("not now")
            await receive(team, signals)

        monkeypatch.setattr(story.engine.intake, "receive", refuse_once)
        await story.advance("121s")
        assert await titles(story) == ["Second"]
        await story.advance("6s")
        assert sorted(await titles(story)) == ["First", "Second"]


async def test_an_unknown_one_is_told_so() -> None:
    async with Story(mill()) as story:
        with pytest.raises(NotFound):
            await story.engine.beats.ping("mill", "backup", Word.SUCCESS)


# ── an alert that always fires ───────────────────────────────────────────────────────────────────────────────────────

WATCH = Route(match={"alertname": "Watchdog"}, team="mill", heartbeat="prometheus")


async def sound(story: Story) -> None:
    until = story.clock.now() + timedelta(minutes=4)
    signal = Signal(labels={"alertname": "Watchdog", "prometheus": "main"}, ends_at=until)
    await story.engine.intake.receive("mill", [signal])


async def test_a_watchdog_is_a_beat_and_opens_nothing() -> None:
    async with Story(mill(prometheus=Heartbeat(every_s=120, alert="WheelStuck")), routes=(WATCH,)) as story:
        for _ in range(10):
            await sound(story)
            await story.advance("60s")
        assert await titles(story) == []
        await story.advance("119s")
        assert await titles(story) == []
        await story.advance("1s")
        assert await titles(story) == ["Wheel Stuck"]
        await sound(story)
        assert [row.firing for row in await story.store.alerts("mill") if row.name == "WheelStuck"] == [False]


async def test_a_watchdogs_repetitions_count_where_only_its_row_has_them() -> None:
    """An intake that knows an alert already may do no more than note its new end."""
    async with Story(mill(prometheus=Heartbeat(every_s=120, grace_s=0)), routes=(WATCH,)) as story:
        await sound(story)
        heard = story.engine.intake.watch

        async def deaf(team: str, heartbeat: str, row: object) -> None: ...

        story.engine.intake.watch = deaf
        for _ in range(10):
            await story.advance("60s")
            await sound(story)
        assert await titles(story) == []
        await story.advance("5m")
        assert len(await titles(story)) == 1
        await sound(story)
        await story.advance("11s")
        states = [beat.state for beat in await story.engine.beats.list_all()]
        assert states == [State.UP]
        story.engine.intake.watch = heard


# ── schedules ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cron", "zone", "heard", "due"),
    [
        ("0 3 * * *", "UTC", "2026-03-02T03:00:10+00:00", "2026-03-03T03:01:00+00:00"),
        ("0 3 * * *", "Europe/Berlin", "2026-03-02T02:00:10+00:00", "2026-03-03T02:01:00+00:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T02:00:00+00:00", "2026-03-29T01:01:00+00:00"),
        ("0 4 * * *", "Europe/Berlin", "2026-10-24T03:00:00+00:00", "2026-10-25T03:01:00+00:00"),
        ("0 12 * * 1", "Asia/Kolkata", "2026-03-02T06:30:10+00:00", "2026-03-09T06:31:00+00:00"),
    ],
)
def test_schedules_follow_the_clock_on_the_wall(cron: str, zone: str, heard: str, due: str) -> None:
    moment = datetime.fromisoformat(heard).astimezone(UTC)
    assert find_due(Heartbeat(cron=cron), zone, moment) == datetime.fromisoformat(due)


@given(st.integers(0, 10**9), st.sampled_from(["*/5 * * * *", "0 3 * * *", "30 2 * * 0", "15 1 1 * *"]))
def test_what_is_due_lies_ahead(seconds: int, cron: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert find_due(Heartbeat(cron=cron, grace_s=0), "Europe/Berlin", now) > now


@pytest.mark.parametrize(
    "heartbeat",
    [
        Heartbeat(),
        Heartbeat(every_s=60, cron="0 3 * * *"),
        Heartbeat(every_s=9),
        Heartbeat(every_s=60, grace_s=-1),
        Heartbeat(cron="whenever"),
        Heartbeat(cron="0 0 30 2 *"),
    ],
)
def test_settings_that_do_not_hold(heartbeat: Heartbeat) -> None:
    assert all(find_fault(heartbeat))
