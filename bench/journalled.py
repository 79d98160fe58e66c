"""Steps as the product does them: asked for on a timeline, handed out by the engine, their outcomes on disk.

The database is a real one in a file, every request and every outcome is a sealed entry that is synced before anything
goes on, the loop that hands out is the server's own, and Python's collector and threads are set as a server sets them
(for the bare command in the same process too). Left out is what a server does beside it: HTTP, screens.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tocsin.app.server import _settle_memory
from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Blobs, Clock, Performer
from tocsin.engine.failpoint import pass_by
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.engine.shelf import Settings, Shelf, TeamShelf
from tocsin.incident.book import TargetPolicy, TeamPolicy
from tocsin.knowledge import load_knowledge
from tocsin.oncall.settings import Staffing
from tocsin.playbook.compile import compile_playbook
from tocsin.store.blobs import FileBlobs
from tocsin.store.sqlite import SqliteStore
from tocsin.testing.story import judge_text
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Fan, StepFinished, StepInDoubt, StepNotRun, StepRequested
from tocsin.words import Effect, Mode

TEAM = "shop"
PLAYBOOK = b"""# Shop Playbook

## Severity Levels

### SEV-1: Critical
- Response time: 15 minutes
"""

Make = Callable[[Blobs, Clock], Performer]
ENDS = (StepFinished, StepNotRun, StepInDoubt)


class Journalled:
    """A server's machine with one team. `open` and `close` belong to one event loop."""

    async def open(self, make: Make, targets: Sequence[TargetPolicy], incidents: int) -> None:
        """Begin, with so many incidents that are open."""
        self._folder = tempfile.TemporaryDirectory(prefix="tocsin-bench-")
        folder = Path(self._folder.name)
        blobs = FileBlobs(folder / "blobs", pass_by)
        self.shelf = Shelf(Settings(teams={TEAM: _make_team(tuple(targets))}, people={}), blobs)
        self.store = SqliteStore(folder / "tocsin.db", b"k" * 32, folder / "mark")
        await self.shelf.keep_playbooks()
        clock = SystemClock()
        self.journal = Journal(self.store, self.shelf, clock, b"k" * 32)
        self.engine = Engine(self.journal, clock, (make(blobs, clock),))
        self._waiting: dict[tuple[str, int], asyncio.Future[bool]] = {}
        self.journal.listen(self._hear)
        self.streams = [await self.engine.intake.declare(TEAM, "Bench", None, None, "bench") for _ in range(incidents)]
        self._running = asyncio.create_task(self.engine.run())
        _settle_memory()

    async def close(self) -> None:
        """End, and leave nothing behind."""
        self.engine.end()
        await self._running
        await self.engine.dispatch.stop()
        self.store.close()
        self._folder.cleanup()

    async def run(self, stream: str, step: str, text: str, target: str, fan: Fan | None = None) -> bool:
        """Have a step run; whether it ended well, once that is on disk."""
        asked = StepRequested(
            step=step, text=text, target=f"{TEAM}/{target}", effect=Effect.READ, digest="", timeout_s=60, by="bench",
            fan=fan,
        )  # fmt: skip
        entries = await self.journal.change(stream, lambda incident, book: (asked,), cause="bench")
        seq = next(entry.seq for entry in entries if isinstance(entry.event, StepRequested))
        waits = self._waiting.setdefault((stream, seq), asyncio.get_running_loop().create_future())
        return await waits

    def _hear(self, stream: str, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if isinstance(entry.event, ENDS):
                waits = self._waiting.setdefault(
                    (stream, entry.event.answers), asyncio.get_running_loop().create_future()
                )
                with suppress(asyncio.InvalidStateError):
                    waits.set_result(isinstance(entry.event, StepFinished) and entry.event.exit_code == 0)


def _make_team(targets: tuple[TargetPolicy, ...]) -> TeamShelf:
    playbook = compile_playbook(PLAYBOOK, "shop.md", load_knowledge(), today=datetime.now(UTC).date())
    policy = TeamPolicy(team=TEAM, name="Shop", mode=Mode.LIVE, targets=targets, responders=None)
    return TeamShelf(
        policy=policy, playbook=playbook, source=PLAYBOOK, staffing=Staffing(timezone="UTC"), classify=judge_text()
    )
