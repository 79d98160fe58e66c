"""Traces: what cannot be read for now is kept, what cannot be read at all holds up nothing, and no secret is told."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from tocsin.app.watch.metrics import Extra
from tocsin.app.watch.traces import Traces, TracesTable
from tocsin.errors import Corrupt, WrittenByNewer
from tocsin.review.path import Span
from tocsin.testing.story import Cast, Story
from tocsin.timeline.entry import Entry

pytestmark = pytest.mark.anyio

TABLE = TracesTable(endpoint="http://user:secret@collector.invalid/v1/traces?token=secret")


class Collector:
    """What takes the spans, in place of the exporter."""

    def __init__(self) -> None:
        self.answer = ""
        self.found: list[tuple[str, Span]] = []

    def take(self, table: TracesTable, found: Sequence[tuple[str, Span]]) -> str:
        self.found += [] if self.answer else found
        return self.answer


def trace(story: Story, monkeypatch: pytest.MonkeyPatch) -> tuple[Traces, Collector]:
    collector = Collector()
    traces = Traces(story.journal, lambda: TABLE, "1")
    monkeypatch.setattr(traces, "_export", collector.take)
    return traces, collector


def count(traces: Traces) -> dict[str, float]:
    extras: list[Extra] = traces.tell_figures()
    return {extra.name: extra.value for extra in extras}


async def test_what_cannot_be_read_for_now_is_sent_later(team: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> list[Entry]:
        raise OSError("the database is away")

    async with Story(team) as story:
        traces, collector = trace(story, monkeypatch)
        await story.alert("TillStuck")
        with monkeypatch.context() as patch, pytest.raises(OSError, match="away"):
            patch.setattr(story.journal, "entries", fail)
            await traces.turn()
        await traces.turn()
        assert {span.name for _, span in collector.found} >= {"alert", "page"}
        assert count(traces)["tocsin_spans_lost"] == 0


@pytest.mark.parametrize("error", [Corrupt("broken"), WrittenByNewer("newer")])
async def test_a_timeline_that_cannot_be_read_holds_up_no_other(
    team: Cast, monkeypatch: pytest.MonkeyPatch, error: Corrupt
) -> None:
    async with Story(team) as story:
        traces, collector = trace(story, monkeypatch)
        broken = await story.alert("TillStuck")
        good = await story.declare("Till stuck")
        read = story.journal.entries

        async def read_some(stream: str, after_seq: int = 0) -> list[Entry]:
            if stream == broken:
                raise error
            return await read(stream, after_seq)

        monkeypatch.setattr(story.journal, "entries", read_some)
        await traces.turn()
        assert {stream for stream, _ in collector.found} == {good}
        assert count(traces)["tocsin_spans_lost"] > 0
        lost = count(traces)["tocsin_spans_lost"]
        await traces.turn()
        assert count(traces)["tocsin_spans_lost"] == lost


async def test_the_collectors_password_is_told_to_nobody(
    team: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with Story(team) as story:
        traces, collector = trace(story, monkeypatch)
        collector.answer = "did not take them"
        await story.alert("TillStuck")
        with caplog.at_level(logging.ERROR):
            await traces.turn()
    assert "http://collector.invalid/v1/traces did not take them" in caplog.text
    assert "secret" not in caplog.text
