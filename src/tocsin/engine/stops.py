"""Who wants a running step stopped: heard from the timeline, whichever node wrote it, and told to what runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

Stop = Callable[[str], None]
"""Is given the sentence that says who wants it."""
ENDS = (e.StepFinished, e.StepNotRun, e.StepInDoubt)


class Stops:
    """What is to be stopped, by incident and step, until it has come to its end."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str], str] = {}
        self._running: dict[tuple[str, str], list[Stop]] = {}

    def hear(self, stream: str, entries: Sequence[Entry]) -> None:
        """Take in what was written; whoever runs the step is told at once."""
        for event in (entry.event for entry in entries):
            if isinstance(event, e.StepStopAsked):
                because = f": {event.reason.rstrip('.')}" if event.reason else ""
                self._ask((stream, event.step), f"{event.by} stopped it{because}.")
            elif isinstance(event, ENDS):
                self._asked.pop((stream, event.step), None)

    def _ask(self, key: tuple[str, str], why: str) -> None:
        self._asked[key] = why
        for stop in tuple(self._running.get(key, ())):
            stop(why)

    def find(self, incident: str, step: str) -> str:
        """Why it is to be stopped; empty where nobody wants that."""
        return self._asked.get((incident, step), "")

    @contextmanager
    def watch(self, incident: str, step: str, stop: Stop) -> Iterator[None]:
        """Have `stop` called once somebody wants it, at once if somebody did."""
        key = (incident, step)
        self._running.setdefault(key, []).append(stop)
        try:
            if key in self._asked:
                stop(self._asked[key])
            yield
        finally:
            left = [each for each in self._running.pop(key) if each is not stop]
            if left:
                self._running[key] = left

    async def wait(self, incident: str, step: str) -> str:
        """Return why, once somebody wants it stopped."""
        wanted = asyncio.Event()
        with self.watch(incident, step, lambda why: wanted.set()):
            await wanted.wait()
        return self.find(incident, step)
