"""The short way in says nothing that is not so: when a disk is slow, a beat unheard, or its answers are not read."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tocsin.alert.heartbeat import Heartbeat
from tocsin.alert.settings import Route
from tocsin.errors import Unavailable

from .conftest import Open
from .house import House, make_cast
from .test_direct import Line, alert, count_direct, spell

FAR = "2100-01-01T00:00:00Z"
PAST = "2026-01-01T00:00:00Z"

ways = pytest.mark.parametrize("direct", [False, True], ids=["ordinary", "direct"])


async def open_watched(open_house: Open) -> House:
    """A house whose Watchdog alert counts as a beat."""
    house = await open_house(make_cast(heartbeats={"prom": Heartbeat(every_s=600)}))
    route = Route(match={"alertname": "Watchdog"}, team="quorum", heartbeat="prom")
    house.story.shelf.settings = msgspec.structs.replace(house.story.shelf.settings, routes=(route,))
    await count_direct(house)
    return house


async def turn(times: int = 50) -> None:
    for _ in range(times):
        await asyncio.sleep(0.001)


async def test_a_wait_that_the_end_of_the_server_cuts_off_is_no_yes(
    open_house: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await open_watched(open_house)
    gate = asyncio.Event()

    async def slow(each: Any) -> None:
        await gate.wait()
        raise OSError("the disk is gone")

    monkeypatch.setattr(house.story.store, "write", slow)
    line = Line(house, direct=True)
    line.protocol.data_received(spell(alert("Watchdog")))
    assert line.is_taking
    await turn(20)
    line.protocol.shutdown()
    for task in list(line.state.tasks):  # as uvicorn does when its patience is over
        task.cancel()
    await turn(5)
    gate.set()
    assert b" 200 " not in line.wire.written
    assert line.wire.is_closing()


@ways
async def test_a_beat_that_cannot_be_written_now_is_to_be_sent_again(
    open_house: Open, monkeypatch: pytest.MonkeyPatch, direct: bool
) -> None:
    house = await open_watched(open_house)

    async def refuse(*_: Any) -> None:
        raise Unavailable("More is waiting to be written than the disk can take; send it again in a moment.")

    monkeypatch.setattr(house.desk.engine.intake, "watch", refuse)
    assert (await Line(house, direct=direct).say(spell(alert("Watchdog")))).startswith(b"HTTP/1.1 503")


@ways
async def test_a_beat_that_was_not_heard_is_heard_when_it_is_sent_again(
    open_house: Open, monkeypatch: pytest.MonkeyPatch, direct: bool
) -> None:
    house = await open_watched(open_house)
    intake, watch, failing = house.desk.engine.intake, house.desk.engine.intake.watch, [True]

    async def fail_once(*given: Any) -> None:
        if failing:
            failing.clear()
            raise OSError("the disk is full")
        await watch(*given)

    monkeypatch.setattr(intake, "watch", fail_once)
    for _ in range(2):
        await Line(house, direct=direct).say(spell(alert("Watchdog", endsAt=FAR)))
    assert [beat.name for beat in await house.desk.engine.beats.list_all()] == ["prom"]


@ways
async def test_who_reads_no_answers_is_made_to_wait(open_house: Open, direct: bool) -> None:
    house = await open_house()
    await count_direct(house)
    line, request = Line(house, direct=direct), spell(alert(endsAt=FAR))
    await line.say(request)
    before = len(line.wire.written)
    line.protocol.pause_writing()
    for _ in range(200):
        if not line.wire.is_paused:
            line.protocol.data_received(request)
        await asyncio.sleep(0)
    assert len(line.wire.written) == before
    line.protocol.resume_writing()
    await line.rest()


@ways
async def test_what_fires_while_its_end_is_on_its_way_to_the_disk_fires_after_it(
    open_house: Open, monkeypatch: pytest.MonkeyPatch, direct: bool
) -> None:
    house = await open_house()
    await count_direct(house)
    fires = spell(alert(endsAt=FAR))
    await Line(house, direct=direct).say(fires)
    gate, real = asyncio.Event(), house.desk.engine.journal.change_all

    async def slow(*given: Any, **named: Any) -> Any:
        await gate.wait()
        return await real(*given, **named)

    monkeypatch.setattr(house.desk.engine.journal, "change_all", slow)
    one, two = Line(house, direct=direct), Line(house, direct=direct)
    one.protocol.data_received(spell(alert(endsAt=PAST)))
    await turn()
    two.protocol.data_received(fires)
    await turn()
    assert not two.wire.written, "nothing is said before what came first is on disk"
    gate.set()
    await two.rest()
    await turn()
    assert two.wire.written.startswith(b"HTTP/1.1 200")
    assert [row.firing for row in await house.desk.engine.intake.alerts()] == [True]
    await one.rest()
