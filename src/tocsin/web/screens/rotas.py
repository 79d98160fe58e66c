"""The screens of schedules: who is on now and in the weeks to come, overrides and swaps by button, a forecast."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from tocsin.errors import BadInput, UserError
from tocsin.oncall.wall import check_year, find_instant
from tocsin.web.auth import Asker
from tocsin.web.bodies import Body, Name
from tocsin.web.desk import Desk
from tocsin.web.forms import read_form
from tocsin.web.frame import Frame
from tocsin.web.rotas import Rotas
from tocsin.web.shifts import FeedBody, OverrideBody, SwapBody
from tocsin.web.views.covering import SwapView
from tocsin.web.views.rotas import ForecastView

SPANS = ((60, "1 hour"), (120, "2 hours"), (240, "4 hours"), (480, "8 hours"), (720, "12 hours"), (1440, "1 day"),
         (4320, "3 days"), (10_080, "7 days"))  # fmt: skip
FORECAST = timedelta(hours=4)


def _by_wall(path: str) -> list[str]:
    """Where a form with times is sent: its own address, drawn by a version that knew no `zone` and meant UTC, and that
    of today's. A node of that version knows no such address: it refuses the form, and does not mistake its times.
    """
    return [path, f"{path}/by-wall"]


class OverrideForm(Body, frozen=True, kw_only=True):
    """`starts` as the wall of `zone` shows it, empty for now."""

    schedule: Name
    person: Name
    instead: str = ""
    starts: str = ""
    zone: str = "UTC"
    minutes: int = 60
    reason: str = ""


class SwapForm(Body, frozen=True, kw_only=True):
    """Moments that lie in the two shifts, as the wall of `zone` shows them."""

    schedule: Name
    one: Name
    one_at: str = ""
    other: Name
    other_at: str = ""
    zone: str = "UTC"
    reason: str = ""


@get("/schedules")
async def show_schedules(desk: Given[Desk], rotas: Given[Rotas], frame: Given[Frame]) -> Response[str]:
    """Who is on now, who comes next, and what is wrong with that."""
    return await _show(desk, rotas, frame)


@get("/schedules/forecast")
async def show_forecast(
    desk: Given[Desk],
    rotas: Given[Rotas],
    frame: Given[Frame],
    team: FromQuery[str] = "",
    severity: FromQuery[str] = "",
    at: FromQuery[str] = "",
) -> Response[str]:
    """Who would be paged for an incident of a team; without one, only the form."""
    if not team:
        return await _show(desk, rotas, frame)
    try:
        when = _read(at) if at else None
        found = await rotas.forecast(team, severity or None, None, when, FORECAST)
    except UserError as error:
        return await _show(desk, rotas, frame, refusal=str(error), status_code=error.status)
    return await _show(desk, rotas, frame, forecast=found, asked=(team, severity, at))


@post(_by_wall("/schedules/{team:str}/overrides"), status_code=303)
async def set_override(
    desk: Given[Desk],
    rotas: Given[Rotas],
    frame: Given[Frame],
    asker: Given[Asker],
    team: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """Let somebody take over."""
    try:
        form = await read_form(request, OverrideForm)
        body = OverrideBody(
            schedule=form.schedule,
            person=form.person,
            instead=form.instead,
            starts_at=_read(form.starts, form.zone) if form.starts.strip() else None,
            minutes=form.minutes,
            reason=form.reason,
        )
        await rotas.override(asker, team, body)
    except UserError as error:
        return await _show(desk, rotas, frame, refusal=str(error), status_code=error.status)
    return Redirect("/schedules", status_code=303)


@post(_by_wall("/schedules/{team:str}/swaps"), status_code=303)
async def swap_shifts(
    desk: Given[Desk],
    rotas: Given[Rotas],
    frame: Given[Frame],
    asker: Given[Asker],
    team: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """Let two people exchange shifts."""
    try:
        await rotas.swap(asker, team, _make_swap(await read_form(request, SwapForm)))
    except UserError as error:
        return await _show(desk, rotas, frame, refusal=str(error), status_code=error.status)
    return Redirect("/schedules", status_code=303)


@post(_by_wall("/schedules/{team:str}/swaps/preview"), status_code=200)
async def preview_swap(
    desk: Given[Desk], rotas: Given[Rotas], frame: Given[Frame], team: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """Show what would change hands and what would not, with a button that does it."""
    try:
        form = await read_form(request, SwapForm)
        found = await rotas.foresee_swap(team, _make_swap(form))
    except UserError as error:
        return await _show(desk, rotas, frame, refusal=str(error), status_code=error.status)
    return await _show(desk, rotas, frame, swap=(team, form, found))


def _make_swap(form: SwapForm) -> SwapBody:
    return SwapBody(
        schedule=form.schedule,
        one=form.one,
        one_at=_read(form.one_at, form.zone),
        other=form.other,
        other_at=_read(form.other_at, form.zone),
        reason=form.reason,
    )


@post("/schedules/{team:str}/overrides/{override:str}/end", status_code=303)
async def end_override(
    rotas: Given[Rotas], asker: Given[Asker], team: FromPath[str], override: FromPath[str]
) -> Redirect:
    """End one now."""
    await rotas.end(asker, team, override)
    return Redirect("/schedules", status_code=303)


@post("/schedules/{team:str}/feeds", status_code=200)
async def open_feed(
    desk: Given[Desk],
    rotas: Given[Rotas],
    frame: Given[Frame],
    asker: Given[Asker],
    team: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[str]:
    """Open a calendar feed; its address is shown this once."""
    try:
        _, url = await rotas.open_feed(asker, team, await read_form(request, FeedBody))
    except UserError as error:
        return await _show(desk, rotas, frame, refusal=str(error), status_code=error.status)
    return await _show(desk, rotas, frame, opened=url)


@post("/schedules/{team:str}/feeds/{feed:str}/revoke", status_code=303)
async def revoke_feed(rotas: Given[Rotas], asker: Given[Asker], team: FromPath[str], feed: FromPath[str]) -> Redirect:
    """Let its address lead nowhere."""
    await rotas.revoke_feed(asker, team, feed)
    return Redirect("/schedules", status_code=303)


def _read(text: str, zone: str = "UTC") -> datetime:
    """A moment of a form, as the wall of its zone shows it: the schedule's, since its shifts are told in that. Raises
    `BadInput`.
    """
    try:
        wall = datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError as error:
        raise BadInput(f"{text[:100]!r} is no time; write it as 2026-03-02T03:00.") from error
    check_year(wall)
    try:
        return find_instant(wall, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"{zone[:100]!r} is no time zone; load the screen again.") from error


async def _show(
    desk: Desk,
    rotas: Rotas,
    frame: Frame,
    *,
    forecast: ForecastView | None = None,
    asked: tuple[str, str, str] = ("", "", ""),
    opened: str = "",
    swap: tuple[str, SwapForm, SwapView] | None = None,
    refusal: str = "",
    status_code: int = 200,
) -> Response[str]:
    return frame.show(
        "schedules.html",
        status_code=status_code,
        now=desk.clock.now(),
        view=await rotas.view(),
        teams=desk.engine.journal.shelf.settings.teams,
        people=[(person, rotas.name(person)) for person in desk.people()],
        spans=SPANS,
        forecast=forecast,
        asked=asked,
        opened=opened,
        swap=swap,
        refusal=refusal,
    )
