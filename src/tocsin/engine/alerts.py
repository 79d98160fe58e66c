"""The alerts as they are known now: what is on disk, and, where one process owns that, what was heard since."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Write
from tocsin.engine.joins import Joins
from tocsin.engine.journal import Journal
from tocsin.engine.memory import FLUSH_S, Memory

LOG = logging.getLogger("tocsin.intake")


class Alerts:
    """What is known of alerts, and the writing down of their later ends."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._memory = Memory() if journal.store.is_sole else None
        self._joins = Joins()
        self._loading = asyncio.Lock()
        self._loaded = False

    async def memory(self) -> Memory | None:
        """The alerts in memory, filled; null where other processes change them too."""
        if self._memory is not None and not self._loaded:
            async with self._loading:
                if not self._loaded:
                    now = self._journal.clock.now()
                    self._memory.load(*await self._journal.store.held(), now)
                    await self._joins.load(self._journal.store, now)
                    self._loaded = True
        return self._memory

    # ── what is heard again and again ──────────────────────────────────────────────────────────────────────────────

    async def flush(self) -> None:
        """Write down the later ends of alerts that fire."""
        heard = self._memory.take_touched() if self._memory is not None else None
        if heard is None or self._memory is None:
            return
        try:
            await self._journal.store.write(Write(heard=(heard,)))
        except BaseException:
            self._memory.touch_again(heard)
            raise

    async def keep_flushing(self) -> None:
        """Write them down every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                await self.flush()
            except Exception:
                LOG.exception("The ends of alerts could not be written down; that is tried again.")

    async def alerts(
        self, team: str | None = None, *, firing: bool | None = None, incident: str | None = None
    ) -> list[AlertRow]:
        """Alerts as they are known now, by team, by whether they fire, and by the incident that they belong to."""
        memory = await self.memory()
        rows = await self._journal.store.alerts(team, firing=firing, incident=incident)
        return rows if memory is None else [memory.show(row) for row in rows]

    async def find_firing(self) -> list[AlertRow]:
        """Everything that fires, of all teams."""
        return await self.alerts(firing=True)

    async def find_rows(self, team: str, fingerprints: list[str]) -> list[AlertRow]:
        """Those of a team's alerts, as they are known now."""
        memory, found = await self.memory(), await self._journal.store.alerts_by_fingerprint(team, fingerprints)
        return [row if memory is None else memory.show(row) for row in found.values()]

    async def alert(self, team: str, fingerprint: str) -> AlertRow | None:
        """One alert as it is known now."""
        memory, row = await self.memory(), await self._journal.store.alert(team, fingerprint)
        return row if memory is None or row is None else memory.show(row)

    async def silent(self, after: datetime, until: datetime) -> list[AlertRow]:
        """Alerts of incidents whose end, as it is known now, passed in that stretch without a word."""
        memory, store = await self.memory(), self._journal.store
        rows = await store.silent(after, until)
        if memory is None:
            return rows
        known = {(row.team, row.fingerprint): row for row in map(memory.show, rows) if after < row.ends_at <= until}
        for team, prints in (await memory.find_silent(after, until)).items():
            for row in (await store.alerts_by_fingerprint(team, prints)).values():
                known[team, row.fingerprint] = memory.show(row)
        return list(known.values())
