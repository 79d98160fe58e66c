"""The outbox's other end: errands are handed to performers off the loop, and their outcomes come back as events.

Each destination has its own few places, so that one sick channel or one hanging step never delays another; a page that
is not taken in time (`undone.py`) has failed, and the next channel is called. A channel that is out of order is left in
peace (`breaker.py`), and what has no other way waits for it (`parking.py`). A changing step is started only after
`StepStarted` is on disk, and whoever finds that entry without an end asks a person. What was done is written down
however long that takes: while the disk refuses, nothing is done twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from tocsin.engine.alone import Alone
from tocsin.engine.answered import is_recorded, is_under_way
from tocsin.engine.breaker import Breakers
from tocsin.engine.carried import Carried, Name
from tocsin.engine.contracts import CHANNEL, TARGET, Clock, Errand, Key, Lease, Performer, Write
from tocsin.engine.decide import decide
from tocsin.engine.gates import Gates
from tocsin.engine.gathering import ALONE
from tocsin.engine.given_up import is_given_up
from tocsin.engine.journal import Journal
from tocsin.engine.parking import Parking
from tocsin.engine.places import Places
from tocsin.engine.queues import Queues, Waiting
from tocsin.engine.sending import Sending
from tocsin.engine.together import Together
from tocsin.engine.undone import fail, find_limit, find_reason, is_final, name_kind, withhold
from tocsin.errors import NotBegun, OutsideError, Unavailable
from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.run.commands import StartStep
from tocsin.timeline import events as e
from tocsin.timeline.tell import SHADOWED
from tocsin.words import Mode

LOG = logging.getLogger("tocsin.dispatch")

MOST_CLAIMED = 500
TRY_AGAIN = timedelta(seconds=2)
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 3.0
"""Between two tries to write an outcome down."""


class Dispatch:
    """Hands errands out and brings outcomes back. `nudge` is called when a turn would find more to hand out."""

    def __init__(
        self, journal: Journal, clock: Clock, performers: Sequence[Performer], lease: Lease | None = None
    ) -> None:
        self._lease = lease or Alone()
        self._journal, self._clock = journal, clock
        self._performers = {intent: performer for performer in performers for intent in performer.handles}
        self.places, self.breakers = Places(), Breakers()
        self.gates, self.parking = Gates(clock, self.breakers), Parking(journal.store, self.breakers)
        together = Together(journal, clock, self._perform)
        self.sending = Sending(journal, clock, self.breakers, self.gates, together, self._look_again)
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight = Carried(clock.now)
        self.is_busy = self._in_flight.is_much
        self._unreleased: dict[Errand, timedelta] = {}
        self._queues = Queues()
        self._passed, self._early = set[Errand](), set[Errand]()
        self._short: set[str] = set()
        self.nudge: Callable[[], None] = lambda: None
        self._is_claiming = self._has_missed = self._is_astray = self._is_ending = False
        self._lease.renew_only(self._in_flight.list_kept, self._in_flight.list_all)
        if journal.store.is_sole:
            journal.outgoing = self

    async def turn(self) -> int:
        """Hand out what is due and has a place; how many errands that were, and one more if there may be others."""
        await self._release_late()
        called = await self.parking.call_up(self._clock.now())
        self._has_missed = False
        if self._is_ending or not await self._may_claim():
            return called
        self._is_claiming = True
        try:
            errands = await self._claim()
        finally:
            self._is_claiming = False
        if errands:
            self._journal.reach("claim.after_commit")
        for errand in errands:
            name = (errand.stream, errand.seq)
            self._queues.drop(errand)
            if name not in self._in_flight:  # else it is about to follow one that ends
                self.places.take(errand.destination)
                self._go(errand, None)
        self._short |= {errand.destination for errand in errands if self.places.count_left(errand.destination) <= 0}
        return len(errands) + self._has_missed + called

    async def _may_claim(self) -> bool:
        """Whether there may be anything to claim, or to take back."""
        return self._is_astray or await self._journal.store.has_errands(self._clock.now(), self.places.find_full())

    async def _claim(self) -> list[Errand]:
        """Errands that are due. Of a claim that failed nobody knows whether it was one: what it may have handed out,
        to nobody, is taken back first.
        """
        store, full = self._journal.store, self.places.find_full()
        if self._is_astray:
            await self._take_back(self._in_flight.list_all())
        self._is_astray = True
        errands = await store.claim(self._clock.now(), MOST_CLAIMED, self.places.count_left, full)
        self._is_astray = False
        return errands

    async def _take_back(self, held: set[Name]) -> None:
        """Give back what is marked as handed out, though nobody has it nor had it."""
        late = {(errand.stream, errand.seq) for errand in self._unreleased}
        await self._journal.store.release_claims(held | late, tried=False)

    def _go(self, errand: Errand, intent: e.Intent | None) -> None:
        self._in_flight.take([(errand.stream, errand.seq)], is_page=errand.destination.startswith(CHANNEL))
        task = asyncio.create_task(self._run(errand, intent))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ── what is handed out by the commit that made it, or that made room for it ─────────────────────────────────────

    def reserve(self, to: str) -> bool:
        """Take a free place at a channel or a target; none while others wait for one."""
        if not to.startswith((CHANNEL, TARGET)) or self._is_ending:
            return False
        if self._is_claiming:  # the store is just giving the free places away
            self._has_missed = True
            return False
        if self._queues.has_any(to) or self.places.count_left(to) <= 0 or self.breakers.is_open(to):
            return False
        self.places.take(to)
        return True

    def give_up(self, errand: Errand) -> None:
        """Give its place back. It may be on disk all the same, marked as handed out: then the mark is taken back."""
        self.places.give_back(errand.destination)
        self._unreleased[errand] = timedelta()

    def hand_out(self, errand: Errand, intent: e.Intent) -> None:
        """Carry what has a place and is on disk, marked as handed out."""
        self._journal.reach("claim.after_commit")
        self._go(errand, intent)

    def queue(self, errand: Errand, intent: e.Intent) -> None:
        """Remember what waits for a place; what is not remembered is found in the store by a later turn."""
        if (errand.stream, errand.seq) not in self._in_flight:  # a turn may have found it on disk already
            self._queues.put(errand, intent)
            if self.places.count_left(errand.destination) > 0:  # who had a place has left it meanwhile
                self.nudge()

    @property
    def is_crowded(self) -> bool:
        """Whether errands wait for a place."""
        return self._queues.has_any()

    def _follow(self, to: str) -> list[Waiting]:
        """What takes over the place of an errand that is about to end, and behind it what takes those that are free:
        none of them while the store is asked what waits, since it is giving them away.
        """
        if self._is_ending or self.breakers.is_open(to):
            return []
        free = 0 if self._is_claiming else self.places.count_left(to)
        follows = self._queues.take(to, max(0, free + 1))
        self._in_flight.take([(each.stream, each.seq) for each, _ in follows], is_page=to.startswith(CHANNEL))
        for _ in follows[1:]:
            self.places.take(to)
        return follows

    def _pass_on(self, errand: Errand, intent: e.Intent) -> Sequence[Errand]:
        """Have others begin in the place of a step that has ended while what came of it goes to the disk, and where
        nobody else hands out. They are marked there with that outcome, and a change with its own start. Of no
        destination are there more such outcomes than it has places.
        """
        to = errand.destination
        behind = sum(each.destination == to for each in self._passed)
        may = isinstance(intent, e.StepRequested) and self._journal.store.is_sole and not self._is_ending
        if not may or behind >= self.places.find_most(to):
            return ()
        follows = self._follow(to)
        self._passed.add(errand)
        self._early.update(each for each, _ in follows)
        self._hand_over(to, follows)
        return [each for each, _ in follows]

    def _hand_over(self, to: str, follows: Sequence[Waiting]) -> None:
        """Give a place to what follows, or back."""
        if not follows:
            self._leave(to)
        for each in follows:
            self.hand_out(*each)

    def _leave(self, to: str) -> None:
        """A place is free; whoever found none is told."""
        self.places.give_back(to)
        if to in self._short and not self._queues.has_any(to) and self.places.is_half_free(to):
            self._short.discard(to)
            self.nudge()

    async def drain(self) -> None:
        """Wait until nothing is being performed."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def finish(self, patience_s: float) -> None:
        """Hand nothing out any more, and wait so long for what is being performed: a page that is on its way is written
        down as sent, and nobody sends it again. What takes longer is let go of, and what was not begun is given back.
        """
        self.begin_to_end()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while self._tasks:  # what was reserved before is handed out by a commit that comes
                    await asyncio.wait(self._tasks)
        begun = self._in_flight.list_all()
        await self.stop()
        await self._release_late()
        await self._take_back(begun)

    def begin_to_end(self) -> None:
        """From now on nothing more is handed out."""
        self._is_ending = True

    async def stop(self) -> None:
        """Let go of everything that is being performed; what was in flight is found again at the next start."""
        for task in tuple(self._tasks):
            task.cancel()
        await self.drain()

    async def _run(self, errand: Errand, intent: e.Intent | None) -> None:
        """Carry an errand; if that cannot even be written down, it is handed out again after a moment."""
        follows: list[Waiting] = []
        try:
            follows = await self._carry(errand, intent)
        except (Exception, asyncio.CancelledError) as error:
            if not isinstance(error, Exception) and not is_given_up(error):
                raise
            LOG.critical("%s:%s could not be carried out", errand.stream, errand.seq, exc_info=True)
            self._unreleased[errand] = TRY_AGAIN
        finally:
            self._in_flight.drop([(errand.stream, errand.seq)])
            self._early.discard(errand)
            if errand in self._passed:
                self._passed.discard(errand)
            else:
                self._hand_over(errand.destination, follows)

    async def _release_late(self) -> None:
        """Give back what could not be carried. If the store refuses that too, it is asked again at the next turn."""
        for errand, wait in tuple(self._unreleased.items()):
            async with self._journal.hold(errand.stream):
                if (errand.stream, errand.seq) not in self._in_flight:
                    await self._journal.store.release(errand, self._clock.now() + wait)
            self._unreleased.pop(errand, None)

    async def _carry(self, errand: Errand, intent: e.Intent | None) -> list[Waiting]:
        """Do it and write down what came of it; what the same commit handed out in its place."""
        if intent is None:
            entries = await self._journal.entries(errand.stream, errand.seq - 1)
            found = entries[0].event
            assert isinstance(found, e.Intent)
            intent = found
            self._journal.note(errand.stream, entries[-1].seq)
        word = name_kind(intent)
        incident, why = await self._look(errand, intent)
        if why:
            return await self._record(errand, withhold(errand.seq, intent, why))
        if not self._lease.is_here(errand.destination) and not is_under_way(incident, intent, errand.seq):
            self._unreleased[errand] = TRY_AGAIN
            return []
        if isinstance(intent, e.StepRequested) and intent.changes and not await self._start(errand, intent):
            return []
        if not await self._lease.holds(errand.id):
            LOG.warning("%s:%s is another node's by now; this one slept too long.", errand.stream, errand.seq)
            return []
        key = Key(errand.stream, errand.seq, errand.attempts > 0)
        if isinstance(intent, e.PageRequested):
            sent = await self._send(errand, key, intent)
            if sent is None:
                return []
            outcome = sent
        else:
            outcome = await self._perform(key, intent)
        begun = self._pass_on(errand, intent)
        self._journal.reach(f"{word}.before_outcome_commit")
        follows = await self._record(errand, outcome, begun)
        self._journal.reach(f"{word}.after_outcome_commit")
        return follows

    async def _look(self, errand: Errand, intent: e.Intent) -> tuple[Incident, str]:
        """The incident once the errand's turn has come, and why it is not carried out after all."""
        while True:
            incident = await self._journal.incident(errand.stream)
            assert incident is not None
            why = self._find_reason_not_to(incident, intent, errand.seq)
            if why or not await self.gates.hold_back(errand.destination):
                return incident, why

    async def _send(self, errand: Errand, key: Key, page: e.PageRequested) -> e.Outcome | None:
        """Send a page. If its channel fails for now, the failure calls the responder's next; null where there is none
        and the page waits. What only tells goes by any other that takes it.
        """
        outcome, tried = await self.sending.ask(key, page)
        if not isinstance(outcome, e.PageFailed):
            return outcome
        told, gone = await self.sending.go_round(key, page, tried=tried and outcome.passing)
        if told is not None or not outcome.passing or await self.sending.goes_on(errand.stream, page, tried=tried):
            return told or outcome
        await self.parking.park(errand, self._clock.now(), tried=tried or gone)
        return None

    def _look_again(self) -> None:
        """A channel is in order again: what waits anywhere may have its way."""
        self.parking.shake()
        self.nudge()

    async def _record(self, errand: Errand, outcome: e.Outcome, begun: Sequence[Errand] = ()) -> list[Waiting]:
        """Write down what came of an intent, and that others have begun in its place. If the store refuses, ask it
        again and again: it has been done.
        """
        wait, stream = 0.0, errand.stream
        while not (wait and await is_recorded(self._journal.entries, stream, outcome)):
            follows = [] if errand in self._passed else self._follow(errand.destination)
            claims = tuple(each for each, _ in follows)
            write = Write(claims=(*begun, *claims), patient=self._may_wait(errand, outcome, follows))
            try:
                await self._journal.record(stream, outcome, "outcome", write)
            except BaseException as error:
                self._let_go(claims)
                if is_final(error):
                    raise
                LOG.critical("What came of %s:%s cannot be written down", stream, outcome.answers, exc_info=True)
                wait = min(max(2 * wait, FIRST_WAIT_S), LONGEST_WAIT_S)
                await asyncio.sleep(wait)
            else:
                return follows
        return []

    def _let_go(self, claims: Sequence[Errand]) -> None:
        """What was to follow does not. It may be marked on disk all the same: the store knows."""
        self._in_flight.drop((each.stream, each.seq) for each in claims)
        self._unreleased.update((each, timedelta()) for each in claims)
        for each in claims[1:]:
            self.places.give_back(each.destination)

    def _may_wait(self, errand: Errand, outcome: e.Outcome, follows: Sequence[Waiting]) -> bool:
        """Whether nobody waits for an outcome to be written down: no planner, no errand that wants the place."""
        wanted = self._is_ending or follows or errand.destination in self._short
        return not wanted and isinstance(outcome, e.PageDelivered)

    def _find_reason_not_to(self, incident: Incident, intent: e.Intent, seq: int) -> str:
        """Why what was decided is not done after all; empty if it is."""
        if self._journal.shelf.policy(incident).mode is Mode.SHADOW:
            return SHADOWED
        return find_reason(incident, intent, seq)

    async def _start(self, errand: Errand, intent: e.StepRequested) -> bool:
        """Put the start of a changing step on disk; whether it may be spawned.

        One that was started, and not by whoever had this errand before us, runs on a node that has taken it over.
        """
        command = StartStep(by="tocsin", step=intent.step, intent=errand.seq)
        if not await self._lease.holds(errand.id):
            return False

        def choose(incident: Incident | None, book: Book) -> tuple[e.Event, ...]:
            assert incident is not None
            if not errand.attempts and is_under_way(incident, intent, errand.seq):
                return ()
            return decide(incident, book, command, self._clock.now())

        self._journal.reach("change.before_start_commit")
        mark = Write(claims=(errand,)) if errand in self._early else ALONE
        entries = await self._journal.change(errand.stream, choose, cause="start", write=mark)
        self._journal.reach("change.after_start_commit")
        return any(isinstance(entry.event, e.StepStarted) for entry in entries)

    async def _perform(self, key: Key, intent: e.Intent) -> e.Outcome:
        performer = self._performers.get(type(intent))
        if performer is None:
            return fail(key.seq, intent, "Nothing here can do this; look at the server's settings.")
        try:
            async with asyncio.timeout(find_limit(intent)):
                return await performer.perform(key, intent)
        except NotBegun as error:
            return withhold(key.seq, intent, str(error))
        except OutsideError as error:
            if isinstance(error, Unavailable) and isinstance(intent, e.PageRequested):
                self.breakers.heed(f"{CHANNEL}{intent.channel}", error.after_s)
            return fail(key.seq, intent, str(error), passing=isinstance(error, Unavailable))
        except TimeoutError:
            return fail(key.seq, intent, f"No answer within {find_limit(intent) or 0:g} seconds.", passing=True)
        except Exception as error:  # a performer's bug must not lose the errand: it becomes an outcome that says so
            LOG.exception("%s failed", key)
            return fail(key.seq, intent, f"tocsin failed at this ({type(error).__name__}: {error}); see its log.")
