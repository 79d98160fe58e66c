"""Several engines on one PostgreSQL, as the nodes of a cluster are; their clock is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from tocsin.engine.failpoint import pass_by
from tocsin.engine.follow import Follower
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.engine.shelf import Shelf
from tocsin.store.nodes import open_store, read_url
from tocsin.store.postgres import PostgresStore
from tocsin.store.postgres_blobs import PostgresBlobs
from tocsin.store.start import Keeping
from tocsin.testing.clock import FakeClock
from tocsin.testing.recorder import Recorder, SentPage
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import PlaybookActivated

KEY = b"k" * 32
KEEPING = Keeping(name="the database", key="secrets/chain.key")


class NodeStory(Story):
    """One node of a story; all of them share the database and the clock."""

    def __init__(self, cast: Iterable[Cast], store: PostgresStore, clock: FakeClock | None = None) -> None:
        super().__init__(*cast)
        self.shared = store
        if clock is not None:
            self.clock, self.recorder = clock, Recorder(clock)

    async def _begin(self, folder: Path) -> None:
        self.blobs = PostgresBlobs(self.shared, pass_by)  # type: ignore[assignment]
        self.shelf = Shelf(self._settings(), self.blobs)
        self.store = self.shared  # type: ignore[assignment]
        await self.shelf.keep_playbooks()
        self.journal = Journal(self.shared, self.shelf, self.clock, KEY)
        self.follower = Follower(self.journal, self.shared)
        self.engine = Engine(self.journal, self.clock, (self.recorder,))
        for name, team in self.shelf.settings.teams.items():
            first = PlaybookActivated(digest=team.playbook.digest, by="story")
            await self.journal.change_team(name, first, lambda standing: not standing.activated)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.engine.dispatch.stop()
        await self.shared.close()
        self._folder.cleanup()


class Cluster:
    """The nodes of a story."""

    def __init__(self, nodes: list[NodeStory]) -> None:
        self.nodes = nodes

    def __getitem__(self, at: int) -> NodeStory:
        return self.nodes[at]

    def pages(self) -> list[SentPage]:
        """Every page that any node has sent."""
        return [page for node in self.nodes for page in node.recorder.pages]

    async def settle(self) -> None:
        """Let everything that is due now happen, on all nodes at once."""
        while any(await asyncio.gather(*(node.engine.turn() for node in self.nodes))):
            await asyncio.gather(*(node.engine.dispatch.drain() for node in self.nodes))

    async def pass_time(self, seconds: float) -> None:
        """Time passes for all of them."""
        clock = self.nodes[0].clock
        clock.set(clock.now() + timedelta(seconds=seconds))
        await self.settle()


@asynccontextmanager
async def play(url: str, folder: Path, *cast: Cast, count: int = 3) -> AsyncIterator[Cluster]:
    """A story on so many nodes."""
    nodes: list[NodeStory] = []
    try:
        for at in range(count):
            own = folder / f"n{at}"
            own.mkdir()
            store = await open_store(read_url(url), KEY, own, KEEPING, f"n{at}", "0")
            node = NodeStory(cast, store, nodes[0].clock if nodes else None)
            nodes.append(await node.__aenter__())
        yield Cluster(nodes)
    finally:
        for node in nodes:
            await node.__aexit__(None, None, None)
