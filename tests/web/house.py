"""A server's screens and API on a story: the production engine and store, a clock that stands still, people to be."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
from litestar import Litestar

from tocsin.app.watch.metrics import Meter
from tocsin.errors import Conflict
from tocsin.knowledge import load_knowledge
from tocsin.oncall.settings import Person, Schedule
from tocsin.page.link import Ticket, sign
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.store.sessions import Sessions
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import PageRequested
from tocsin.web import Desk, Policy, create_app
from tocsin.web.auth import COOKIE
from tocsin.web.server import Server, make_server
from tocsin.web.site import move_in

PLAYBOOKS = Path(__file__).parents[2] / "src" / "tocsin" / "drill" / "demo" / "playbooks"
LINK_KEY = b"l" * 32
KEY = "0123456789abcdef0123456789abcdef"
HOST = "http://tocsin.test"


def make_cast(name: str = "quorum", **changes: Any) -> Cast:
    """A team of four with a playbook of the range."""
    people = {
        "ana": Person(name="Ana Lind", channels=("mail", "phone")),
        "bo": Person(name="Bo Rask", channels=("phone",)),
        "lea": Person(name="Lea Okafor"),
        "max": Person(name="Max Sand"),
    }
    given: dict[str, Any] = {
        "playbook": (PLAYBOOKS / f"{name}.md").read_bytes(),
        "name": name,
        "people": people,
        "schedules": {"primary": Schedule(people=("ana",)), "secondary": Schedule(people=("bo",))},
        "levels": (("primary",), ("secondary",), ("max",)),
        "roles": {"engineering lead": ("lea",), "security": ("lea",), "security team lead": ("lea",)},
        "last_resort": ("max",),
    }
    return Cast(**{**given, **changes})


def make_desk(story: Story, **changes: Any) -> Desk:
    """What the web room gets, on a story."""

    def compile_text(source: bytes, name: str) -> Playbook:
        return compile_playbook(source, name, load_knowledge(), today=story.start.date())

    given: dict[str, Any] = {
        "engine": story.engine,
        "sessions": Sessions(story.store),
        "blobs": story.blobs,
        "clock": story.clock,
        "policy": Policy(url=HOST, version="0.1.0"),
        "link_key": LINK_KEY,
        "keys": lambda: {KEY: "quorum"},
        "people": lambda: story.shelf.settings.people,
        "remarks": lambda: (),
        "compile_text": compile_text,
        "measure": Meter(story.engine, "0.1.0").spell,
    }
    return Desk(**{**given, **changes})


class Stage:
    """A demo's world that does what it is told."""

    signin = "/opt/tocsin signin you --workspace /srv/demo"

    def __init__(self) -> None:
        self.picture: dict[str, Any] = {}
        self.asked: list[str] = []

    async def state(self) -> dict[str, Any]:
        return self.picture

    async def break_it(self) -> dict[str, Any]:
        if "break" in self.asked:
            raise Conflict("The fault 'leak' is already there; put the world in order first.")
        self.asked.append("break")
        return {"ok": True}

    async def reset(self) -> dict[str, Any]:
        self.asked.append("reset")
        return {"ok": True}

    async def kill_server(self) -> dict[str, Any]:
        self.asked.append("kill")
        return {"ok": True}


_EMPTY: dict[tuple[str, int, bool], list[Litestar]] = {}
"""Applications that nobody lives in any more. To lay one out takes longer than most tests."""


def _find_key(desk: Desk) -> tuple[str, int, bool]:
    """All of a desk that the routes of an application depend on."""
    return desk.policy.version, desk.policy.most_body, desk.stage is not None


def take_app(desk: Desk) -> Litestar:
    """An application on this desk: one that is empty, or a new one."""
    empty = _EMPTY.get(_find_key(desk))
    if not empty:
        return create_app(desk)
    app = empty.pop()
    move_in(app, desk)
    return app


class House:
    """A story with its application, and clients for whoever asks."""

    def __init__(self, story: Story, desk: Desk) -> None:
        self.story, self.desk = story, desk
        self.app: Litestar = take_app(desk)
        self.server: Server | None = None
        self._clients: list[httpx.AsyncClient] = []

    def client(self, **options: Any) -> httpx.AsyncClient:
        """A client that nobody knows."""
        transport = httpx.ASGITransport(cast("Any", self.app), raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=HOST, **options)
        self._clients.append(client)
        return client

    async def browser(self, person: str = "bo") -> httpx.AsyncClient:
        """A browser in which somebody is signed in, on one of our own screens."""
        secret = await self.desk.sessions.begin("session", person, self.story.clock.now() + timedelta(days=30))
        return self.client(cookies={COOKIE: secret}, headers={"Sec-Fetch-Site": "same-origin", "HX-Request": "true"})

    async def caller(self, person: str = "bo", **headers: str) -> httpx.AsyncClient:
        """A program with somebody's token."""
        secret = await self.desk.sessions.begin("token", person, self.story.clock.now() + timedelta(days=30))
        return self.client(headers={"Authorization": f"Bearer {secret}", **headers})

    async def link(self, person: str = "bo") -> str:
        """A one-time link's secret."""
        return await self.desk.sessions.begin("link", person, self.story.clock.now() + timedelta(hours=1))

    async def ticket(self, responder: str = "ana", stream: str | None = None, **changes: Any) -> str:
        """The link of the first page to somebody."""
        paged = next(
            entry
            for entry in await self.story.events(PageRequested, stream)
            if isinstance(entry.event, PageRequested) and entry.event.responder == responder
        )
        assert isinstance(paged.event, PageRequested)
        given: dict[str, Any] = {
            "incident": paged.stream,
            "page": paged.seq,
            "responder": responder,
            "channel": paged.event.channel,
            "until": paged.at + timedelta(hours=24),
        }
        return sign(LINK_KEY, Ticket(**{**given, **changes}))

    async def count(self, stream: str = "") -> int:
        """How many entries an incident has."""
        return len(await self.story.journal.entries(stream or self.story.stream))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The application behind a real server on loopback; its address."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = make_server(self.app)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=url, timeout=60) as probe:
                while not server.started:
                    assert not task.done(), "the server did not start"
                    await asyncio.sleep(0.01)
                await probe.get("/-/healthy")
            self.server = server
            yield url
        finally:
            server.should_exit = True
            await task
            listener.close()

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()
        _EMPTY.setdefault(_find_key(self.desk), []).append(self.app)
