"""The heartbeat that goes out stops as soon as anything is late, and says why; the made-up incident holds it back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tocsin.app.watch.heartbeat import Beating, Outgoing, ask_outside
from tocsin.app.watch.synthetic import Synthetic, SyntheticTable, Way
from tocsin.app.watch.unreached import Unreached
from tocsin.incident.commands import Acknowledge
from tocsin.testing.story import START, Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

pytestmark = pytest.mark.anyio

BEATING = Beating(url="http://127.0.0.1:1/beat", every_s=60, overdue_s=10)


class Monitor:
    """Whoever listens outside."""

    def __init__(self) -> None:
        self.heard = 0
        self.answer = ""

    async def ask(self, url: str) -> str:
        assert url == BEATING.url
        self.heard += not self.answer
        return self.answer


def send(story: Story, monitor: Monitor, look: str = "") -> Outgoing:
    return Outgoing(story.engine, lambda: BEATING, lambda: look, monitor.ask)


async def test_it_goes_out_while_everything_is_in_time(team: Cast) -> None:
    monitor = Monitor()
    async with Story(team) as story:
        outgoing = send(story, monitor)
        await story.alert("TillStuck")
        for _ in range(5):
            await outgoing.turn(BEATING)
            await story.advance("1m")
        assert (monitor.heard, outgoing.trouble) == (5, "")
        assert outgoing.tell_figures()[0].value == (story.clock.now() - timedelta(minutes=1)).timestamp()


async def test_it_stops_when_a_timer_does_not_fire(team: Cast) -> None:
    monitor = Monitor()
    async with Story(team) as story:
        outgoing = send(story, monitor)
        await story.alert("TillStuck")
        due = await story.store.next_due()
        assert due is not None
        story.clock.set(due + timedelta(seconds=11))
        await outgoing.turn(BEATING)
        assert (monitor.heard, outgoing.trouble) == (0, "overdue: 1 timer")
        await story.settle()
        await outgoing.turn(BEATING)
        assert (monitor.heard, outgoing.trouble) == (1, "")


async def test_it_stops_while_pages_wait_for_a_channel_that_is_out_of_order(team: Cast) -> None:
    monitor = Monitor()
    async with Story(team) as story:
        outgoing = send(story, monitor)
        story.recorder.broken = {"hook", "phone"}
        await story.alert("TillStuck")
        await story.advance("12s")
        await outgoing.turn(BEATING)
        assert monitor.heard == 0
        assert outgoing.trouble.startswith("overdue: 1 page for")
        story.recorder.broken.clear()
        await story.advance("35s")
        await outgoing.turn(BEATING)
        assert monitor.heard == 1


async def test_it_stops_while_somebody_cannot_be_called_since_every_channel_refuses(team: Cast) -> None:
    monitor = Monitor()
    async with Story(team) as story:
        outgoing = send(story, monitor)
        story.recorder.refusing = {"hook", "phone"}
        await story.alert("TillStuck")
        await story.advance("5s")
        await outgoing.turn(BEATING)
        assert monitor.heard == 1, "it is not late yet"
        await story.advance("6s")
        await outgoing.turn(BEATING)
        assert (monitor.heard, outgoing.trouble) == (
            1,
            "no channel took the pages to 1 responder who had to be called",
        )
        await story.advance("1h")
        await outgoing.turn(BEATING)
        assert outgoing.trouble == "no channel took the pages to 2 responders who had to be called"
        await story.do(Acknowledge(by="ana"))
        await outgoing.turn(BEATING)
        assert (monitor.heard, outgoing.trouble) == (2, "")


async def test_it_goes_out_where_another_channel_took_the_page(team: Cast) -> None:
    monitor = Monitor()
    async with Story(team) as story:
        outgoing = send(story, monitor)
        story.recorder.refusing = {"hook"}
        await story.alert("TillStuck")
        await story.advance("2m")
        await outgoing.turn(BEATING)
        assert (monitor.heard, outgoing.trouble) == (1, "")


async def test_who_is_asked_after_an_acknowledgement_in_one_commit_waits(team: Cast) -> None:
    def write(seq: int, event: e.Event) -> Entry:
        return Entry(stream="probe-1", seq=seq, at=START, recorded_at=START, event=event)

    asked = e.PageRequested(responder="ana", channel="hook", round=1, why="again")
    batch = [write(1, e.Acknowledged(by="bo", via="room")), write(2, asked)]
    async with Story(team) as story:
        unreached = Unreached(story.journal)
        unreached.hear_asked("probe-1", batch)
        unreached.hear_answered("probe-1", batch)
        assert unreached.count(START) == 1
        delivered = e.PageDelivered(answers=2, responder="ana", channel="hook")
        unreached.hear_answered("probe-1", [write(3, delivered)])
        assert unreached.count(START) == 0


async def test_it_stops_when_the_store_cannot_be_asked(team: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise OSError("disk")

    monitor = Monitor()
    async with Story(team) as story:
        outgoing = send(story, monitor)
        monkeypatch.setattr(story.store, "backlog", fail)
        await outgoing.turn(BEATING)
        assert (monitor.heard, outgoing.trouble) == (0, "the data could not be read (OSError)")


async def test_a_monitor_that_does_not_answer_is_trouble_too_and_its_address_is_told_to_nobody(team: Cast) -> None:
    assert await ask_outside("http://127.0.0.1:1/secret") == "the monitor did not answer (ConnectError)"
    assert "secret" not in await ask_outside("http://[/secret")


@pytest.mark.parametrize(
    ("name", "value", "url"),
    [
        ("", "", "http://127.0.0.1:99999/secret"),
        ("HTTP_PROXY", "odd://127.0.0.1:1", "http://monitor.invalid/secret"),
        ("SSL_CERT_FILE", "/nowhere/secret.pem", "https://127.0.0.1:1/secret"),
    ],
)
async def test_whatever_keeps_it_from_asking_is_trouble_and_ends_nothing(
    team: Cast, monkeypatch: pytest.MonkeyPatch, name: str, value: str, url: str
) -> None:
    if name:
        monkeypatch.setenv(name, value)
    async with Story(team) as story:
        outgoing = Outgoing(story.engine, lambda: BEATING, lambda: "")
        await outgoing.turn(replace(BEATING, url=url))
        assert outgoing.trouble.startswith("the monitor did not answer (")
        assert "secret" not in outgoing.trouble


async def test_an_asking_that_breaks_is_trouble_too(team: Cast) -> None:
    async def fail(url: str) -> str:
        raise ValueError(f"nothing to ask at {url}")

    async with Story(team) as story:
        outgoing = Outgoing(story.engine, lambda: BEATING, lambda: "", fail)
        await outgoing.turn(BEATING)
        assert outgoing.trouble == "the monitor could not be asked (ValueError)"


async def test_a_monitor_that_sends_it_elsewhere_did_not_take_it() -> None:
    async def send_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(send_on, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await ask_outside(f"http://127.0.0.1:{port}/beat") == "the monitor answered 302"


async def test_a_made_up_incident_that_fails_holds_it_back(team: Cast) -> None:
    monitor = Monitor()
    async with Story(team) as story:
        way = Way(table=SyntheticTable(team="probe", within_s=5), url="http://127.0.0.1:1/in/key/api/v2/alerts")
        synthetic = Synthetic(story.engine, lambda: way)
        await synthetic.turn(way)
        assert synthetic.trouble == "its alert was not taken (ConnectError)"
        figures = {extra.name: extra.value for extra in synthetic.tell_figures()}
        assert (figures["tocsin_synthetic_ok"], figures["tocsin_synthetic_failures"]) == (0, 1)
        outgoing = send(story, monitor, synthetic.trouble)
        await outgoing.turn(BEATING)
        assert (monitor.heard, outgoing.trouble) == (0, "its alert was not taken (ConnectError)")
