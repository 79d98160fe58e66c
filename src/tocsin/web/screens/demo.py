"""The demonstration on screen: break a world, watch the response, kill the server that responds."""

from __future__ import annotations

import contextlib
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect, Response

from tocsin.errors import Denied, NotFound
from tocsin.incident.commands import Resolve
from tocsin.incident.state import Incident
from tocsin.web.auth import Asker
from tocsin.web.desk import Desk, Stage
from tocsin.web.frame import Frame
from tocsin.web.library import Library
from tocsin.web.views.demo import DemoView, Record, show_demo
from tocsin.web.views.picture import find_main, find_pages, read_picture

MOST_ENTRIES = 2000
ANEW = "The demonstration begins anew."


@get("/demo")
async def show_stage(desk: Given[Desk], library: Given[Library], frame: Given[Frame]) -> Response[str]:
    """The screen; htmx gets only the part that changes."""
    template = "parts/stage.html" if frame.inline else "demo.html"
    return frame.show(template, demo=await _look(desk, library, frame.asker))


@get("/demo/state")
async def read_stage(
    desk: Given[Desk], library: Given[Library], asker: Given[Asker], kept: FromQuery[int] = 0
) -> DemoView:
    """The same as JSON: the screen asks for it every second, and notices so when the server has died.

    `kept` is the number of an entry that was there before; the answer says under which seal it is there now.
    """
    return await _look(desk, library, asker, kept)


@post("/demo/break", status_code=303)
async def break_world(
    desk: Given[Desk], library: Given[Library], asker: Given[Asker], frame: Given[Frame]
) -> Response[Any]:
    """Break the world. What an earlier round has left open ends first, so that the alert opens an incident again."""
    stage = _stage(desk)
    if not read_picture(await stage.state()).fault.present:
        await _end_round(desk, asker)
    await stage.break_it()
    return _back(frame)


@post("/demo/reset", status_code=303)
async def reset_world(desk: Given[Desk], asker: Given[Asker], frame: Given[Frame]) -> Response[Any]:
    """Put everything in order and begin anew."""
    await _end_round(desk, asker)
    await _stage(desk).reset()
    return _back(frame)


@post("/demo/kill", status_code=303)
async def kill_server(desk: Given[Desk], frame: Given[Frame]) -> Response[Any]:
    """Kill this very server; the answer usually does not arrive."""
    await _stage(desk).kill_server()
    return _back(frame)


def _stage(desk: Desk) -> Stage:
    if desk.stage is None:
        raise NotFound("There is no demonstration here.")
    return desk.stage


async def _end_round(desk: Desk, asker: Asker) -> None:
    """Resolve what is open of the team whose world it is."""
    team = read_picture(await _stage(desk).state()).world
    for incident in await desk.engine.journal.open_incidents(team):
        with contextlib.suppress(Denied, NotFound):
            await desk.engine.submit(incident.id, Resolve(by=asker.person, note=ANEW))


def _back(frame: Frame) -> Response[Any]:
    if frame.inline:
        return Response(None, status_code=204, headers={"HX-Trigger": "state"})
    return Redirect("/demo", status_code=303)


async def _look(desk: Desk, library: Library, asker: Asker, kept: int = 0) -> DemoView:
    picture = read_picture(await _stage(desk).state())
    incidents = await _find_incidents(desk, asker, {page.incident: None for page in find_pages(picture)})
    main = incidents.get(find_main(picture))
    record = await _read_record(library, main, kept) if main is not None else Record()
    return show_demo(picture, record, incidents, library.name, desk.clock.now())


async def _find_incidents(desk: Desk, asker: Asker, streams: dict[str, None]) -> dict[str, Incident]:
    found = {name: await desk.engine.journal.incident(name) for name in streams if name and "/" not in name}
    return {
        name: incident
        for name, incident in found.items()
        if incident is not None and desk.sight.sees(incident, asker.person)
    }


async def _read_record(library: Library, incident: Incident, kept: int) -> Record:
    return Record(
        scene=await library.scene(incident.id),
        entries=await library.entries(incident, MOST_ENTRIES),
        seal=await library.seal(incident.id, incident.seq),
        kept_seal=await library.seal(incident.id, kept) if kept > 0 else "",
    )


SCREENS: list[HTTPRouteHandler] = [show_stage, read_stage, break_world, reset_world, kill_server]
