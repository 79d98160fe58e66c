"""The screen on which silences and maintenance windows are listed, previewed, set and ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Response

from tocsin.errors import BadInput, UserError
from tocsin.web.auth import Asker
from tocsin.web.bodies import Body, Name, QuietBody, TeamBody
from tocsin.web.desk import Desk
from tocsin.web.forms import read_form
from tocsin.web.frame import Frame
from tocsin.web.quiet import Quiet
from tocsin.web.views.silences import PreviewView

SPANS = ((30, "30 minutes"), (60, "1 hour"), (120, "2 hours"), (240, "4 hours"), (480, "8 hours"), (1440, "1 day"),
         (4320, "3 days"), (10_080, "7 days"))  # fmt: skip


class QuietForm(Body, frozen=True, kw_only=True):
    """`matchers` one on each line; `starts` in UTC, empty for now; `act` is `preview` or `set`."""

    team: Name
    kind: Name = "silence"
    matchers: str = ""
    starts: str = ""
    minutes: int = 60
    reason: str = ""
    act: str = "preview"


@get("/silences")
async def show_silences(desk: Given[Desk], quiet: Given[Quiet], frame: Given[Frame]) -> Response[str]:
    """What holds, what is to come, and the form for another one."""
    return await _show(desk, quiet, frame, QuietForm(team=next(iter(desk.engine.journal.shelf.settings.teams))))


@post("/silences", status_code=200)
async def ask_silence(
    desk: Given[Desk], quiet: Given[Quiet], frame: Given[Frame], asker: Given[Asker], request: Request[Any, Any, Any]
) -> Response[Any]:
    """Show what it would hit, or set it. What cannot be set is said above the form, which stays filled in."""
    form = await read_form(request, QuietForm)
    try:
        body = _read(form)
        if form.act == "set":
            await quiet.set(asker, body)
            return Redirect("/silences", status_code=303)
        return await _show(desk, quiet, frame, form, preview=await quiet.preview(asker, body))
    except UserError as error:
        return await _show(desk, quiet, frame, form, refusal=str(error), status_code=error.status)


@post("/silences/{silence:str}/end", status_code=303)
async def end_silence(
    quiet: Given[Quiet], asker: Given[Asker], silence: FromPath[str], request: Request[Any, Any, Any]
) -> Redirect:
    """End one now."""
    await quiet.end(asker, (await read_form(request, TeamBody)).team, silence)
    return Redirect("/silences", status_code=303)


def _read(form: QuietForm) -> QuietBody:
    if form.kind not in ("silence", "maintenance"):
        raise BadInput("Choose a silence or a maintenance window.")
    try:
        starts_at = datetime.fromisoformat(form.starts).replace(tzinfo=UTC) if form.starts.strip() else None
    except ValueError as error:
        raise BadInput("The start is no time; write it as 2026-03-02T03:00.") from error
    return QuietBody(
        team=form.team,
        kind="maintenance" if form.kind == "maintenance" else "silence",
        matchers=tuple(each.strip() for each in form.matchers.splitlines() if each.strip()),
        starts_at=starts_at,
        minutes=form.minutes,
        reason=form.reason,
    )


async def _show(
    desk: Desk,
    quiet: Quiet,
    frame: Frame,
    form: QuietForm,
    *,
    preview: PreviewView | None = None,
    refusal: str = "",
    status_code: int = 200,
) -> Response[str]:
    rows = await quiet.list_all(coming=True)
    return frame.show(
        "silences.html",
        status_code=status_code,
        now=desk.clock.now(),
        active=[row for row in rows if row.state == "active"],
        coming=[row for row in rows if row.state == "pending"],
        teams=desk.engine.journal.shelf.settings.teams,
        form=form,
        spans=SPANS,
        preview=preview,
        refusal=refusal,
    )
