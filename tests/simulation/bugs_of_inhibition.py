"""Planted bugs of inhibition, and of alerts that are over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tocsin.alert.row import AlertRow
from tocsin.alert.signal import Signal
from tocsin.engine.inhibiting import Inhibiting
from tocsin.engine.intake import Intake
from tocsin.incident.inhibition import Inhibitions, Inhibitor, Labels

from .planting import Build, leave


@contextmanager
def heed_no_inhibitor() -> Iterator[Build]:
    """Whatever fires, it explains nothing."""

    def find(inhibitions: Inhibitions, labels: Labels) -> Inhibitor | None:
        return None

    with patch.object(Inhibitions, "find", find):
        yield leave


@contextmanager
def explain_for_ever() -> Iterator[Build]:
    """What explains others is never struck off."""

    async def strike_off(inhibiting: Inhibiting, team: str, gone: Sequence[Inhibitor]) -> None: ...

    with patch.object(Inhibiting, "_strike_off", strike_off):
        yield leave


@contextmanager
def hold_back_what_is_over() -> Iterator[Build]:
    """While an alert is explained, or silenced, nobody hears that it is over."""
    real = Intake.receive

    async def receive(intake: Intake, team: str | None, signals: Sequence[Signal]) -> None:
        left = []
        for signal in signals:
            rows: list[AlertRow] = await intake.find_rows(team or "", [signal.fingerprint])
            incident = await intake._journal.incident(rows[0].incident) if rows and rows[0].incident else None
            known: Any = incident.silenced if incident is not None else {}
            if not (signal.resolved and signal.fingerprint in known):
                left.append(signal)
        await real(intake, team, left)

    with patch.object(Intake, "receive", receive):
        yield leave
