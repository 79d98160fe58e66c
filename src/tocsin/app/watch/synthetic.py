"""An incident made up every so often, and taken the whole real way: alert over HTTP, incident, page, its channel.

It belongs to a team of its own in the settings, whose people are a machine's address or somebody who wants to know.
Once its page was delivered, the alert ends and the incident is closed. A round that fails is said in the log, in
`/metrics` and on screen, and holds back the outgoing heartbeat.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from tocsin.alert.signal import Signal
from tocsin.app.watch.metrics import Extra
from tocsin.app.watch.rest import rest
from tocsin.engine.loop import Engine
from tocsin.errors import TocsinError
from tocsin.incident.authority import OWNER
from tocsin.incident.commands import Acknowledge, Close, Resolve
from tocsin.incident.state import OPEN, Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

LOG = logging.getLogger("tocsin.synthetic")

FIRST_AFTER_S = 5.0
LOOK_EVERY_S = 0.2
LOOK_FOR_SETTINGS_S = 5.0
TIDY_WITHIN_S = 5.0
RUN = "tocsin_run"
"""The label that makes each round's alert one that never fired before."""
NODE = "tocsin_node"
"""The label that tells the rounds of several nodes apart; a node that is alone has none."""
NOTE = "Made up by tocsin, to see that alerts become pages."


class SyntheticTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[synthetic]`: every `every_s` seconds an alert with these `labels` comes in with the key of `team`; its page
    must be delivered within `within_s`.
    """

    team: str
    every_s: float = 600.0
    within_s: float = 60.0
    labels: dict[str, str] = msgspec.field(default_factory=lambda: {"alertname": "TocsinSynthetic"})


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Where the alert goes in: the address of this server's own intake, with the team's key."""

    table: SyntheticTable
    url: str


class Synthetic:
    """Makes the rounds. `trouble` is why the last one failed, in words; empty if it did not."""

    def __init__(self, engine: Engine, find: Callable[[], Way | None], node: str = "") -> None:
        self._engine, self._find, self._node = engine, find, node
        self._rounds = self._failures = 0
        self._took_s: float | None = None
        self.trouble = ""

    async def run(self) -> None:
        """Make rounds for ever, while they are in the settings."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            await self._go_round(self._find())

    async def _go_round(self, way: Way | None) -> None:
        if way is not None:
            await self.turn(way)
        else:
            self.trouble = ""
        await rest(way.table.every_s if way is not None else LOOK_FOR_SETTINGS_S, lambda: self._find() == way)

    async def turn(self, way: Way) -> None:
        """One round."""
        begun = self._engine.clock.now()
        self._rounds += 1
        try:
            await self._make_room(way.table)
            begun = self._engine.clock.now()
            self.trouble = await self._try(way, begun)
        except Exception as error:  # a disk in trouble must not end the server
            LOG.exception("The made-up incident could not be followed")
            self.trouble = f"the made-up incident could not be followed ({type(error).__name__}: {error})"
        self._took_s = (self._engine.clock.now() - begun).total_seconds()
        if self.trouble:
            self._failures += 1
            LOG.critical("A made-up incident of team %s was not paged as it should: %s.", way.table.team, self.trouble)

    async def _make_room(self, table: SyntheticTable) -> None:
        """Tidy up what a server that was killed has left, and wait for the end of another node's round."""
        until = self._engine.clock.now() + timedelta(seconds=table.within_s)
        while True:
            left = [each for each in await self._engine.journal.open_incidents(table.team) if _is_made_up(each)]
            now = self._engine.clock.now()
            going_on = [each for each in left if now < until and self._is_of_another_round(each, table, now)]
            for incident in left:
                if incident not in going_on:
                    await self._end(incident)
            if not going_on:
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _is_of_another_round(self, incident: Incident, table: SyntheticTable, now: datetime) -> bool:
        """Whether another node may be at it still."""
        since = now - timedelta(seconds=table.within_s)
        seen = (each.seen for each in incident.alerts.values())
        return any(each.labels.get(NODE, "") != self._node and each.starts_at > since for each in seen)

    async def _try(self, way: Way, begun: datetime) -> str:
        labels = {**way.table.labels, RUN: begun.isoformat(timespec="seconds")}
        if self._node:
            labels[NODE] = self._node
        until = begun + timedelta(seconds=way.table.within_s)
        async with httpx.AsyncClient(timeout=way.table.within_s, trust_env=False) as client:
            try:
                if trouble := await _post(client, way.url, labels, begun, until + timedelta(minutes=5)):
                    return trouble
                trouble = await self._wait(way.table, labels, begun)
            finally:
                joined = await self._finish(client, way, labels, begun)
        return joined or trouble

    async def _finish(self, client: httpx.AsyncClient, way: Way, labels: dict[str, str], begun: datetime) -> str:
        """End the alert and close the incident, whatever has become of the round; what is wrong with that incident."""
        task = asyncio.current_task()
        try:
            if task is None or not task.cancelling():  # at the server's end its own intake answers no more
                await _post(client, way.url, labels, begun, self._engine.clock.now())
        except Exception:
            LOG.exception("The made-up alert could not be ended; it ends by itself in a few minutes")
        try:
            async with asyncio.timeout(TIDY_WITHIN_S):
                return await self._tidy_up(way.table.team, labels)
        except Exception:
            LOG.exception("The made-up incident stays open; the next round closes it")
            return ""

    async def _wait(self, table: SyntheticTable, labels: dict[str, str], begun: datetime) -> str:
        """Wait for the page; what was missing at the end."""
        until = begun + timedelta(seconds=table.within_s)
        while True:
            why = await self._look(table.team, labels, begun)
            if not why:
                return ""
            if self._engine.clock.now() >= until:
                return f"{why} within {table.within_s:g} s"
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, team: str, labels: dict[str, str], begun: datetime) -> str:
        incident = await self._find_incident(team, labels)
        if incident is None:
            return "its alert opened no incident"
        return find_missing(await self._engine.journal.entries(incident), begun)

    async def _find_incident(self, team: str, labels: dict[str, str]) -> str | None:
        row = await self._engine.journal.store.alert(team, Signal(labels=labels).fingerprint)
        return row.incident if row is not None else None

    async def _tidy_up(self, team: str, labels: dict[str, str]) -> str:
        """Close it, if nothing real has joined it; what is wrong with it."""
        stream = await self._find_incident(team, labels)
        incident = await self._engine.journal.incident(stream) if stream is not None else None
        if incident is None:
            return ""
        if not _is_made_up(incident):
            return f"its alert joined incident {incident.number}, which is a real one; give it a team of its own"
        if incident.status in OPEN:
            await self._end(incident)
        return ""

    async def _end(self, incident: Incident) -> None:
        """Close it; what its playbook still owes is left to whoever wrote that playbook."""
        try:
            for command in (Acknowledge(by=OWNER, via="synthetic"), Resolve(by=OWNER, note=NOTE), Close(by=OWNER)):
                await self._engine.submit(incident.id, command)
        except TocsinError as error:
            LOG.warning("The made-up incident %s stays open: %s", incident.number, error)

    def tell_figures(self) -> list[Extra]:
        """The rounds, for `/metrics`."""
        if self._took_s is None:
            return []
        took, good = "How long the last made-up incident took to its page.", "1 if it was paged as it should."
        return [
            Extra(name="tocsin_synthetic_rounds", what="Incidents made up.", value=self._rounds, counts=True),
            Extra(name="tocsin_synthetic_failures", what="Those not paged.", value=self._failures, counts=True),
            Extra(name="tocsin_synthetic_seconds", what=took, value=self._took_s),
            Extra(name="tocsin_synthetic_ok", what=good, value=float(not self.trouble)),
        ]


def find_missing(entries: Sequence[Entry], begun: datetime) -> str:
    """What a round that began at `begun` still lacks, in words; empty once a page that was decided since has arrived.

    An older page says nothing of whether pages arrive now.
    """
    requested = {each.seq for each in entries if isinstance(each.event, e.PageRequested) and each.recorded_at >= begun}
    why = "no page was delivered"
    for entry in entries:
        match entry.event:
            case e.PageDelivered(answers=seq) if seq in requested:
                return ""
            case e.PageFailed(answers=seq, why=told) | e.PageWithheld(answers=seq, why=told) if seq in requested:
                why = f"no page was delivered ({told.rstrip('.')})"
    return why


def _is_made_up(incident: Incident) -> bool:
    """Whether all of its alerts are."""
    return bool(incident.alerts) and all(RUN in each.seen.labels for each in incident.alerts.values())


async def _post(client: httpx.AsyncClient, url: str, labels: dict[str, str], start: datetime, end: datetime) -> str:
    alert: dict[str, Any] = {
        "labels": labels,
        "annotations": {"summary": NOTE},
        "startsAt": start.isoformat(),
        "endsAt": end.isoformat(),
    }
    try:
        answer = await client.post(url, json=[alert])
    except httpx.HTTPError as error:
        return f"its alert was not taken ({type(error).__name__})"
    return "" if answer.is_success else f"its alert was answered with {answer.status_code}"
