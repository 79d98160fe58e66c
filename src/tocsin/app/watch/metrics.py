"""What `/metrics` says, in Prometheus' words: is anything late, does every page arrive, how soon.

What this node did since it began is counted as it is appended; what there is is asked of the store when somebody looks,
so that all nodes of one record say the same of it. No name of a person, an incident or an alert is in it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from prometheus_client import PROCESS_COLLECTOR, CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder

from tocsin.engine.contracts import Backlog, Tally
from tocsin.engine.loop import Engine
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

LOG = logging.getLogger("tocsin.metrics")

OVERDUE_S = 2.0
"""What is due may be on its way for so long before it counts as overdue: eight looks of the loop."""
LAGS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
MOST_ASKED = 20_000
MOST_UNKNOWN = 1000
SHARED_S = 1.0
"""How old an answer may be that is shared."""

RESULTS: dict[type[e.Event], str] = {
    e.PageDelivered: "delivered",
    e.PageFailed: "failed",
    e.PageWithheld: "withheld",
}
STEPS: dict[type[e.Event], str] = {e.StepNotRun: "not_run", e.StepInDoubt: "in_doubt", e.StepForbidden: "forbidden"}
DUTIES: dict[type[e.Event], str] = {
    e.ObligationMet: "met",
    e.ObligationLate: "late",
    e.ObligationWaived: "waived",
    e.ObligationDropped: "dropped",
}


class Request(msgspec.Struct, frozen=True, gc=False):
    """When a page was decided, and how many seconds late that was."""

    at: datetime
    late_s: int


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that another part of the server keeps: a gauge, or with `counts` a counter."""

    name: str
    what: str
    value: float
    counts: bool = False


class Meter:
    """Counts what is appended here, and asks what there is."""

    def __init__(self, engine: Engine, version: str) -> None:
        self._engine, self._version = engine, version
        self._kinds: Counter[type[e.Event]] = Counter()
        self._pages: Counter[tuple[str, str]] = Counter()
        self._steps: Counter[str] = Counter()
        self._asked: dict[tuple[str, str], Request] = {}
        self._opened: dict[str, None] = {}
        self._unknown: list[tuple[str, int]] = []
        self._lags, self._lag_sum = [0] * (len(LAGS_S) + 1), 0.0
        self._measuring, self._measured_at = asyncio.Lock(), -math.inf
        self._measured: list[Metric] = []
        self.extras: list[Extra] = []
        engine.journal.listen(self.hear, own=True)

    def hear(self, stream: str, entries: Sequence[Entry]) -> None:
        """Count new entries; this is on the way of every page, so it counts and nothing else."""
        for entry in entries:
            event = entry.event
            self._kinds[type(event)] += 1
            if isinstance(event, e.IncidentOpened):
                self._note_opened(stream)
            elif isinstance(event, e.PageRequested) and stream in self._opened:
                self._asked.setdefault((stream, event.responder), Request(entry.recorded_at, event.late_s))
            elif isinstance(event, e.PageDelivered | e.PageFailed | e.PageWithheld):
                self._hear_outcome(stream, entry, event)
            elif isinstance(event, e.StepFinished):
                self._steps["failed" if event.exit_code else "succeeded"] += 1
            elif result := STEPS.get(type(event)):
                self._steps[result] += 1

    def _note_opened(self, stream: str) -> None:
        if len(self._opened) >= MOST_ASKED:  # their timelines are asked, as those that were opened elsewhere
            self._opened.clear()
            self._asked.clear()
        self._opened[stream] = None

    def _hear_outcome(self, stream: str, entry: Entry, event: e.PageDelivered | e.PageFailed | e.PageWithheld) -> None:
        repeat = isinstance(event, e.PageDelivered) and event.repeat
        self._pages[event.channel, "repeated" if repeat else RESULTS[type(event)]] += 1
        if isinstance(event, e.PageFailed):
            return  # whoever was not reached is still to be reached
        asked = self._asked.pop((stream, event.responder), None)
        if isinstance(event, e.PageWithheld):
            return
        if asked is not None:
            self._note_lag(asked, entry.recorded_at)
        elif len(self._unknown) < MOST_UNKNOWN:  # it was decided by another node, or before this one began
            self._unknown.append((stream, entry.seq))

    def _note_lag(self, asked: Request, delivered_at: datetime) -> None:
        lag = max(0.0, (delivered_at - asked.at).total_seconds() + asked.late_s)
        self._lags[bisect_left(LAGS_S, lag)] += 1
        self._lag_sum += lag

    async def spell(self, accept: str) -> tuple[bytes, str]:
        """Everything, in the form that whoever asks takes, and what that form is called.

        Whoever asks while another is being answered shares that answer: many who ask at once ask the store once.
        """
        waited = self._measuring.locked()
        async with self._measuring:
            age_s = time.monotonic() - self._measured_at
            if not waited or age_s > SHARED_S:
                self._measured = await self._measure()
                self._measured_at = time.monotonic()
            encode, form = choose_encoder(accept)
            registry = CollectorRegistry(auto_describe=False)
            registry.register(_Families(self._measured))
            return encode(registry), form

    async def _measure(self) -> list[Metric]:
        await self._look_up()
        now = self._engine.clock.now()
        store = self._engine.journal.store
        backlog = await store.backlog(now - timedelta(seconds=OVERDUE_S))
        return [
            *self._tell(),
            *_tell_backlog(backlog, now),
            *_tell_tally(await store.tally()),
            *self._tell_extras(),
            *PROCESS_COLLECTOR.collect(),
        ]

    async def _look_up(self) -> None:
        """Find when those pages were decided of which this node did not know it; what cannot be read is left out."""
        unknown, self._unknown = self._unknown, []
        for stream, seq in unknown:
            try:
                entries = (await self._engine.journal.entries(stream))[:seq]
            except Exception as error:  # noqa: BLE001 one timeline must not keep all other figures from whoever asks
                LOG.warning("How late a page of %s was is not known (%s).", stream, type(error).__name__)
                continue
            asked = find_request(entries)
            if asked is not None:
                self._note_lag(asked, entries[-1].recorded_at)

    def _tell(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("tocsin_build", "Always 1; the version that runs.", labels=["version"])
        info.add_metric([self._version], 1)
        yield info
        yield _count("tocsin_timeline_entries", "Entries appended by this node.", "kind", _name(self._kinds))
        pages = CounterMetricFamily("tocsin_pages", "What became of pages.", labels=["channel", "result"])
        for (channel, result), many in sorted(self._pages.items()):
            pages.add_metric([channel, result], many)
        yield pages
        yield _count("tocsin_steps", "What became of steps.", "result", self._steps)
        duties = {name: self._kinds[kind] for kind, name in DUTIES.items()}
        yield _count("tocsin_obligations", "Promises of playbooks, by what became of them.", "result", duties)
        yield self._tell_lags()
        sick = GaugeMetricFamily("tocsin_engine_up", "1 while the engine turns; at 0 pages are late.")
        sick.add_metric([], float(not self._engine.is_sick))
        yield sick
        now, what = self._engine.clock.now(), "How long each has been out of order that is."
        broken = GaugeMetricFamily("tocsin_destination_broken_seconds", what, labels=["destination"])
        for destination, since in self._engine.dispatch.breakers.list_open():
            broken.add_metric([destination], _since(since, now))
        yield broken

    def _tell_lags(self) -> Metric:
        buckets, total = [], 0
        for bound, many in zip((*map(str, LAGS_S), "+Inf"), self._lags, strict=True):
            total += many
            buckets.append((bound, total))
        what = "From when a responder was to be called until one of their channels took the page."
        family = HistogramMetricFamily("tocsin_page_lag_seconds", what)
        family.add_metric([], buckets, self._lag_sum)
        return family

    def _tell_extras(self) -> Iterator[Metric]:
        for extra in self.extras:
            family = (CounterMetricFamily if extra.counts else GaugeMetricFamily)(extra.name, extra.what)
            family.add_metric([], extra.value)
            yield family


def find_request(entries: Sequence[Entry]) -> Request | None:
    """When the responder whom the last of `entries` reached was to be called first, since they were reached before."""
    reached = entries[-1].event if entries else None
    if not isinstance(reached, e.PageDelivered):
        return None
    found: Request | None = None
    for entry in entries[:-1]:
        match entry.event:
            case e.PageRequested(responder=reached.responder, late_s=late_s) if found is None:
                found = Request(entry.recorded_at, late_s)
            case e.PageDelivered(responder=reached.responder) | e.PageWithheld(responder=reached.responder):
                found = None
    return found


class _Families:
    """What was found, as the library asks for it."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Sequence[Metric]:
        return self._families


def _name(kinds: Counter[type[e.Event]]) -> dict[str, int]:
    return {str(kind.__struct_config__.tag): many for kind, many in kinds.items()}


def _count(name: str, what: str, label: str, found: dict[str, int] | Counter[str]) -> Metric:
    family = CounterMetricFamily(name, what, labels=[label])
    for value, many in sorted(found.items()):
        family.add_metric([value], many)
    return family


def _tell_backlog(backlog: Backlog, now: datetime) -> Iterator[Metric]:
    overdue = GaugeMetricFamily("tocsin_overdue_timers", f"Timers that should have fired {OVERDUE_S:g} s ago.")
    overdue.add_metric([], backlog.wakes)
    yield overdue
    oldest = GaugeMetricFamily("tocsin_overdue_timer_seconds", "How late the latest of them is.")
    oldest.add_metric([], _since(backlog.oldest, now))
    yield oldest
    for name, what, find in (
        ("tocsin_queue_depth", "Pages and steps that wait, by destination.", lambda queue: queue.waiting),
        ("tocsin_queue_in_flight", "Those that are being carried.", lambda queue: queue.handed_out),
        ("tocsin_queue_oldest_seconds", "How long the oldest is overdue.", lambda queue: _since(queue.oldest, now)),
    ):
        yield _of_queues(name, what, {queue.destination: float(find(queue)) for queue in backlog.queues})


def _of_queues(name: str, what: str, found: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=["destination"])
    for destination, value in found.items():
        family.add_metric([destination], value)
    return family


def _since(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())


def _tell_tally(tally: Tally) -> Iterator[Metric]:
    incidents = GaugeMetricFamily("tocsin_incidents", "Incidents, by team and status.", labels=["team", "status"])
    for (team, status), many in sorted(tally.incidents.items()):
        incidents.add_metric([team, status], many)
    yield incidents
    firing = GaugeMetricFamily("tocsin_alerts_firing", "Alerts that fire, by team.", labels=["team"])
    for team, many in sorted(tally.firing.items()):
        firing.add_metric([team], many)
    yield firing
