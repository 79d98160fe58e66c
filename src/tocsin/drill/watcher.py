"""Stands in Prometheus' place: scrapes a world, evaluates its rules and posts alerts to an Alertmanager API v2 address.

As Prometheus does it: firing alerts are sent again and again with an end time in the near future, resolved ones with
the time at which they ended; a post that fails is dropped, and the next round is the retry.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
import msgspec

from tocsin.drill.rules import Alert, Phase, Rule, Samples, Standing, read_samples, total
from tocsin.drill.world import World

INTERVAL_SECONDS = 1.0
RESEND_SECONDS = 5.0
SCRAPE_SECONDS = 0.9
CALM_POLL = 0.05
POST_SECONDS = 10.0
"""Prometheus' own default for sending to an Alertmanager."""
WINDOW = 10
"""Scrapes over which rates are taken."""
BATCH = 256
QUEUE = 10_000
"""Alerts in a post, and alerts that wait, at most; the oldest give way. Prometheus' own figures."""
USER_AGENT = "tocsin-drill-watcher (in place of Prometheus)"


def _errors_over_all(samples: Samples) -> float:
    requests = total(samples, "http_requests_total:increase")
    return total(samples, "http_requests_total:increase", 'status="5') / requests if requests else 0.0


RULES = (
    Rule(
        name="DatabaseUnavailable",
        expression='shop_database_up{job="shop"} == 0',
        holds=lambda samples: samples.get("shop_database_up") == 0,
        hold=timedelta(seconds=3),
        summary="The order service gets no connection to its database",
    ),
    Rule(
        name="ServerDown",
        expression='up{job="shop"} == 0',
        holds=lambda samples: samples["up"] == 0,
        hold=timedelta(seconds=3),
        summary="The order service does not answer",
    ),
    Rule(
        name="HighErrorRate",
        expression='sum(rate(http_requests_total{job="shop",status=~"5.."}[10s])) / '
        'sum(rate(http_requests_total{job="shop"}[10s])) > 0.05',
        holds=lambda samples: _errors_over_all(samples) > 0.05,
        hold=timedelta(minutes=5),
        summary="More than 5 % of the order service's answers are errors",
    ),
)
"""The shop's rules. The last one waits five minutes: it speaks up only when the cause's own alert was not heeded."""


class RuleState(msgspec.Struct, frozen=True, kw_only=True):
    """Where one rule stands; ``since`` is when its condition began to hold."""

    name: str
    phase: Phase
    since: datetime | None
    fired_at: datetime | None


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What the watcher has seen and sent; ``alert_at`` is when a firing alert was first taken by the receiver."""

    rules: tuple[RuleState, ...]
    posts: int
    dropped: int
    last_error: str
    alert_at: datetime | None


class Watcher:
    """Evaluates each second. Use it as ``async with Watcher(world, url) as watcher``.

    ``url`` is the whole address, such as ``http://127.0.0.1:8420/in/KEY/api/v2/alerts``.
    """

    def __init__(
        self,
        world: World,
        url: str,
        *,
        rules: tuple[Rule, ...] = RULES,
        interval: float = INTERVAL_SECONDS,
        resend: float = RESEND_SECONDS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._world = world
        self._url = url
        self._rules = rules
        self._interval = timedelta(seconds=interval)
        self._resend = timedelta(seconds=resend)
        self._clock = clock
        self._queue: deque[Alert] = deque(maxlen=QUEUE)
        self._waiting = asyncio.Event()
        self._owed: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._standings = tuple(Standing(rule) for rule in self._rules)
        self._scrapes: deque[Samples] = deque(maxlen=WINDOW + 1)
        self.begin()

    def begin(self) -> None:
        """Begin a drill: figures and rates start anew, but an alert goes on firing until its cause is gone."""
        self._scrapes.clear()
        self._posts = self._dropped = 0
        self._last_error = ""
        self._alert_at: datetime | None = None

    async def wait_until_calm(self, seconds: float) -> bool:
        """Wait until no rule holds and the receiver knows it; False when it is not so within ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._is_calm():
                    await asyncio.sleep(CALM_POLL)
        return self._is_calm()

    def _is_calm(self) -> bool:
        quiet = all(each.phase in {Phase.INACTIVE, Phase.RESOLVED} for each in self._standings)
        return quiet and not self._queue and not self._owed

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def state(self) -> Watch:
        """What is known at this moment."""
        return Watch(
            rules=tuple(
                RuleState(name=each.rule.name, phase=each.phase, since=each.active_at, fired_at=each.fired_at)
                for each in self._standings
            ),
            posts=self._posts,
            dropped=self._dropped,
            last_error=self._last_error,
            alert_at=self._alert_at,
        )

    async def _watch(self) -> None:
        async with (
            httpx.AsyncClient(trust_env=False, headers={"User-Agent": USER_AGENT}) as client,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._evaluate(client))
            tasks.create_task(self._deliver(client))

    async def _evaluate(self, client: httpx.AsyncClient) -> None:
        loop = asyncio.get_running_loop()
        valid = 4 * max(self._interval, self._resend)
        while True:
            began = loop.time()
            samples = await self._scrape(client)
            now = self._clock()
            for standing in self._standings:
                standing.evaluate(samples, now)
                if alert := standing.due(now, self._resend, valid):
                    self._owed.add(alert.rule.name)
                    self._queue.append(alert)
                    self._waiting.set()
            await asyncio.sleep(max(0.0, self._interval.total_seconds() - (loop.time() - began)))

    async def _scrape(self, client: httpx.AsyncClient) -> Samples:
        try:
            answer = await client.get(f"{self._world.url}/metrics", timeout=SCRAPE_SECONDS)
            answer.raise_for_status()
        except httpx.HTTPError:
            self._scrapes.clear()
            return {"up": 0.0}
        self._scrapes.append(read_samples(answer.text))
        return {"up": 1.0, **self._scrapes[-1], **increases(self._scrapes[0], self._scrapes[-1])}

    async def _deliver(self, client: httpx.AsyncClient) -> None:
        """Post what waits, one batch after the other, so that a resolved alert never overtakes a firing one."""
        while await self._waiting.wait():
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            if batch:
                await self._post(client, batch)
            else:
                self._waiting.clear()

    async def _post(self, client: httpx.AsyncClient, alerts: list[Alert]) -> None:
        body = msgspec.json.encode([render(alert, self._world.instance) for alert in alerts])
        self._posts += 1
        try:
            headers = {"Content-Type": "application/json"}
            answer = await client.post(self._url, content=body, headers=headers, timeout=POST_SECONDS)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            self._dropped += len(alerts)
            self._last_error = str(error)[:200] or type(error).__name__
            return
        self._owed.difference_update(alert.rule.name for alert in alerts)
        if self._alert_at is None and not all(alert.resolved for alert in alerts):
            self._alert_at = self._clock()


def increases(first: Samples, last: Samples) -> dict[str, float]:
    """How far each counter has come between two scrapes, as series ``NAME:increase{LABELS}``; never negative."""
    grown = {}
    for series, value in last.items():
        name, brace, labels = series.partition("{")
        grown[f"{name}:increase{brace}{labels}"] = max(0.0, value - first.get(series, 0.0))
    return grown


def render(alert: Alert, instance: str) -> dict[str, Any]:
    """An alert as the Alertmanager API v2 takes it: no severity label, as this team's rules set none."""
    return {
        "labels": {"alertname": alert.rule.name, "instance": instance, "job": "shop"},
        "annotations": {"summary": alert.rule.summary},
        "startsAt": stamp(alert.starts_at),
        "endsAt": stamp(alert.ends_at),
        "generatorURL": f"http://localhost:9090/graph?g0.expr={quote(alert.rule.expression, safe='')}&g0.tab=1",
    }


def stamp(moment: datetime) -> str:
    """RFC 3339 with milliseconds and ``Z``, as Prometheus writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
