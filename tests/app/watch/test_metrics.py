"""`/metrics`: a late timer, a page that waits and a page that arrived are seen in it, and no names are."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from tocsin.app.watch import metrics
from tocsin.app.watch.heartbeat import tell_overdue
from tocsin.app.watch.metrics import Meter
from tocsin.engine.contracts import Tally
from tocsin.engine.loop import Engine
from tocsin.errors import Corrupt
from tocsin.incident.commands import Acknowledge
from tocsin.store.beats import Beats
from tocsin.testing.story import Cast, Story
from tocsin.words import Mode

pytestmark = pytest.mark.anyio


async def measure(meter: Meter) -> dict[tuple[str, ...], float]:
    """The samples, by name and the values of their labels."""
    body, form = await meter.spell("")
    assert form.startswith("text/plain")
    families = text_string_to_metric_families(body.decode())
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


async def test_what_became_of_pages_and_how_soon(team: Cast) -> None:
    async with Story(team) as story:
        meter = Meter(story.engine, "1.2.3")
        await story.alert("TillStuck")
        await story.advance("5m")
        found = await measure(meter)
        sent = len(story.pages())
        assert sent >= 2
        assert sum(value for name, value in found.items() if name[0] == "tocsin_pages_total") == sent
        assert found["tocsin_page_lag_seconds_count",] == sent
        assert found["tocsin_page_lag_seconds_bucket", "0.01"] == sent
        assert found["tocsin_incidents", "active", "probe"] == 1
        assert found["tocsin_alerts_firing", "probe"] == 1
        assert found["tocsin_build", "1.2.3"] == 1
        assert found["tocsin_engine_up",] == 1
        assert found["tocsin_overdue_timers",] == 0
        await story.do(Acknowledge(by="ana"))
        found = await measure(meter)
        assert found["tocsin_incidents", "acknowledged", "probe"] == 1
        assert found["tocsin_timeline_entries_total", "acknowledged"] == 1


async def test_a_timer_that_does_not_fire_is_overdue(team: Cast) -> None:
    async with Story(team) as story:
        meter = Meter(story.engine, "1")
        await story.alert("TillStuck")
        due = await story.store.next_due()
        assert due is not None
        story.clock.set(due)
        assert (await measure(meter))["tocsin_overdue_timers",] == 0, "it is due at this moment, and not late"
        story.clock.set(due + timedelta(seconds=60))
        found = await measure(meter)
        assert (found["tocsin_overdue_timers",], found["tocsin_overdue_timer_seconds",]) == (1, 60)
        assert tell_overdue(await story.store.backlog(story.clock.now())) == "overdue: 1 timer"
        await story.settle()
        assert (await measure(meter))["tocsin_overdue_timers",] == 0


async def test_a_channel_out_of_order_has_a_queue_and_its_pages_have_a_lag(team: Cast) -> None:
    async with Story(team) as story:
        meter = Meter(story.engine, "1")
        story.recorder.broken = {"hook", "phone"}
        await story.alert("TillStuck")
        await story.advance("40s")
        found = await measure(meter)
        assert found["tocsin_destination_broken_seconds", "channel:hook"] >= 35
        assert sum(value for name, value in found.items() if name[0] == "tocsin_queue_depth") >= 1
        backlog = await story.store.backlog(story.clock.now())
        assert tell_overdue(backlog, {"channel:hook"}) == "overdue: 1 page for hook"
        story.recorder.broken.clear()
        await story.advance("10s")
        found = await measure(meter)
        assert ("tocsin_destination_broken_seconds", "channel:hook") not in found
        assert found["tocsin_page_lag_seconds_count",] >= 1
        assert found["tocsin_page_lag_seconds_sum",] >= 30


async def test_a_page_decided_before_a_crash_counts_from_its_decision(team: Cast) -> None:
    async with Story(team) as story:
        story.recorder.broken = {"hook", "phone"}
        await story.alert("TillStuck")
        await story.engine.dispatch.stop()
        story.engine = Engine(story.journal, story.clock, (story.recorder,), beats=Beats(story.store))
        await story.engine.start()
        meter = Meter(story.engine, "1")
        story.recorder.broken.clear()
        story.clock.set(story.clock.now() + timedelta(seconds=31))
        await story.settle()
        assert [page.responder for page in story.pages()] == ["ana"]
        found = await measure(meter)
        assert found["tocsin_page_lag_seconds_count",] == 1
        assert found["tocsin_page_lag_seconds_sum",] == 31


async def test_no_names_and_both_of_prometheus_forms(team: Cast) -> None:
    async with Story(team) as story:
        meter = Meter(story.engine, "1")
        await story.alert("TillStuck", host="secret-host")
        plain, _ = await meter.spell("text/plain")
        open_metrics, form = await meter.spell("application/openmetrics-text; version=1.0.0")
        assert form.startswith("application/openmetrics-text")
        assert open_metrics.endswith(b"# EOF\n")
        for body in (plain, open_metrics):
            assert not any(name in body for name in (b"ana", b"TillStuck", b"secret-host", b"probe-1"))


async def test_those_who_ask_at_once_ask_the_store_once(team: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(team) as story:
        meter = Meter(story.engine, "1")
        asked: list[None] = []
        tally = story.store.tally

        async def count() -> Tally:
            asked.append(None)
            return await tally()

        monkeypatch.setattr(story.store, "tally", count)
        answers = await asyncio.gather(*(meter.spell("") for _ in range(20)))
        assert len(asked) == 1
        assert len(set(answers)) == 1
        await meter.spell("")
        assert len(asked) == 2, "nobody is told what was so before"


async def test_one_who_asks_after_an_answer_that_failed_is_answered(
    team: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> Tally:
        raise OSError("the database is away")

    async with Story(team) as story:
        meter = Meter(story.engine, "1")
        with monkeypatch.context() as patch:
            patch.setattr(story.store, "tally", fail)
            found = await asyncio.gather(*(meter.spell("") for _ in range(3)), return_exceptions=True)
            assert all(isinstance(each, OSError) for each in found)
        assert (await measure(meter))["tocsin_build", "1"] == 1


async def test_a_timeline_that_cannot_be_read_leaves_all_other_figures(
    team: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Corrupt("broken")

    async with Story(team) as story:
        story.recorder.broken = {"hook", "phone"}
        await story.alert("TillStuck")
        meter = Meter(story.engine, "1")
        story.recorder.broken.clear()
        await story.advance("1m")
        assert story.pages()
        monkeypatch.setattr(story.journal, "entries", fail)
        assert (await measure(meter))["tocsin_engine_up",] == 1


async def test_what_it_remembers_is_bounded_where_nothing_is_ever_delivered(
    team: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MOST_ASKED", 3)
    async with Story(replace(team, mode=Mode.SHADOW)) as story:
        meter = Meter(story.engine, "1")
        for _ in range(8):
            await story.declare("Till stuck")
        assert len(meter._opened) <= 3
