"""Planted bugs of silences, maintenance windows and heartbeats."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from tocsin.alert import heartbeat
from tocsin.alert.heartbeat import Beat, Heartbeat
from tocsin.alert.signal import Signal
from tocsin.engine import beats, teams
from tocsin.engine.beats import Beats
from tocsin.engine.contracts import Write
from tocsin.engine.intake import Intake
from tocsin.engine.shelf import Shelf
from tocsin.incident.silence import Silence
from tocsin.incident.standing import Standing, fold_standing
from tocsin.page import hush
from tocsin.testing.simulation.node import Node
from tocsin.timeline import events as e
from tocsin.timeline.codec import unseal

from .planting import Build, Every, leave


@contextmanager
def heed_no_silence() -> Iterator[Build]:
    """Alerts of incidents that are open are never hushed."""
    with patch.object(hush, "find_active", lambda silences, labels, now: ()):
        yield leave


@contextmanager
def forget_silences() -> Iterator[Build]:
    """A server that starts again knows of no silence."""
    real = fold_standing

    def fold(entries: Any, standing: Standing) -> Standing:
        found = real(entries, standing)
        return found if standing.seq else replace(found, silences={})

    with patch.object(teams, "fold_standing", fold):
        yield leave


@contextmanager
def know_no_windows() -> Iterator[Build]:
    """The windows of the settings are not looked at."""

    def windows(shelf: Shelf, team: str) -> tuple[Silence, ...]:
        return ()

    with patch.object(Shelf, "windows", windows):
        yield leave


@contextmanager
def stay_quiet() -> Iterator[Build]:
    """What hushed an alert ends, and the alert stays hushed."""
    real = hush._settle

    def settle(*given: Any) -> Iterator[Any]:
        return (each for each in real(*given) if not isinstance(each, e.AlertUnsilenced))

    with patch.object(hush, "_settle", settle):
        yield leave


@contextmanager
def look_at_nothing_again() -> Iterator[Build]:
    """What a hush kept from opening an incident is not looked at when it ends."""

    async def reconsider(intake: Intake, team: str) -> None: ...

    with patch.object(Intake, "reconsider", reconsider):
        yield leave


@contextmanager
def lose_silences() -> Iterator[Build]:
    """Every third silence is answered, and not written."""
    every = Every(3)

    def build(node: Node) -> None:
        real = node.disk.write

        async def write(write: Write) -> None:
            spoken = [unseal(each).event for append in write.appends for each in append.entries]
            if not (any(isinstance(each, e.SilenceSet) for each in spoken) and every()):
                await real(write)

        node.disk.write = write  # type: ignore[method-assign]

    yield build


@contextmanager
def miss_no_heartbeat() -> Iterator[Build]:
    """Nobody looks whether heartbeats come."""

    async def turn(self: Beats, now: datetime) -> int:
        return 0

    with patch.object(Beats, "turn", turn):
        yield leave


@contextmanager
def expect_too_soon() -> Iterator[Build]:
    """Heartbeats are late after three quarters of their time."""
    real = heartbeat.find_due

    def find_due(of: Heartbeat, zone: str, now: datetime) -> datetime:
        return real(of, zone, now) - timedelta(seconds=(of.every_s or 0) / 4)

    with patch.object(heartbeat, "find_due", find_due), patch.object(beats, "find_due", find_due):
        yield leave


@contextmanager
def hear_no_return() -> Iterator[Build]:
    """A heartbeat that is back is noted, and its alert goes on."""
    real = heartbeat.make_signal

    def make_signal(of: Heartbeat, beat: Beat, now: datetime) -> Signal:
        return replace(real(of, beat, now), resolved=False)

    with patch.object(beats, "make_signal", make_signal):
        yield leave
