"""The shadow report on screen."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Response

from tocsin.web.api.shadow import Day, show_shadow
from tocsin.web.auth import Asker
from tocsin.web.desk import Desk
from tocsin.web.frame import Frame
from tocsin.web.library import Library
from tocsin.web.screens.postmortem import render_markdown


@get("/teams/{team:str}/shadow")
async def show_shadow_day(
    desk: Given[Desk],
    library: Given[Library],
    asker: Given[Asker],
    frame: Given[Frame],
    team: FromPath[str],
    day: Day = "",
) -> Response[str]:
    """A team's day in shadow mode."""
    found = await show_shadow(desk, library, asker, team, day)
    return frame.show("shadow.html", team=team, day=found.report.day.isoformat(), html=render_markdown(found.text))
