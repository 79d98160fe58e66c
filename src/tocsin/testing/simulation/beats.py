"""The rows of heartbeats, on the disk that all servers share one after the other."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from tocsin.alert.heartbeat import Beat, State
from tocsin.testing.simulation.disk import Disk


class Rows:
    """What outlives every server; `first` is when the first is late that is expected."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Beat] = {}
        self.first: datetime | None = None

    def replace(self, beat: Beat, before: Beat | None) -> bool:
        """Keep it in place of what was kept of it before, unless another node has been first."""
        found = self.held.get((beat.team, beat.name))
        if found != before:
            return False
        self.keep(beat)
        return True

    def keep(self, beat: Beat) -> None:
        """In place of what was kept of it before."""
        self.held[beat.team, beat.name] = beat
        expected = (each.due_at for each in self.held.values() if each.state in (State.UP, State.STARTED))
        self.first = min(expected, default=None)


class RowsOnDisk:
    """One server's way to them."""

    def __init__(self, rows: Rows, disk: Disk) -> None:
        self._rows, self._disk = rows, disk

    async def put(self, beat: Beat, before: Beat | None) -> bool:
        kept: list[bool] = []
        await self._disk.write_row("beat.write", lambda: kept.append(self._rows.replace(beat, before)))
        return kept[0]

    async def find(self, team: str, name: str) -> Beat | None:
        await self._disk.read_row("beat")
        return self._rows.held.get((team, name))

    async def list_all(self) -> list[Beat]:
        await self._disk.read_row("beats")
        return sorted(self._rows.held.values(), key=attrgetter("due_at"))

    async def forget(self, team: str, name: str) -> None:
        raise NotImplementedError("The settings of a month do not change.")
