"""Steps on another machine: as whom, with what set, and what became of them there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tocsin.engine.contracts import Blobs, Clock, Key
from tocsin.engine.originals import NoOriginals, Originals
from tocsin.engine.stops import Stops
from tocsin.errors import NotBegun
from tocsin.integrations.capture import REDACTED, Capture, spell_head
from tocsin.integrations.fan import Gate
from tocsin.integrations.shell import QUIET, fill
from tocsin.integrations.ssh.link import Link, Links
from tocsin.integrations.ssh.session import Arrive, Hear, Lost, Order, Ran, Unopened, run
from tocsin.integrations.ssh.way import Far, Way
from tocsin.playbook.pipeline import name_parts
from tocsin.timeline.events import OnTarget, Part, StepFinished, StepRequested
from tocsin.words import Tag

HEAD_CHARACTERS = 2000


class Remote:
    """Runs steps by SSH."""

    def __init__(
        self,
        links: Links,
        blobs: Blobs,
        clock: Clock,
        reach: Callable[[str], None],
        originals: Originals | None = None,
        stops: Stops | None = None,
    ) -> None:
        self._stops = stops or Stops()
        self._links, self._blobs, self._clock, self._reach = links, blobs, clock, reach
        self._originals: Originals = originals or NoOriginals()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="tocsin-remote")

    async def close(self) -> None:
        """Close every connection."""
        await self._links.close()

    async def run(
        self, key: Key, intent: StepRequested, far: Far, hear: Hear, gate: Gate | None, most: int
    ) -> StepFinished:
        """Run it there. Raises `NotBegun`, or `Lost` where nobody saw it end."""
        way = far.change if intent.changes else far.read
        if way is None:
            raise NotBegun(
                f"Nothing was run: the settings name nobody who may change something on {far.read.name}. Give the "
                "target a `change_user` and `change_key`."
            )
        word = "change" if intent.changes else "read"
        filled, known = await fill(self._originals, intent, key.stream)
        order = Order(
            text=filled.text,
            env={**QUIET, **far.env, **filled.bindings},
            directory=far.directory,
            timeout_s=intent.timeout_s,
            most=min(far.most, most),
            changes=intent.changes,
            terminal=far.terminal or Tag.TERMINAL in intent.tags,
            watch=partial(self._stops.watch, key),
        )
        self._reach(f"{word}.before_spawn")
        started = self._clock.now()
        ran = await self._run(way, order, hear, gate, lambda: self._reach(f"{word}.during"))
        self._reach(f"{word}.after")
        took = (self._clock.now() - started).total_seconds()
        return await self._tell(key, intent, way, ran, took, known)

    async def _run(self, way: Way, order: Order, hear: Hear, gate: Gate | None, begun: Callable[[], None]) -> Ran:
        """On a connection that is open; one that turns out to be of no use is made anew once."""
        arrive = gate.arrive if gate is not None else None
        find = self._links.find if order.changes else self._links.find_for_reads
        link = await find(way)
        try:
            return await self._run_on(link, order, hear, arrive, begun)
        except Unopened:
            link = await find(way)
            return await self._run_on(link, order, hear, arrive, begun)

    async def _run_on(
        self, link: Link, order: Order, hear: Hear, arrive: Arrive | None, begun: Callable[[], None]
    ) -> Ran:
        with link.use():
            try:
                return await run(link, order, hear, arrive, begun)
            except (Lost, Unopened):
                self._links.drop(link)
                raise

    async def _tell(
        self, key: Key, intent: StepRequested, way: Way, ran: Ran, took: float, known: tuple[str, ...]
    ) -> StepFinished:
        loop = asyncio.get_running_loop()
        stdout, stderr = [
            await loop.run_in_executor(self._threads, each.spell, known) if each else b"" for each in (ran.out, ran.err)
        ]
        put = self._blobs.put
        on = OnTarget(
            target=intent.target,
            state="ok" if ran.exit_code == 0 else "failed",
            identity=str(way),
            exit_code=ran.exit_code,
            duration_s=round(took, 3),
            stdout=await put(stdout) if stdout else "",
            stderr=await put(stderr) if stderr else "",
            head=spell_head(stdout or stderr, HEAD_CHARACTERS),
            cut=ran.out.cut + ran.err.cut,
            why=ran.why,
            stdout_sealed=await self._seal(stdout, ran.out),
            stderr_sealed=await self._seal(stderr, ran.err),
        )
        return StepFinished(
            answers=key.seq,
            step=intent.step,
            exit_code=ran.exit_code,
            duration_s=round(took, 3),
            stdout=on.stdout,
            stderr=on.stderr,
            stdout_head=on.head,
            cut=on.cut,
            why=ran.why,
            parts=_name_parts(intent.text, ran.statuses),
            on=(on,),
            stdout_sealed=on.stdout_sealed,
            stderr_sealed=on.stderr_sealed,
            ran_as=on.identity,
        )

    async def _seal(self, shown: bytes, captured: Capture) -> str:
        """The original of an output from which something was taken out, sealed; else nothing."""
        return await self._originals.keep(captured.content()) if REDACTED in shown else ""


def _name_parts(text: str, statuses: tuple[int, ...]) -> tuple[Part, ...]:
    if not any(statuses):
        return ()
    names = name_parts(text, len(statuses))
    return tuple(Part(program=name, exit_code=code) for name, code in zip(names, statuses, strict=True))
