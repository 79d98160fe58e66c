"""The few buttons of a demonstration: look at the world, break it, put it in order, kill the server that responds.

    GET  /state        everything there is to see
    POST /break        inject the fault; answers when it is proved to be there
    POST /heal-reset   undo the fault and forget the drill
    POST /kill         kill the tocsin server, to see what it has lost (nothing)

On loopback, with a bearer token of its own, for the process that draws the screen.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import msgspec

from tocsin.drill.fault import Fault
from tocsin.drill.phone import Phone, Received
from tocsin.drill.referee import Colour, Referee, Verdict
from tocsin.drill.supervisor import Process
from tocsin.drill.watcher import Watch, Watcher
from tocsin.drill.wire import Answer, Listener, Request, refuse
from tocsin.drill.world import World
from tocsin.errors import Conflict, TocsinError, Unavailable, UserError

HEAL_SECONDS = 15.0
CALM_SECONDS = 5.0


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """The tocsin server under demonstration, as whoever keeps it running sees it.

    ``killed_at`` is when the button last killed it, null for never; ``started_at`` when the one that runs now began.
    """

    pid: int | None
    uptime_s: float
    restarts: int
    killed_at: datetime | None = None
    started_at: datetime | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The fault: its name, alert, story and remedy, and whether it is there at this moment."""

    name: str
    alert: str
    story: str
    remedy: str
    present: bool


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """The moments of the drill, which began at ``begun_at``; null where it has not come so far."""

    begun_at: datetime
    injected_at: datetime | None
    red_at: datetime | None
    alert_at: datetime | None
    green_at: datetime | None


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is to see: the answer to GET /state.

    ``doing`` says in a word or two what is being done to the world at this moment, empty for nothing.
    """

    world: str
    doing: str
    directory: str
    processes: tuple[Process, ...]
    fault: Standing
    referee: Verdict
    watcher: Watch
    phone: tuple[Received, ...]
    times: Times
    server: Server


class Stage:
    """Joins a world with its fault, referee, watcher and phone, and serves the buttons.

    ``kill`` ends the tocsin server (whoever passes it starts that again); ``server`` tells how it is.
    """

    def __init__(
        self,
        world: World,
        fault: Fault,
        *,
        referee: Referee,
        watcher: Watcher,
        phone: Phone,
        kill: Callable[[], Awaitable[None]],
        server: Callable[[], Server],
        port: int = 0,
    ) -> None:
        self._world = world
        self._fault = fault
        self._referee = referee
        self._watcher = watcher
        self._phone = phone
        self._kill = kill
        self._server = server
        self._turn = asyncio.Lock()
        self._doing = ""
        self._begun_at = datetime.now(UTC)
        self._injected_at: datetime | None = None
        self._listener = Listener(self._respond, port=port, body_limit=0)
        self.token = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        """Where the buttons are."""
        return self._listener.url

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._listener.__aexit__(kind, error, trace)
        with suppress(TocsinError):
            await self._fault.undo()

    async def look(self) -> Picture:
        """Everything there is to see."""
        try:
            processes = await self._world.processes()
        except Unavailable:
            processes = ()
        fault, verdict, watch = self._fault, self._referee.state(), self._watcher.state()
        return Picture(
            world=self._world.name,
            doing=self._doing,
            directory=str(self._world.directory),
            processes=processes,
            fault=Standing(
                name=fault.name,
                alert=fault.alert,
                story=fault.story,
                remedy=fault.remedy,
                present=await fault.probe(),
            ),
            referee=verdict,
            watcher=watch,
            phone=self._phone.pages,
            times=Times(
                begun_at=self._begun_at,
                injected_at=self._injected_at,
                red_at=verdict.red_at,
                alert_at=watch.alert_at,
                green_at=verdict.green_at,
            ),
            server=self._server(),
        )

    async def break_world(self) -> None:
        """Inject the fault and start the clocks once it is there; raises Conflict while it is there already."""
        if self._turn.locked():
            raise Conflict("The world is being changed at this moment; look again in a few seconds.")
        async with self._change("breaking"):
            if await self._fault.probe():
                raise Conflict(f"The fault '{self._fault.name}' is already there; put the world in order first.")
            await self._fault.undo()
            await self._begin()
            await self._fault.inject()
            self._injected_at = datetime.now(UTC)

    async def heal(self) -> None:
        """Undo the fault, put lost orders back, and begin anew; raises Unavailable if the world stays red."""
        async with self._change("starting over"):
            await self._fault.undo()
            await self._world.act("start")
            if self._referee.state().lost_orders:
                await self._world.renew_orders()
            await self._begin()
            if not await self._referee.wait_for(Colour.GREEN, HEAL_SECONDS):
                raise Unavailable("The world is not in order yet; restart the demonstration if it stays like this.")

    @asynccontextmanager
    async def _change(self, doing: str) -> AsyncIterator[None]:
        async with self._turn:
            self._doing = doing
            try:
                yield
            finally:
                self._doing = ""

    async def _begin(self) -> None:
        """Forget the last drill. Its alerts end first, or the next one's would pass for theirs."""
        self._injected_at = None
        self._referee.begin()
        self._watcher.begin()
        await self._watcher.wait_until_calm(CALM_SECONDS)
        self._begun_at = datetime.now(UTC)
        self._phone.clear()

    async def _respond(self, request: Request) -> Answer:
        given = request.fields.get("authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {self.token}".encode()):
            return refuse(401)
        acts: dict[tuple[str, str], Callable[[], Awaitable[Any]]] = {
            ("GET", "/state"): self.look,
            ("POST", "/break"): self.break_world,
            ("POST", "/heal-reset"): self.heal,
            ("POST", "/kill"): self._kill,
        }
        act = acts.get((request.method, request.path))
        if act is None:
            return refuse(404)
        try:
            result = await act()
        except TocsinError as error:
            status = error.status if isinstance(error, UserError) else 503
            return Answer(status, {"error": str(error), "code": error.code})
        return Answer(200, result if result is not None else {"ok": True})
