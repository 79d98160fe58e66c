"""The outbox's other end: errands are handed to performers off the loop, and their outcomes come back as events.

Each destination has its own few places, so that one sick channel or one hanging step never delays another; a page that
is not taken within `PAGE_S` has failed, and the next channel is called. A changing step is started only after
`StepStarted` is on disk, and whoever finds that entry without an end asks a person. What was done is written down
however long that takes: while the disk refuses, nothing is done twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from tocsin.engine.contracts import Clock, Errand, Key, Performer
from tocsin.engine.decide import decide
from tocsin.engine.journal import Journal
from tocsin.errors import NotBegun, OutsideError, TocsinError
from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.page.plan import find_answer
from tocsin.run.commands import StartStep
from tocsin.timeline import events as e
from tocsin.words import Mode

LOG = logging.getLogger("tocsin.dispatch")

PLACES = {"channel": 8, "target": 2}
MOST_CLAIMED = 500
TRY_AGAIN = timedelta(seconds=2)
PAGE_S = 10.0
"""How long a channel may take over one page; its own time-outs count each read, and a drip never ends."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 15.0
"""Between two tries to write an outcome down."""


class Dispatch:
    """Hands errands out and brings outcomes back."""

    def __init__(self, journal: Journal, clock: Clock, performers: Sequence[Performer]) -> None:
        self._journal, self._clock = journal, clock
        self._performers = {intent: performer for performer in performers for intent in performer.handles}
        self._running: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unreleased: set[int] = set()
        self._held: set[int] = set()
        self._is_astray = False

    async def turn(self) -> int:
        """Hand out what is due and has a place; how many errands that were."""
        await self._release_late()
        errands = await self._claim()
        if errands:
            self._journal.reach("claim.after_commit")
        for errand in errands:
            self._running[errand.destination] += 1
            self._held.add(errand.id)
            task = asyncio.create_task(self._run(errand))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(errands)

    async def _claim(self) -> list[Errand]:
        """Errands that are due. Of a claim that failed nobody knows whether it was one: what it may have handed out,
        to nobody, is taken back first.
        """
        store, full = self._journal.store, [to for to in self._running if self._left(to) <= 0]
        if self._is_astray:
            await store.release_claims(self._held)
        self._is_astray = True
        errands = await store.claim(self._clock.now(), MOST_CLAIMED, self._left, full)
        self._is_astray = False
        return errands

    def _left(self, to: str) -> int:
        return PLACES.get(to.partition(":")[0], 4) - self._running[to]

    async def drain(self) -> None:
        """Wait until nothing is being performed."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Let go of everything that is being performed; what was in flight is found again at the next start."""
        for task in tuple(self._tasks):
            task.cancel()
        await self.drain()

    async def _run(self, errand: Errand) -> None:
        """Carry an errand; if that cannot even be written down, it is handed out again after a moment."""
        try:
            await self._carry(errand)
        except Exception:
            LOG.critical("%s:%s could not be carried out", errand.stream, errand.seq, exc_info=True)
            self._unreleased.add(errand.id)
        else:
            self._held.discard(errand.id)
        finally:
            self._running[errand.destination] -= 1

    async def _release_late(self) -> None:
        """Give back what could not be carried. If the store refuses that too, it is asked again at the next turn."""
        for errand in tuple(self._unreleased):
            await self._journal.store.release(errand, self._clock.now() + TRY_AGAIN)
            self._unreleased.discard(errand)
            self._held.discard(errand)

    async def _carry(self, errand: Errand) -> None:
        entries = await self._journal.entries(errand.stream, errand.seq - 1)
        intent = entries[0].event
        assert isinstance(intent, e.Intent)
        incident = await self._journal.incident(errand.stream)
        assert incident is not None
        word = _word(intent)
        why = await self._find_reason_not_to(incident, intent)
        if why:
            await self._record(errand.stream, _withhold(errand.seq, intent, why))
            return
        if isinstance(intent, e.StepRequested) and intent.changes and not await self._start(errand, intent):
            return
        outcome = await self._perform(Key(errand.stream, errand.seq, errand.attempts > 0), intent)
        self._journal.reach(f"{word}.before_outcome_commit")
        await self._record(errand.stream, outcome)
        self._journal.reach(f"{word}.after_outcome_commit")

    async def _record(self, stream: str, outcome: e.Outcome) -> None:
        """Write down what came of an intent. If the store refuses, ask it again and again: it has been done."""
        wait = 0.0
        while not (wait and await self._is_recorded(stream, outcome)):
            try:
                await self._journal.record(stream, outcome, "outcome")
                return
            except TocsinError:
                raise
            except Exception:
                LOG.critical("What came of %s:%s cannot be written down", stream, outcome.answers, exc_info=True)
                wait = min(max(2 * wait, FIRST_WAIT_S), LONGEST_WAIT_S)
                await asyncio.sleep(wait)

    async def _is_recorded(self, stream: str, outcome: e.Outcome) -> bool:
        """Whether a commit that seemed to fail had reached the disk; no, as far as we know, if it cannot be read."""
        try:
            events = [entry.event for entry in await self._journal.entries(stream, outcome.answers)]
        except Exception:
            LOG.exception("%s cannot be read", stream)
            return False
        return any(isinstance(event, type(outcome)) and event.answers == outcome.answers for event in events)

    async def _find_reason_not_to(self, incident: Incident, intent: e.Intent) -> str:
        """Why what was decided is not done after all; empty if it is."""
        if (await self._journal.shelf.book(incident)).policy.mode is Mode.SHADOW:
            return "Shadow mode: decided and shown, not done."
        return find_answer(incident, intent) if isinstance(intent, e.PageRequested) else ""

    async def _start(self, errand: Errand, intent: e.StepRequested) -> bool:
        """Put the start of a changing step on disk; whether it may be spawned."""
        command = StartStep(by="tocsin", step=intent.step, intent=errand.seq)

        def choose(incident: Incident | None, book: Book) -> tuple[e.Event, ...]:
            assert incident is not None
            return decide(incident, book, command, self._clock.now())

        self._journal.reach("change.before_start_commit")
        entries = await self._journal.change(errand.stream, choose, cause="start")
        self._journal.reach("change.after_start_commit")
        return any(isinstance(entry.event, e.StepStarted) for entry in entries)

    async def _perform(self, key: Key, intent: e.Intent) -> e.Outcome:
        performer = self._performers.get(type(intent))
        if performer is None:
            return _fail(key.seq, intent, "Nothing here can do this; look at the server's settings.")
        try:
            async with asyncio.timeout(PAGE_S if isinstance(intent, e.PageRequested) else None):
                return await performer.perform(key, intent)
        except NotBegun as error:
            return _withhold(key.seq, intent, str(error))
        except OutsideError as error:
            return _fail(key.seq, intent, str(error))
        except TimeoutError:
            return _fail(key.seq, intent, f"No answer within {PAGE_S:g} seconds.")
        except Exception as error:  # a performer's bug must not lose the errand: it becomes an outcome that says so
            LOG.exception("%s failed", key)
            return _fail(key.seq, intent, f"tocsin failed at this ({type(error).__name__}: {error}); see its log.")


def _word(intent: e.Intent) -> str:
    """The first part of the failpoints' names."""
    if isinstance(intent, e.StepRequested):
        return "change" if intent.changes else "read"
    return "page"


def _withhold(seq: int, intent: e.Intent, why: str) -> e.Outcome:
    """What is decided and not done is for each kind of intent: nothing has happened."""
    if isinstance(intent, e.PageRequested):
        return e.PageWithheld(answers=seq, responder=intent.responder, channel=intent.channel, why=why)
    assert isinstance(intent, e.StepRequested)
    return e.StepNotRun(answers=seq, step=intent.step, why=why)


def _fail(seq: int, intent: e.Intent, why: str) -> e.Outcome:
    """What a failure is for each kind of intent. A changing step that was started is in doubt, never simply failed."""
    if isinstance(intent, e.PageRequested):
        return e.PageFailed(answers=seq, responder=intent.responder, channel=intent.channel, why=why)
    assert isinstance(intent, e.StepRequested)
    if intent.changes:
        return e.StepInDoubt(answers=seq, step=intent.step, why=why)
    return e.StepNotRun(answers=seq, step=intent.step, why=why)
