"""Alerts come as Prometheus sends them: when, how often, with which end, and in which form."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tocsin.drill.fault import ServerDown
from tocsin.drill.rules import RESOLVED_RETENTION, Phase, Rule, Standing, read_samples, total
from tocsin.drill.watcher import RULES, Watcher, increases, stamp
from tocsin.drill.wire import Answer, Listener, Request
from tocsin.drill.world import World

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RESEND = timedelta(seconds=5)
VALID = timedelta(seconds=20)
RULE = Rule(
    name="Down",
    expression="up == 0",
    holds=lambda samples: samples["up"] == 0,
    hold=timedelta(seconds=3),
    summary="It is down",
)


def replay(ups: str, *, retention: int = 0) -> list[tuple[int, str, int, int]]:
    """One evaluation a second for each letter (``d`` down, ``.`` up): (second, kind, start, end) of what was sent."""
    standing = Standing(RULE)
    sent = []
    for second, letter in enumerate(ups + "." * retention):
        now = START + timedelta(seconds=second)
        standing.evaluate({"up": float(letter == ".")}, now)
        alert = standing.due(now, RESEND, VALID)
        if alert:
            starts, ends = ((moment - START).seconds for moment in (alert.starts_at, alert.ends_at))
            sent.append((second, "resolved" if alert.resolved else "firing", starts, ends))
    return sent


@pytest.mark.parametrize(
    ("ups", "sent"),
    [
        ("....", []),
        ("ddd.", []),
        ("ddd.ddd.", []),
        ("dddd", [(3, "firing", 3, 23)]),
        ("dddddddddd", [(3, "firing", 3, 23), (8, "firing", 3, 28)]),
        ("dddd.", [(3, "firing", 3, 23), (4, "resolved", 3, 4)]),
        ("dddd......", [(3, "firing", 3, 23), (4, "resolved", 3, 4), (9, "resolved", 3, 4)]),
        ("dddd.dddd", [(3, "firing", 3, 23), (4, "resolved", 3, 4), (8, "firing", 8, 28)]),
    ],
)
def test_when_alerts_are_sent(ups: str, sent: list[tuple[int, str, int, int]]) -> None:
    assert replay(ups) == sent


def test_a_resolved_alert_is_sent_for_a_quarter_of_an_hour() -> None:
    sent = replay("dddd", retention=2000)
    assert {end for _, kind, _, end in sent if kind == "resolved"} == {4}
    assert sent[-1][0] <= 4 + RESOLVED_RETENTION.seconds
    assert sent[-1][0] > RESOLVED_RETENTION.seconds - 5


def test_reading_metrics_passes_over_what_is_none() -> None:
    text = '# HELP a b\n# TYPE a gauge\na 1\nb{x="y z"} 2.5\nbad\nworse nan?\n\nc{x="1"} 3\nc{x="2"} 4\n'
    samples = read_samples(text)
    assert samples == {"a": 1, 'b{x="y z"}': 2.5, 'c{x="1"}': 3, 'c{x="2"}': 4}
    assert total(samples, "c") == 7
    assert total(samples, "c", 'x="2"') == 4


@pytest.mark.parametrize(("errors", "fires"), [(0, False), (5, False), (6, True), (100, True)])
def test_the_error_rate_rule_takes_the_increase(errors: int, fires: bool) -> None:
    first = {'http_requests_total{method="GET",status="200"}': 1000.0}
    last = {
        'http_requests_total{method="GET",status="200"}': 1100.0 - errors,
        'http_requests_total{method="GET",status="503"}': float(errors),
    }
    rule = next(rule for rule in RULES if rule.name == "HighErrorRate")
    assert rule.holds(increases(first, last)) is fires
    assert rule.holds(increases(last, last)) is False
    assert rule.holds({"up": 0.0}) is False


def test_a_restarted_counter_is_not_a_decrease() -> None:
    assert increases({"c": 100.0}, {"c": 3.0}) == {"c:increase": 0.0}


def test_stamps_have_milliseconds_and_a_z() -> None:
    assert stamp(datetime(2026, 3, 1, 12, 0, 0, 123999, tzinfo=UTC)) == "2026-03-01T12:00:00.123Z"


class Receiver:
    """An Alertmanager that keeps what it is sent, and refuses the first ``refusals`` posts."""

    def __init__(self, refusals: int = 0) -> None:
        self.posts: list[tuple[datetime, Request]] = []
        self._refusals = refusals

    async def respond(self, request: Request) -> Answer:
        self.posts.append((datetime.now(UTC), request))
        return Answer(503 if len(self.posts) <= self._refusals else 200, {})

    def refuse(self, posts: int) -> None:
        """Refuse the next posts."""
        self._refusals = len(self.posts) + posts

    def alerts(self) -> list[tuple[datetime, dict[str, Any]]]:
        return [(at, alert) for at, request in self.posts for alert in msgspec.json.decode(request.body)]

    def repeats_its_end(self) -> bool:
        """Did the last two alerts end at the same moment, as only a resolved one does?"""
        ends = [alert["endsAt"] for _, alert in self.alerts()]
        return len(ends) > 1 and ends[-1] == ends[-2]


async def until(condition: Any, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def moment(text: str) -> datetime:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    return datetime.fromisoformat(text)


def test_bodies_are_what_an_alertmanager_takes(loop: asyncio.Runner, world: World) -> None:
    receiver = Receiver(refusals=1)
    quick = tuple(msgspec.structs.replace(rule, hold=timedelta(0)) for rule in RULES if rule.name == "ServerDown")

    async def drill() -> Watcher:
        fault = ServerDown(world)
        async with Listener(receiver.respond, body_limit=100_000) as listener:
            url = f"{listener.url}/in/KEY/api/v2/alerts"
            async with Watcher(world, url, rules=quick, interval=0.1, resend=0.3) as watcher:
                await fault.inject()
                await until(lambda: len(receiver.posts) >= 3)
                await fault.undo()
                await until(receiver.repeats_its_end)
        return watcher

    watcher = loop.run(drill())
    request = receiver.posts[0][1]
    assert (request.method, request.path) == ("POST", "/in/KEY/api/v2/alerts")
    assert request.fields["content-type"] == "application/json"

    alerts = receiver.alerts()
    end = alerts[-1][1]["endsAt"]
    resolved = [(at, alert) for at, alert in alerts if alert["endsAt"] == end]
    firing = [(at, alert) for at, alert in alerts if alert["endsAt"] != end]
    for _, alert in alerts:
        assert set(alert) == {"labels", "annotations", "startsAt", "endsAt", "generatorURL"}
        assert alert["labels"] == {"alertname": "ServerDown", "instance": "localhost:8080", "job": "shop"}
        assert set(alert["annotations"]) == {"summary"}
        assert alert["generatorURL"].startswith("http://localhost:9090/graph?g0.expr=up%7B")
    assert len({alert["startsAt"] for _, alert in alerts}) == 1, "one episode has one start"
    assert all(moment(alert["endsAt"]) - at <= timedelta(seconds=1.2) for at, alert in firing), "now + 4 × resend"
    assert all(moment(end) <= at for at, _ in resolved)
    state = watcher.state()
    assert state.dropped == 1, "the refused post is dropped, not repeated"
    assert state.alert_at is not None
    assert state.alert_at > receiver.posts[0][0]
    assert state.rules[0].phase is Phase.RESOLVED


def test_a_receiver_that_is_not_there_is_only_counted(loop: asyncio.Runner, world: World) -> None:
    always = (msgspec.structs.replace(RULE, holds=lambda _: True, hold=timedelta(0)),)

    async def drill() -> Watcher:
        async with Watcher(world, "http://127.0.0.1:1/", rules=always, interval=0.05, resend=0.1) as watcher:
            await until(lambda: watcher.state().dropped >= 2)
        return watcher

    state = loop.run(drill()).state()
    assert state.alert_at is None
    assert state.last_error


def test_calm_means_that_nothing_fires_and_the_receiver_knows_it(loop: asyncio.Runner, world: World) -> None:
    receiver = Receiver(refusals=1)
    broken = True
    rule = msgspec.structs.replace(RULE, holds=lambda _: broken, hold=timedelta(0))

    async def drill() -> None:
        nonlocal broken
        async with (
            Listener(receiver.respond, body_limit=100_000) as listener,
            Watcher(world, f"{listener.url}/", rules=(rule,), interval=0.05, resend=0.3) as watcher,
        ):
            await until(lambda: receiver.posts)
            assert await watcher.wait_until_calm(0.2) is False
            receiver.refuse(2)
            broken = False
            assert await watcher.wait_until_calm(60) is True
            assert [alert["endsAt"] <= stamp(at) for at, alert in receiver.alerts()][-1], "it was told the end"
            assert len(receiver.posts) >= 4, "and told again, since it refused to hear it"

    loop.run(drill())
