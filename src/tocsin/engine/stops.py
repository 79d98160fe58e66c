"""Who wants a running step stopped: heard from the timeline, whichever node wrote it, and told to what runs it.

A wish is about one run, which has the number of its intent: one that comes late stops nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tocsin.engine.contracts import Key
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

Stop = Callable[[str], None]
"""Is given the sentence that says who wants it."""
ENDS = (e.StepFinished, e.StepNotRun, e.StepInDoubt)


class Stops:
    """What is to be stopped, by stream and intent, until it has come to its end."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], str] = {}
        self._running: dict[tuple[str, int], list[Stop]] = {}

    def hear(self, stream: str, entries: Sequence[Entry]) -> None:
        """Take in what was written; whoever runs the step is told at once."""
        for event in (entry.event for entry in entries):
            if isinstance(event, e.StepStopAsked):
                because = f": {event.reason.rstrip('.')}" if event.reason else ""
                self._ask((stream, event.intent), f"{event.by} stopped it{because}.")
            elif isinstance(event, ENDS):
                self._asked.pop((stream, event.answers), None)

    def _ask(self, run: tuple[str, int], why: str) -> None:
        self._asked[run] = why
        for stop in tuple(self._running.get(run, ())):
            stop(why)

    def find(self, key: Key) -> str:
        """Why it is to be stopped; empty where nobody wants that."""
        return self._asked.get((key.stream, key.seq), "")

    @contextmanager
    def watch(self, key: Key, stop: Stop) -> Iterator[None]:
        """Have `stop` called once somebody wants it, at once if somebody did."""
        run = (key.stream, key.seq)
        self._running.setdefault(run, []).append(stop)
        try:
            if run in self._asked:
                stop(self._asked[run])
            yield
        finally:
            left = [each for each in self._running.pop(run) if each is not stop]
            if left:
                self._running[run] = left

    async def wait(self, key: Key) -> str:
        """Return why, once somebody wants it stopped."""
        wanted, said = asyncio.Event(), list[str]()

        def stop(why: str) -> None:
            said.append(why)
            wanted.set()

        with self.watch(key, stop):
            await wanted.wait()
        return said[0]
