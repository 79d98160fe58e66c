"""The made-up incident: it says whether pages arrive now, touches nothing real, and leaves nothing open."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import httpx
import pytest

from tocsin.alert.signal import Signal
from tocsin.app.watch import synthetic as module
from tocsin.app.watch.synthetic import NODE, RUN, Synthetic, SyntheticTable, Way
from tocsin.incident.commands import Acknowledge
from tocsin.testing.story import Cast, Story

pytestmark = pytest.mark.anyio

WAY = Way(table=SyntheticTable(team="probe", within_s=5, labels={"alertname": "TillStuck"}), url="http://here")


class Ground:
    """A story whose own intake takes the alert without a socket, and whose waiting lets its clock go on."""

    def __init__(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        self.story, self.acknowledges = story, False
        self._sleep = asyncio.sleep
        monkeypatch.setattr(module, "_post", self.post)
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    async def post(
        self, client: httpx.AsyncClient, url: str, labels: dict[str, str], start: datetime, end: datetime
    ) -> str:
        fires = end > self.story.clock.now()
        signal = Signal(labels=labels, starts_at=start, ends_at=end, resolved=not fires)
        await self.story.engine.intake.receive("probe", [signal])
        await self.story.settle()
        if self.acknowledges and fires:
            for card in await self.story.store.cards(open_only=True):
                await self.story.do(Acknowledge(by="ana", via="hook"), card.id)
        return ""

    async def sleep(self, wait_s: float) -> None:
        if wait_s == module.LOOK_EVERY_S:
            await self.story.advance("1s")
        await self._sleep(0)

    def make(self, node: str = "") -> Synthetic:
        return Synthetic(self.story.engine, lambda: WAY, node)

    async def count_open(self) -> int:
        return len(await self.story.store.cards(open_only=True))


async def test_a_round_that_is_paged_leaves_nothing_open(team: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(team) as story:
        ground = Ground(story, monkeypatch)
        synthetic = ground.make()
        for _ in range(3):
            await synthetic.turn(WAY)
            await story.advance("10m")
        assert (synthetic.trouble, await ground.count_open(), len(story.pages())) == ("", 0, 3)


@pytest.mark.parametrize("acknowledges", [False, True])
async def test_a_real_incident_that_its_alert_joins_is_left_alone(
    team: Cast, monkeypatch: pytest.MonkeyPatch, acknowledges: bool
) -> None:
    async with Story(team) as story:
        ground = Ground(story, monkeypatch)
        ground.acknowledges = acknowledges
        real = await story.alert("TillStuck", host="till-7")
        synthetic = ground.make()
        await synthetic.turn(WAY)
        incident = await story.incident(real)
        assert incident.is_open
        assert synthetic.trouble == (
            f"its alert joined incident {incident.number}, which is a real one; give it a team of its own"
        )
        await synthetic.turn(WAY)
        assert (await story.incident(real)).is_open


async def test_a_page_of_an_earlier_round_proves_nothing(team: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(team) as story:
        ground = Ground(story, monkeypatch)
        synthetic = ground.make()

        async def keep_open(*_: object) -> str:
            return ""

        monkeypatch.setattr(synthetic, "_end", keep_open)
        await synthetic.turn(WAY)
        assert (synthetic.trouble, await ground.count_open()) == ("", 1)
        story.recorder.broken = {"hook", "phone"}
        await story.advance("10m")
        await synthetic.turn(WAY)
        assert synthetic.trouble.startswith("no page was delivered")


async def test_a_round_that_breaks_leaves_nothing_open(team: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise OSError("the database is away for a moment")

    async with Story(team) as story:
        ground = Ground(story, monkeypatch)
        synthetic = ground.make()
        monkeypatch.setattr(synthetic, "_wait", fail)
        await synthetic.turn(WAY)
        assert "OSError" in synthetic.trouble
        assert await ground.count_open() == 0
        sent = len(story.pages())
        await story.advance("30m")
        assert len(story.pages()) == sent


async def test_a_round_that_is_cut_off_leaves_nothing_open(team: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(team) as story:
        ground = Ground(story, monkeypatch)
        synthetic = ground.make()
        reached = asyncio.Event()

        async def wait_long(*_: object) -> None:
            reached.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(synthetic, "_wait", wait_long)
        task = asyncio.create_task(synthetic.turn(WAY))
        await reached.wait()
        assert await ground.count_open() == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ground.count_open() == 0


async def fire(story: Story, **labels: str) -> str:
    signal = Signal(labels={"alertname": "TillStuck", **labels}, starts_at=story.clock.now())
    await story.engine.intake.receive("probe", [signal])
    await story.settle()
    return (await story.store.cards())[0].id


async def test_what_a_server_that_was_killed_has_left_is_closed_first(
    team: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Story(team) as story:
        ground = Ground(story, monkeypatch)
        left = await fire(story, **{RUN: "earlier"})
        await story.do(Acknowledge(by="ana"), left)
        synthetic = ground.make()
        await synthetic.turn(WAY)
        assert (synthetic.trouble, await ground.count_open(), len(await story.store.cards())) == ("", 0, 2)


async def test_another_nodes_round_is_waited_for(team: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(team) as story:
        ground = Ground(story, monkeypatch)
        other, began = await fire(story, **{RUN: "now", NODE: "two"}), story.clock.now()
        synthetic = ground.make("one")
        await synthetic.turn(WAY)
        incident = await story.incident(other)
        assert incident.resolved_at is not None
        assert incident.resolved_at - began >= timedelta(seconds=5), "it was over by then"
        assert (synthetic.trouble, await ground.count_open()) == ("", 0)
        alerts = [
            state.seen.labels.get(NODE)
            for card in await story.store.cards()
            for state in (await story.incident(card.id)).alerts.values()
        ]
        assert sorted(alerts, key=str) == ["one", "two"]
