"""Takes away what has been over for long, as the settings say: in small lots, beside the work.

An incident goes only if it is over, owes nothing, and its stream holds together: what does not is evidence, and stays.
Its lock is held while it is taken away, so nobody here adds to it meanwhile; what another node adds makes the removal
`Stale`, and the incident stays. Nothing is remembered of how far this got: each round begins with what there is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from tocsin.engine.intake import Intake
from tocsin.engine.journal import Journal
from tocsin.errors import Corrupt, Stale
from tocsin.review.retention import Retention, find_hindrance

LOG = logging.getLogger("tocsin.housekeeping")

ROUND_EVERY_S = 3600.0
FIRST_AFTER_S = 60.0
"""A server that has just begun has better things to do."""
PAUSE_S = 0.2
"""Between two lots: whatever is to be written meanwhile is not held up."""
MOST_ENTRIES = 250
MOST_INCIDENTS = 5
"""In one lot, which takes the writer some five milliseconds; a longer incident is a lot of its own."""
MOST_FOUND = 200
MOST_ALERTS = 500
COUNTERS_KEPT = timedelta(days=3)
"""A number of an incident holds its day, which is over everywhere by then."""
BEATS_KEPT = timedelta(days=30)
"""Another node may have newer settings, with a heartbeat that this one does not know yet."""
OTHERS_WITHIN = timedelta(hours=3)
"""What other nodes took away is looked for so far back: several rounds."""


Sweep = Callable[[datetime], Awaitable[object]]
"""Takes away what else is over by then."""


class Over(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that is over, with its last entry; `fires`: one of its alerts does."""

    stream: str
    opened_at: datetime
    seq: int
    fires: bool = False


class Old(msgspec.Struct, frozen=True, kw_only=True):
    """An alert whose row was not written for long, as it was found."""

    team: str
    fingerprint: str
    firing: bool
    updated_at: datetime


class Attic(Protocol):
    """What finds and takes away what is over."""

    async def find_over(self, before: datetime, after: Over | None, limit: int) -> list[Over]: ...

    async def remove(self, ends: Mapping[str, int], now: datetime, rule: str) -> None: ...

    async def removed_since(self, moment: datetime) -> list[str]: ...

    async def find_alerts(self, before: datetime, after: Old | None, limit: int) -> list[Old]: ...

    async def remove_alerts(self, alerts: Collection[Old]) -> int: ...

    async def remove_counters(self, before: datetime) -> int: ...

    async def remove_beats(self, known: Collection[tuple[str, str]], before: datetime) -> int: ...

    async def remove_nodes(self) -> int: ...

    async def find_older_nodes(self) -> list[str]:
        """The nodes of a version that does not know what is taken away, as far as they were seen lately."""
        ...


class Housekeeping:
    """Rounds through what is kept, by the settings of the moment."""

    def __init__(
        self,
        journal: Journal,
        intake: Intake,
        attic: Attic,
        settings: Callable[[], Retention],
        sweeps: Sequence[Sweep] = (),
    ) -> None:
        self._journal, self._intake, self._attic, self._settings = journal, intake, attic, settings
        self._sweeps = sweeps
        self.rest_s = PAUSE_S

    async def run(self) -> None:
        """Go round until cancelled. What goes wrong is tried again in the next round."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            try:
                await self.go_round()
            except Exception:
                LOG.exception("What is over could not be taken away; that is tried again in an hour.")
            await asyncio.sleep(ROUND_EVERY_S)

    async def go_round(self) -> None:
        """One round through everything that a rule is about, stage by stage. Raises only if it cannot begin."""
        older = await self._attic.find_older_nodes()
        if older:
            LOG.info("Nothing is taken away while nodes of an older version go on: %s.", ", ".join(older))
            return
        now, settings, attic = self._journal.clock.now(), self._settings(), self._attic
        rule = f"incidents_days = {settings.incidents_days}"
        await self._try("what other nodes took away", self._forget_removed(now))
        if (before := settings.alerts_before(now)) is not None:
            await self._try("alerts", self._clear_alerts(before))
        if (before := settings.incidents_before(now)) is not None:
            await self._try("incidents", self._clear_incidents(before, rule))
        await self._try("counters", attic.remove_counters(now - COUNTERS_KEPT))
        await self._try("heartbeats", attic.remove_beats(self._list_heartbeats(), now - BEATS_KEPT))
        await self._try("nodes", attic.remove_nodes())
        for sweep in self._sweeps:
            await self._try("what else nothing needs", sweep(now))

    async def _try(self, what: str, stage: Awaitable[object]) -> None:
        """One stage of a round; what stands in its way holds up no other."""
        try:
            await stage
        except Exception:
            LOG.exception("Of what is over, this could not be taken away: %s. That is tried again in an hour.", what)

    async def _forget_removed(self, now: datetime) -> None:
        for stream in await self._attic.removed_since(now - OTHERS_WITHIN):
            self._journal.streams.cache.forget(stream)

    def _list_heartbeats(self) -> list[tuple[str, str]]:
        teams = self._journal.shelf.settings.teams
        return [(team, name) for team, each in teams.items() for name in each.heartbeats]

    # ── incidents ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _clear_incidents(self, before: datetime, rule: str) -> None:
        gone: int = 0
        after: Over | None = None
        while found := await self._attic.find_over(before, after, MOST_FOUND):
            for lot in split([each for each in found if not each.fires]):
                gone += await self._remove(lot, rule)
                await asyncio.sleep(self.rest_s)
            after = found[-1]
        if gone:
            LOG.warning("%d incidents that were over since before %s were taken away (%s).", gone, before, rule)

    async def _remove(self, lot: Sequence[Over], rule: str) -> int:
        """Take away those of a lot that nothing speaks for; how many."""
        cache = self._journal.streams.cache
        async with AsyncExitStack() as held:
            for stream in sorted(each.stream for each in lot):
                await held.enter_async_context(self._journal.hold(stream))
            known = {each.stream for each in lot if cache.find(each.stream) is not None}
            ends = {each.stream: each.seq for each in lot if await self._may_go(each)}
            try:
                self._journal.reach("removal.before_commit")
                if ends:
                    await self._attic.remove(ends, self._journal.clock.now(), rule)
                self._journal.reach("removal.after_commit")
            except Stale:
                return 0
            finally:
                for each in lot:  # what was read for this is in nobody's way
                    if each.stream in ends or each.stream not in known:
                        cache.forget(each.stream)
        return len(ends)

    async def _may_go(self, over: Over) -> bool:
        try:
            incident = await self._journal.incident(over.stream)
            if incident is None or incident.seq != over.seq or find_hindrance(incident):
                return False
            return incident.merged_into is None or await self._journal.incident(incident.merged_into) is None
        except Corrupt as error:
            LOG.critical("%s is kept although it is old: %s", over.stream, error)
            return False

    # ── alerts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _clear_alerts(self, before: datetime) -> None:
        after: Old | None = None
        while found := await self._attic.find_alerts(before, after, MOST_ALERTS):
            after = found[-1]
            old = [each for each in found if not each.firing or await self._is_silent(each, before)]
            if old:
                await self._remove_alerts(old)
                await asyncio.sleep(self.rest_s)

    async def _remove_alerts(self, old: Sequence[Old]) -> None:
        """Whoever hears of one of them meanwhile asks the disk."""
        memory = await self._intake.memory()
        if memory is None:
            await self._attic.remove_alerts(old)
            return
        for each in old:
            memory.doubt(each.team, each.fingerprint)
        await self._attic.remove_alerts(old)
        for each in old:
            memory.forget(each.team, each.fingerprint)

    async def _is_silent(self, old: Old, before: datetime) -> bool:
        """Whether nothing was heard of an alert for so long; its row may lag behind what this server has heard."""
        row = await self._intake.alert(old.team, old.fingerprint)
        return row is not None and row.updated_at < before and row.ends_at < before


def split(found: Sequence[Over]) -> list[list[Over]]:
    """Lots of bounded size, in order."""
    lots: list[list[Over]] = []
    entries = 0
    for each in found:
        if not lots or len(lots[-1]) >= MOST_INCIDENTS or entries + each.seq > MOST_ENTRIES:
            lots.append([])
            entries = 0
        lots[-1].append(each)
        entries += each.seq
    return lots
