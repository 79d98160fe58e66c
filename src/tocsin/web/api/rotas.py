"""Schedules: who is on duty, forecasts, overrides, swaps and calendar feeds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Response

from tocsin.errors import BadInput
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.bodies import Nothing
from tocsin.web.rotas import Rotas
from tocsin.web.shifts import FeedBody, OverrideBody, SwapAsked, SwapBody
from tocsin.web.views.covering import SetView, SwapView
from tocsin.web.views.rotas import ForecastView, SchedulesView

TAGS = ["teams"]


class Made(msgspec.Struct, frozen=True):
    """The id of what was made or ended."""

    id: str


class OpenedFeed(msgspec.Struct, frozen=True):
    """A feed and its address. Whoever has the address may read; it is shown this once."""

    id: str
    url: str


@get("/schedules", operation_id="listSchedules", tags=TAGS, responses=describe_failures(400))
async def list_schedules(
    rotas: Given[Rotas],
    days: Annotated[int, QueryParameter(ge=1, le=366, description="So far ahead.")] = 28,
) -> SchedulesView:
    """Who is on duty and who comes next, what is wrong with that, and who may read it as a calendar."""
    return await rotas.view(timedelta(days=days))


@get("/forecast", operation_id="readForecast", tags=TAGS, responses=describe_failures(400, 404))
async def read_forecast(
    rotas: Given[Rotas],
    team: Annotated[str, QueryParameter(max_length=200)],
    severity: Annotated[str | None, QueryParameter(max_length=200, description="None: unclassified.")] = None,
    scenario: Annotated[str | None, QueryParameter(max_length=500, description="By its title or line.")] = None,
    at: Annotated[str | None, QueryParameter(max_length=60, description="When it opens; now if not given.")] = None,
    minutes: Annotated[int, QueryParameter(ge=1, le=10_080, description="So far ahead.")] = 240,
) -> ForecastView:
    """Who would be paged, when, over which channel, and who joins them, if an incident opened and nobody answered."""
    return await rotas.forecast(team, severity or None, scenario or None, read_moment(at), timedelta(minutes=minutes))


def read_moment(text: str | None) -> datetime | None:
    """A moment with its offset; null for none. Raises `BadInput`."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))  # an address that nobody quoted turns + into a blank
    except ValueError as error:
        raise BadInput(f"{text!r} is no moment; write it as 2026-03-02T03:00Z.") from error
    if found.tzinfo is None:
        raise BadInput(f"{text!r} has no offset; write it as 2026-03-02T03:00Z or 2026-03-02T03:00+01:00.")
    return found


@post(
    "/schedules/{team:str}/overrides", operation_id="setOverride", tags=TAGS, responses=describe_failures(400, 403, 404)
)
async def set_override(
    rotas: Given[Rotas], asker: Given[Asker], team: FromPath[str], data: JSONBody[OverrideBody]
) -> SetView:
    """Let somebody have a duty for a while. Asked again in the same words, it is the first one that is answered."""
    return await rotas.override(asker, team, data)


@post(
    "/schedules/{team:str}/overrides/{override:str}/end",
    operation_id="endOverride",
    status_code=200,
    tags=TAGS,
    responses=describe_failures(400, 403, 404),
)
async def end_override(
    rotas: Given[Rotas], asker: Given[Asker], team: FromPath[str], override: FromPath[str], data: JSONBody[Nothing]
) -> Made:
    """End an override, or a swap as a whole."""
    await rotas.end(asker, team, override)
    return Made(id=override)


@post("/schedules/{team:str}/swaps", operation_id="swapShifts", tags=TAGS, responses=describe_failures(400, 403, 404))
async def swap_shifts(
    rotas: Given[Rotas], asker: Given[Asker], team: FromPath[str], data: JSONBody[SwapBody]
) -> SwapView:
    """Let two people exchange the shifts that they have at a moment each; what was taken and what was not."""
    return await rotas.swap(asker, team, data)


@post(
    "/schedules/{team:str}/swaps/preview",
    operation_id="previewSwap",
    status_code=200,
    tags=TAGS,
    responses=describe_failures(400, 404),
)
async def preview_swap(rotas: Given[Rotas], team: FromPath[str], data: JSONBody[SwapAsked]) -> SwapView:
    """What a swap would take, and what of the same turns it would not; nothing changes hands."""
    return await rotas.foresee_swap(team, data)


@post("/schedules/{team:str}/feeds", operation_id="openFeed", tags=TAGS, responses=describe_failures(400, 403, 404))
async def open_feed(
    rotas: Given[Rotas], asker: Given[Asker], team: FromPath[str], data: JSONBody[FeedBody]
) -> OpenedFeed:
    """Open an iCalendar feed of a person's shifts, in all teams, or of a schedule's."""
    return OpenedFeed(*await rotas.open_feed(asker, team, data))


@post(
    "/schedules/{team:str}/feeds/{feed:str}/revoke",
    operation_id="revokeFeed",
    status_code=200,
    tags=TAGS,
    responses=describe_failures(400, 403, 404),
)
async def revoke_feed(
    rotas: Given[Rotas], asker: Given[Asker], team: FromPath[str], feed: FromPath[str], data: JSONBody[Nothing]
) -> Made:
    """Let a feed's address lead nowhere."""
    await rotas.revoke_feed(asker, team, feed)
    return Made(id=feed)


@get("/calendar/{name:str}", include_in_schema=False)
async def read_calendar(rotas: Given[Rotas], name: FromPath[str]) -> Response[bytes]:
    """The shifts that a feed's address opens. The address is the secret; it needs no sign-in."""
    calendar = await rotas.calendar(name.removesuffix(".ics"))
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(calendar, media_type="text/calendar; charset=utf-8", headers=headers)


ROUTES = [
    list_schedules, read_forecast, set_override, end_override, swap_shifts, preview_swap, open_feed, revoke_feed,
]  # fmt: skip
