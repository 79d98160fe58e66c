"""Everything by which a server is watched, put together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from tocsin.app.watch.checkpoints import Checkpoints
from tocsin.app.watch.heartbeat import Outgoing
from tocsin.app.watch.metrics import Meter
from tocsin.app.watch.synthetic import Synthetic, Way
from tocsin.app.watch.traces import Traces
from tocsin.app.workspace import Workspace
from tocsin.engine.loop import Engine

UNWATCHED = (
    "Nothing outside watches this server: let a monitor ask /-/ready, or give one's address under [heartbeat], so that "
    "somebody hears if it ends."
)


class Lookout:
    """Figures, traces, the heartbeat that goes out and the incident that is made up, by the settings as they are."""

    def __init__(
        self, engine: Engine, find: Callable[[], Workspace], url: str, version: str, checkpoints: Checkpoints
    ) -> None:
        self._checkpoints = checkpoints
        self._find, self._url = find, url
        self._meter = Meter(engine, version)
        self._traces = Traces(engine.journal, lambda: find().traces, version)
        self._synthetic = Synthetic(engine, self._find_way, _find_node(engine))
        self._outgoing = Outgoing(engine, lambda: find().heartbeat, self._find_synthetic_trouble)

    def _find_way(self) -> Way | None:
        workspace = self._find()
        table = workspace.synthetic
        key = next((key for key, team in workspace.keys.items() if table is not None and team == table.team), None)
        if table is None or key is None:
            return None
        return Way(table=table, url=f"{self._url}/in/{key}/api/v2/alerts")

    def _find_synthetic_trouble(self) -> str:
        """Why the last one was not paged; what is not in the settings any more troubles nobody."""
        return self._synthetic.trouble if self._find_way() is not None else ""

    async def measure(self, accept: str) -> tuple[bytes, str]:
        """What `/metrics` answers, and its form."""
        parts = (self._outgoing, self._synthetic, self._traces, self._checkpoints)
        self._meter.extras = [extra for part in parts for extra in part.tell_figures()]
        return await self._meter.spell(accept)

    def list_chores(self) -> list[Coroutine[Any, Any, None]]:
        """What runs as long as the server does."""
        return [self._outgoing.run(), self._synthetic.run(), self._traces.run(), self._checkpoints.run()]

    def list_remarks(self) -> tuple[str, ...]:
        """What whoever looks at the screens should know."""
        found = self._checkpoints.list_remarks()
        if trouble := self._find_synthetic_trouble():
            found.append(f"The last made-up incident was not paged as it should: {trouble}.")
        if self._traces.trouble:
            found.append("Traces do not arrive at their collector; the server's log says why.")
        if self._find().heartbeat is None:
            found.append(UNWATCHED)
        elif self._outgoing.trouble:
            found.append(f"No heartbeat goes out: {self._outgoing.trouble}.")
        return tuple(found)


def _find_node(engine: Engine) -> str:
    """What this node is called among those of one record; empty where it is alone."""
    node = getattr(engine.journal.store, "node", None)
    return node.name if node is not None else ""
