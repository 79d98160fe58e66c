"""What a server takes away by the settings' rules, and what nothing needs any more."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Protocol

from tocsin.engine.housekeeping import Housekeeping
from tocsin.engine.loop import Engine
from tocsin.engine.shelf import Shelf
from tocsin.review.retention import Retention
from tocsin.store.followers import FollowerRows
from tocsin.store.loose import GRACE, Kept, Loose
from tocsin.store.removals import Removals
from tocsin.store.sessions import Sessions

BLOBS_EVERY = timedelta(days=1)
"""So often all blobs are looked at: the record is read for it from its first entry to its last."""


class Blobs(Kept, Protocol):
    """The blobs of either store."""

    async def hold(self, digests: Collection[str]) -> None:
        """Say that blobs are in use, although no entry may name them."""
        ...

    async def drop_drafts(self, before: datetime) -> int:
        """Take away what a crash has left half-written."""
        ...


class BlobSweep:
    """Keeps what the settings use, and looks once a day for what nothing names."""

    def __init__(self, blobs: Blobs, loose: Loose, shelf: Shelf) -> None:
        self._blobs, self._loose, self._shelf = blobs, loose, shelf
        self._swept: datetime | None = None

    async def sweep(self, now: datetime) -> None:
        """One round; the playbooks of today are pinned by whichever incident comes next."""
        teams = self._shelf.settings.teams.values()
        await self._blobs.hold([digest for team in teams for digest in (team.playbook.digest, team.model) if digest])
        if self._swept is None or now - self._swept >= BLOBS_EVERY:
            await self._loose.sweep(now)
            await self._blobs.drop_drafts(now - GRACE)
            self._swept = now  # what came to nothing is tried again in the next round


def make_housekeeping(
    engine: Engine, store: Any, blobs: Blobs, key: bytes, settings: Callable[[], Retention]
) -> Housekeeping:
    """The housekeeping of one server."""
    journal = engine.journal
    sweep = BlobSweep(blobs, Loose(store, blobs), journal.shelf).sweep
    sweeps = (Sessions(store).sweep, FollowerRows(store).sweep, sweep)
    return Housekeeping(journal, engine.intake, Removals(store, key), settings, sweeps)
