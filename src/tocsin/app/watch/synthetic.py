"""An incident made up every so often, and taken the whole real way: alert over HTTP, incident, page, its channel.

It belongs to a team of its own in the settings, whose people are a machine's address or somebody who wants to know.
Once its page was delivered, the alert ends and the incident is closed. A round that fails is said in the log, in
`/metrics` and on screen, and holds back the outgoing heartbeat.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from tocsin.alert.signal import Signal
from tocsin.app.watch.metrics import Extra
from tocsin.engine.loop import Engine
from tocsin.errors import TocsinError
from tocsin.incident.authority import OWNER
from tocsin.incident.commands import Acknowledge, Close, Resolve
from tocsin.incident.state import OPEN
from tocsin.timeline import events as e

LOG = logging.getLogger("tocsin.synthetic")

FIRST_AFTER_S = 5.0
LOOK_EVERY_S = 0.2
LOOK_FOR_SETTINGS_S = 5.0
RUN = "tocsin_run"
"""The label that makes each round's alert one that never fired before."""
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

    def __init__(self, engine: Engine, find: Callable[[], Way | None]) -> None:
        self._engine, self._find = engine, find
        self._rounds = self._failures = 0
        self._took_s: float | None = None
        self.trouble = ""

    async def run(self) -> None:
        """Make rounds for ever, while they are in the settings."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            way = self._find()
            if way is not None:
                await self.turn(way)
            elif self.trouble:
                self.trouble = ""
            await asyncio.sleep(way.table.every_s if way is not None else LOOK_FOR_SETTINGS_S)

    async def turn(self, way: Way) -> None:
        """One round."""
        begun = self._engine.clock.now()
        self._rounds += 1
        try:
            self.trouble = await self._try(way, begun)
        except Exception as error:  # a disk in trouble must not end the server
            LOG.exception("The made-up incident could not be followed")
            self.trouble = f"the made-up incident could not be followed ({type(error).__name__}: {error})"
        self._took_s = (self._engine.clock.now() - begun).total_seconds()
        if self.trouble:
            self._failures += 1
            LOG.critical("A made-up incident of team %s was not paged as it should: %s.", way.table.team, self.trouble)

    async def _try(self, way: Way, begun: datetime) -> str:
        labels = {**way.table.labels, RUN: begun.isoformat(timespec="seconds")}
        until = begun + timedelta(seconds=way.table.within_s)
        async with httpx.AsyncClient(timeout=way.table.within_s, trust_env=False) as client:
            if trouble := await _post(client, way.url, labels, begun, until + timedelta(minutes=5)):
                return trouble
            trouble = await self._wait(way.table, labels, until)
            await _post(client, way.url, labels, begun, self._engine.clock.now())
        await self._tidy_up(way.table.team, labels)
        return trouble

    async def _wait(self, table: SyntheticTable, labels: dict[str, str], until: datetime) -> str:
        """Wait for the page; what was missing at the end."""
        why = ""
        while True:
            why = await self._look(table.team, labels)
            if not why:
                return ""
            if self._engine.clock.now() >= until:
                return f"{why} within {table.within_s:g} s"
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, team: str, labels: dict[str, str]) -> str:
        incident = await self._find_incident(team, labels)
        if incident is None:
            return "its alert opened no incident"
        entries = await self._engine.journal.entries(incident)
        if any(isinstance(entry.event, e.PageDelivered) for entry in entries):
            return ""
        failed = [entry.event.why for entry in entries if isinstance(entry.event, e.PageFailed | e.PageWithheld)]
        return f"no page was delivered ({failed[-1].rstrip('.')})" if failed else "no page was delivered"

    async def _find_incident(self, team: str, labels: dict[str, str]) -> str | None:
        row = await self._engine.journal.store.alert(team, Signal(labels=labels).fingerprint)
        return row.incident if row is not None else None

    async def _tidy_up(self, team: str, labels: dict[str, str]) -> None:
        """Close it; what its playbook still owes is left to whoever wrote that playbook."""
        stream = await self._find_incident(team, labels)
        incident = await self._engine.journal.incident(stream) if stream is not None else None
        if stream is None or incident is None or incident.status not in OPEN:
            return
        try:
            for command in (Acknowledge(by=OWNER, via="synthetic"), Resolve(by=OWNER, note=NOTE), Close(by=OWNER)):
                await self._engine.submit(stream, command)
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
