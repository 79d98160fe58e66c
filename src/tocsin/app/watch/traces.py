"""Traces: an incident's whole path as OpenTelemetry spans, sent by OTLP over HTTP to a collector of yours.

They are made from the timeline, beside the work and not in it: a page never waits for a collector. The ids come from
the incident's name and the entries' numbers, so that nodes of one record, and a server before and after a crash, write
to the same trace. What cannot be sent is kept for a while and then dropped; the timeline has it all.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from tocsin.app.watch.metrics import Extra
from tocsin.engine.journal import Journal
from tocsin.errors import Corrupt
from tocsin.incident.standing import find_team
from tocsin.review.path import ENDS, Span, find_spans
from tocsin.timeline.entry import Entry

if TYPE_CHECKING:  # takes long to load, and most servers send no traces
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

LOG = logging.getLogger("tocsin.traces")

EVERY_S, LONGEST_WAIT_S = 1.0, 60.0
TIMEOUT_S = 10.0
MOST_TOGETHER = 500
MOST_WAITING = 20_000
"""Entries whose spans are still to be sent; the oldest are dropped first."""
WORDY = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


class TracesTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[traces]`: `endpoint` takes OTLP over HTTP, as ``http://127.0.0.1:4318/v1/traces`` does. Headers that it wants
    are read from `OTEL_EXPORTER_OTLP_HEADERS`.
    """

    endpoint: str
    service: str = "tocsin"


class Traces:
    """Sends spans of what is appended here."""

    def __init__(self, journal: Journal, find: Callable[[], TracesTable | None], version: str) -> None:
        self._journal, self._find, self._version = journal, find, version
        self._waiting: deque[tuple[str, int]] = deque()
        self._open: tuple[TracesTable, SpanExporter, Resource] | None = None
        self._sent = self._lost = 0
        self.trouble = ""
        journal.listen(self.hear, own=True)

    def hear(self, stream: str, entries: Sequence[Entry]) -> None:
        """Remember which entries may end a span; this is on the way of every page."""
        if self._find() is None or find_team(stream) is not None:
            return
        self._waiting.extend((stream, entry.seq) for entry in entries if isinstance(entry.event, ENDS))
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._lost += 1

    async def run(self) -> None:
        """Send for ever what there is."""
        wait = EVERY_S
        try:
            while True:
                await asyncio.sleep(wait)
                try:
                    await self.turn()
                except Exception as error:
                    LOG.exception("Traces could not be sent; that is tried again")
                    self.trouble = f"could not be sent ({type(error).__name__})"
                wait = min(2 * wait, LONGEST_WAIT_S) if self.trouble else EVERY_S
        finally:
            if self._open is not None:
                self._open[1].shutdown()  # else a try that is under way would hold up the server's end

    async def turn(self) -> None:
        """Send what waits. What was refused waits on."""
        table = self._find()
        if table is None:
            self._waiting.clear()
            return
        while self._waiting:
            chosen = [self._waiting.popleft() for _ in range(min(MOST_TOGETHER, len(self._waiting)))]
            is_taken = False
            try:
                is_taken = await self._send(table, chosen)
            finally:
                if not is_taken:
                    self._waiting.extendleft(reversed(chosen))
            if not is_taken:
                return

    async def _send(self, table: TracesTable, chosen: Sequence[tuple[str, int]]) -> bool:
        wanted: dict[str, set[int]] = {}
        for stream, seq in chosen:
            wanted.setdefault(stream, set()).add(seq)
        found, lost = await self._find_all(wanted)
        trouble = await asyncio.to_thread(self._export, table, found)
        if trouble and not self.trouble:
            LOG.error("Traces: %s %s. They are kept for a while, and sent again.", show(table.endpoint), trouble)
        self.trouble = trouble
        if not trouble:
            self._sent += len(found)
            self._lost += lost
        return not trouble

    async def _find_all(self, wanted: dict[str, set[int]]) -> tuple[list[tuple[str, Span]], int]:
        """The spans, and how many entries cannot be read; these hold up no others."""
        found: list[tuple[str, Span]] = []
        lost = 0
        for stream, seqs in wanted.items():
            try:
                spans = await self._find_spans(stream)
            except Corrupt as error:
                LOG.warning("Traces: the timeline of %s cannot be read (%s); it is left out.", stream, error.code)
                lost += len(seqs)
            else:
                found += [(stream, span) for span in spans if span.seq in seqs]
        return found, lost

    async def _find_spans(self, stream: str) -> Sequence[Span]:
        """The spans of an incident; of a private one nothing leaves the house."""
        incident = await self._journal.incident(stream)
        return () if incident is None or incident.is_private else tuple(find_spans(await self._journal.entries(stream)))

    def _export(self, table: TracesTable, found: Sequence[tuple[str, Span]]) -> str:
        from opentelemetry.sdk.trace.export import SpanExportResult

        exporter, resource = self._find_exporter(table)
        result = exporter.export([spell(stream, span, resource) for stream, span in found])
        return "" if result is SpanExportResult.SUCCESS else f"did not take them within {TIMEOUT_S:g} s"

    def _find_exporter(self, table: TracesTable) -> tuple[SpanExporter, Resource]:
        if self._open is None or self._open[0] != table:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource

            logging.getLogger(WORDY).setLevel(logging.CRITICAL)  # it says each try; we say that it does not work
            resource = Resource.create({"service.name": table.service, "service.version": self._version})
            self._open = (table, OTLPSpanExporter(endpoint=table.endpoint, timeout=TIMEOUT_S), resource)
        return self._open[1], self._open[2]

    def tell_figures(self) -> list[Extra]:
        """How many, for `/metrics`."""
        if self._find() is None:
            return []
        return [
            Extra(name="tocsin_spans_sent", what="Spans that a collector took.", value=self._sent, counts=True),
            Extra(name="tocsin_spans_lost", what="Spans dropped untold.", value=self._lost, counts=True),
        ]


def show(endpoint: str) -> str:
    """An address without what may be secret in it: a user, a password, a token in its query."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def spell(stream: str, span: Span, resource: Resource) -> ReadableSpan:
    """A span as the exporter takes it."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

    trace = int.from_bytes(sha256(stream.encode()).digest()[:16])
    root = SpanContext(trace, _find_id(f"{stream} {span.life}"), is_remote=False, trace_flags=TraceFlags(1))
    is_root = span.name == "incident"
    own = SpanContext(
        trace, _find_id(f"{stream} {span.name} {span.seq}"), is_remote=False, trace_flags=root.trace_flags
    )
    return ReadableSpan(
        name=span.name,
        context=root if is_root else own,
        parent=None if is_root else root,
        resource=resource,
        attributes={f"tocsin.{name}": value for name, value in {"incident": stream, **span.about}.items()},
        status=Status(StatusCode.ERROR, span.failed) if span.failed else Status(StatusCode.OK),
        start_time=_count_ns(span.start),
        end_time=_count_ns(span.end),
    )


def _find_id(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8])


def _count_ns(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000
