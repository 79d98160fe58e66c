"""Sources of alerts, as Alertmanager behaves: they repeat what fires, and say again whatever was not answered with 2xx.

What breaks comes at random: single alerts, storms of many at once, some that flap, and some whose "resolved" overtakes
their "firing" on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from tocsin.alert.signal import Signal
from tocsin.errors import TocsinError
from tocsin.testing.simulation import faults
from tocsin.testing.simulation.dice import Dice
from tocsin.testing.simulation.faults import Mischief
from tocsin.testing.simulation.node import Gone, Ground, Node
from tocsin.testing.simulation.record import Sent
from tocsin.testing.simulation.teams import WORDS_OF_SEVERITY, Trouble

REPEAT_S = 1800.0
TRY_AGAIN_S, LONGEST_TRY_S = 5.0, 60.0
LONGEST_DELAY_S = 20.0
HOSTS = 12
STORM = (5, 18)
FLAPS = (3, 8)

Labels = dict[str, str]


class Senders:
    """All sources together. `find` gives the server that answers just now."""

    def __init__(self, ground: Ground, node: Any, spawn: Any) -> None:
        self._ground, self._node, self._spawn = ground, node, spawn
        self._dice = Dice(ground.record.seed, "senders")
        self._mischief: Mischief = ground.mischief
        self._running = 0

    async def run(self, until: float, mean_s: float) -> None:
        """Break something every `mean_s`, in the mean, until then."""
        while True:
            await asyncio.sleep(mean_s * self._dice.between(0.4, 1.6))
            if self._ground.time() >= until:
                return
            self._spawn(self._happen(self._dice.pick(self._ground.cast.troubles)))

    def _happen(self, trouble: Trouble) -> Coroutine[Any, Any, None]:
        roll = self._dice.roll()
        labels = self._label(trouble, self._dice.pick(range(HOSTS)))
        if roll < 0.06:
            self._mischief.note("storm", "source")
            return self._storm(trouble)
        if roll < 0.16:
            self._mischief.note("flapping", "source")
            return self._flap(trouble.team, labels)
        if roll < 0.21:
            self._mischief.note("resolve before fire", "source")
            return self._resolve_first(trouble.team, labels)
        return self._burn(trouble.team, [labels], self._dice.wait(2700.0, 6 * 3600.0))

    def _label(self, trouble: Trouble, host: int) -> Labels:
        severity = WORDS_OF_SEVERITY[int(4 * self._dice.roll() ** 2)]
        return {"alertname": trouble.alert, "host": f"host-{host}", "severity": severity}

    # ── what happens ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _storm(self, trouble: Trouble) -> None:
        severity = self._label(trouble, 0)["severity"]
        count = int(self._dice.between(*STORM))
        many = [{"alertname": trouble.alert, "host": f"storm-{host}", "severity": severity} for host in range(count)]
        await self._burn(trouble.team, many, self._dice.wait(1800.0, 4 * 3600.0))

    async def _burn(self, team: str, many: Sequence[Labels], seconds: float) -> None:
        """Fire, repeat, and be over."""
        over = self._ground.time() + seconds
        while self._ground.time() < over:
            await self._tell(team, many, firing=True, until=over)
            await asyncio.sleep(max(0.0, min(REPEAT_S, over - self._ground.time())))
        await self._tell(team, many, firing=False)

    async def _flap(self, team: str, labels: Labels) -> None:
        for _ in range(int(self._dice.between(*FLAPS))):
            await self._burn(team, [labels], self._dice.between(5.0, 120.0))
            await asyncio.sleep(self._dice.between(5.0, 120.0))

    async def _resolve_first(self, team: str, labels: Labels) -> None:
        await self._tell(team, [labels], firing=False)
        await asyncio.sleep(self._dice.between(0.0, 2.0))
        await self._tell(team, [labels], firing=True)
        await asyncio.sleep(self._dice.wait(1200.0))
        await self._tell(team, [labels], firing=False)

    # ── saying it ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _tell(self, team: str, many: Sequence[Labels], *, firing: bool, until: float = float("inf")) -> None:
        """Say it until it is answered, or until it is not true any more."""
        wait = TRY_AGAIN_S
        while not await self._post(team, many, firing) and self._ground.time() < until:
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_TRY_S)

    async def _post(self, team: str, many: Sequence[Labels], firing: bool) -> bool:
        """Send it once over a network that fails; whether it was answered with 2xx."""
        fault = self._mischief.strike_way_in()
        if fault == faults.DROP:
            await asyncio.sleep(LONGEST_DELAY_S)
            return False
        if fault == faults.REORDER:
            self._spawn(self._arrive_late(team, many, firing))
            return False
        if fault == faults.DELAY:
            await asyncio.sleep(self._dice.between(0.0, LONGEST_DELAY_S))
        if fault == faults.DUPLICATE:
            self._spawn(self._arrive_late(team, many, firing))
        at = self._ground.time()
        taken = await self._arrive(team, many, firing)
        taken = taken and fault != faults.LOST_ANSWER
        told_at = self._ground.time() if taken else None
        self._ground.record.sent += [Sent(at, team, labels, firing, told_at) for labels in many]
        return taken

    async def _arrive_late(self, team: str, many: Sequence[Labels], firing: bool) -> None:
        await asyncio.sleep(self._dice.between(0.0, LONGEST_DELAY_S))
        self._ground.record.sent += [Sent(self._ground.time(), team, labels, firing, None) for labels in many]
        await self._arrive(team, many, firing)

    async def _arrive(self, team: str, many: Sequence[Labels], firing: bool) -> bool:
        node: Node | None = self._node()
        if node is None:
            return False
        signals = [Signal(labels=labels, resolved=not firing) for labels in many]
        try:
            await node.answer(node.engine.intake.receive(team, signals))
        except (Gone, TocsinError):
            return False
        return True
