"""The loop: every quarter of a second, and whenever something was committed, do what is due.

A turn plans the incidents whose wake has come (`waking.py`), then hands out errands. It never waits for the outside. A
turn that fails is tried again after a moment, whatever it failed of: a full disk that is emptied must find the pager
alive.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from tocsin.engine.beats import Beats, BeatStore, MemoryBeats
from tocsin.engine.contracts import Clock, Lease, Performer
from tocsin.engine.covering import Covering
from tocsin.engine.decide import decide
from tocsin.engine.dispatch import Dispatch
from tocsin.engine.gaps import Gaps
from tocsin.engine.handing import Handing
from tocsin.engine.intake import Intake
from tocsin.engine.journal import Journal
from tocsin.engine.listening import Listening
from tocsin.engine.reception import Reception
from tocsin.engine.silencing import Silencing
from tocsin.engine.waking import MOST_DUE, Waking
from tocsin.engine.windows import Windows
from tocsin.errors import Corrupt, NotFound, Unavailable, WrittenByNewer
from tocsin.incident.authority import require_authority
from tocsin.incident.book import Book
from tocsin.incident.commands import ChooseScenario, Command
from tocsin.incident.sight import find_nothing
from tocsin.incident.standing import find_team, team_stream
from tocsin.incident.state import Incident
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Event, StepFinished, StepNotRun
from tocsin.words import PageState

LOG = logging.getLogger("tocsin.loop")

TICK_S = 0.25
APART_S = 0.01
"""So long at least after a turn that found nothing comes the next."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 3.0
"""Between a turn, or a stream's plan, that failed and the next try."""
SICK_AFTER_S = 30.0
"""Without one good turn for so long, the server is not ready."""


def _is_release(entry: Entry) -> bool:
    """Whether it may let pages go at once that waited for a step's answer."""
    return isinstance(entry.event, StepFinished | StepNotRun)


class Engine:
    """The machine as a whole: what screens, verbs and stories talk to."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        performers: tuple[Performer, ...],
        lease: Lease | None = None,
        beats: BeatStore | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.journal, self.clock, self._steady = journal, clock, steady
        self.intake = Intake(journal)
        self.reception = Reception(journal, self.intake)
        self.silencing = Silencing(journal, self.intake)
        self.covering, self.handing, self.gaps = Covering(journal), Handing(journal), Gaps(journal)
        self.windows = Windows(journal, self.intake)
        self.listening = Listening(journal, self.intake)
        self.beats = Beats(journal, self.intake, beats or MemoryBeats())
        self.dispatch = Dispatch(journal, clock, performers, lease)
        self.waking = Waking(journal, clock, self.replan, self._may_plan)
        self._nudged = asyncio.Event()
        self.dispatch.nudge = self._nudged.set
        self._stopped: set[str] = set()
        self.left_alone = journal.streams.left_alone
        self._replanned: dict[str, int] = {}
        self._failing: dict[str, tuple[float, float]] = {}
        self._turned = self._steady()
        self._is_ending = False
        journal.listen(self._hear)

    def _hear(self, stream: str, entries: Sequence[Entry]) -> None:
        """Turn at once for what has become due, unless that finds its way by itself."""
        if not self.journal.store.is_sole or self.journal.is_disturbed:
            self._nudged.set()
        elif any(map(_is_release, entries)):
            known = self.journal.peek(stream)
            if known is None or known.incident is None or PageState.REQUESTED in known.incident.pages.values():
                self._nudged.set()

    async def start(self) -> None:
        """Take up what a server before this one left: its claims are free again, its incidents are found by wake."""
        released = await self.journal.store.release_claims()
        if released:
            LOG.warning(
                "%d errands were in flight when the server before this one ended; they are taken up again.", released
            )

    async def warm(self) -> None:
        """Have in memory what the first alerts are compared with, so that they need not wait for it as long."""
        try:
            await self.intake.memory()
            for team in self.journal.shelf.settings.teams:
                await self.journal.index(team)
        except Exception:
            LOG.exception("What fires and what is open could not be read ahead; whoever needs it reads it.")

    async def run(self) -> None:
        """Turn until told to end, or cancelled."""
        wait = FIRST_WAIT_S
        while not self._is_ending:
            self._nudged.clear()
            try:
                busy = await self.turn()
            except Exception:
                LOG.critical("The engine could not turn; it tries again in %g s.", wait, exc_info=True)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
                continue
            self._turned, wait = self._steady(), FIRST_WAIT_S
            if not busy:
                await self._rest()
                await self._gather()

    def end(self) -> None:
        """Hand nothing out any more, and end `run` with the turn that it is in: a turn that is cut off leaves behind
        what is marked as handed out and goes to nobody.
        """
        self._is_ending = True
        self.dispatch.begin_to_end()
        self._nudged.set()

    @property
    def is_sick(self) -> bool:
        """Whether it has not had one good turn for too long: pages would be late."""
        return self._steady() - self._turned > SICK_AFTER_S

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(TICK_S):  # wait_for of Python 3.11 may swallow a cancellation
                await self._nudged.wait()
        except TimeoutError:
            return

    async def _gather(self) -> None:
        """Where steps end one upon another, one turn is for several: it asks the store twice, and finds little. Where
        there are other nodes it may find a page.
        """
        left = APART_S - (self._steady() - self._turned)
        if left > 0 and self.journal.store.is_sole and not self._is_ending:
            await asyncio.sleep(left)

    async def turn(self) -> int:
        """Plan what is due, hand out what is due; how much that was."""
        most = MOST_DUE + len(self._stopped) + len(self.left_alone) + len(self._failing)
        streams = await self.journal.store.due(self.clock.now(), most)
        again = [stream for stream in self._failing if self._may_plan(stream)]
        owed = [*self.journal.take_disturbed(), *self.intake.inhibiting.take_owed()]
        owed += [team_stream(team) for team in {*self.handing.take_changed(), *self.gaps.take_changed()}]
        planned = await self.waking.plan(streams, owed)
        if again:
            await asyncio.gather(*(self.replan(stream) for stream in again if stream in self._failing))
        now = self.clock.now()
        await self.intake.inhibiting.turn(self.intake.find_firing, self.intake.find_rows)
        late = await self.beats.turn(now) + await self.listening.turn(now) + await self.windows.turn(now)
        return planned + late + await self.dispatch.turn() + await self.intake.join_waiting()

    def _may_plan(self, stream: str) -> bool:
        if stream in self._stopped or stream in self.left_alone:
            return False
        return self._steady() >= self._failing.get(stream, (0.0, 0.0))[0]

    async def replan(self, stream: str) -> None:
        """A stream that cannot be read stops by itself; one that fails otherwise is tried again; the others go on."""
        try:
            await self._plan(stream)
            self._failing.pop(stream, None)
        except WrittenByNewer as error:
            self.left_alone[stream] = str(error)
            LOG.warning("%s is not planned here any more. %s", stream, error)
        except Corrupt:
            self._stopped.add(stream)
            LOG.critical("%s cannot be planned any more; run `tocsin verify` and call somebody.", stream, exc_info=True)
        except Exception:
            wait = min(2 * self._failing.get(stream, (0.0, FIRST_WAIT_S / 2))[1], LONGEST_WAIT_S)
            self._failing[stream] = (self._steady() + wait, wait)
            LOG.critical("%s could not be planned; it is tried again in %g s.", stream, wait, exc_info=True)

    async def _plan(self, stream: str) -> None:
        team = find_team(stream)
        if team is None:
            await self.journal.replan(stream)
            return
        handed, covered = await self.handing.check(team), await self.gaps.check(team)
        looks = (handed, covered, await self.intake.inhibiting.check(team, self.intake.find_rows))
        look_at = min((each for each in looks if each is not None), default=None)
        seq = (await self.journal.standing(team)).seq
        # whoever changed it may have died before these were planned
        is_planned = self._replanned.get(team) == seq or await self.journal.replan_team(team)
        await self.intake.reconsider(team)
        if not is_planned:
            raise Unavailable(f"Not all that {team} has open could be planned again; that is tried again.")
        self._replanned[team] = seq
        await self.journal.teams.rest(team, seq, look_at)

    async def submit(self, stream: str, command: Command) -> list[Entry]:
        """Ask something of an incident; the entries that it gave. Raises `Denied`, `NotFound` or `Conflict`.

        Whoever asks must be somebody whom the incident's own team lets ask, also where another team is chosen.
        """

        def choose(incident: Incident | None, book: Book) -> tuple[Event, ...]:
            if incident is None:
                raise find_nothing(stream)
            require_authority(incident, self.journal.shelf.policy(incident), command, book.playbook)
            return decide(incident, book, command, self.clock.now())

        if await self.journal.incident(stream) is None:
            raise find_nothing(stream)
        book = None
        if isinstance(command, ChooseScenario):
            command, book = self._pin(command)
        return await self.journal.change(stream, choose, cause="command", book=book)

    def _pin(self, command: ChooseScenario) -> tuple[ChooseScenario, Book]:
        """The command with the playbook that its team has now, and that team's book: a scenario is chosen from it."""
        teams = self.journal.shelf.settings.teams
        team = teams.get(command.team)
        if team is None:
            raise NotFound(f"There is no team {command.team!r}; there are {', '.join(teams)}.")
        pinned = replace(command, playbook=team.playbook.digest, model=team.model)
        return pinned, Book(playbook=team.playbook, policy=team.policy, classify=team.classify)
