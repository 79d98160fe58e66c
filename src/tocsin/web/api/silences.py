"""Silences and maintenance windows: what holds, what one would hit, setting and ending one."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.bodies import QuietBody, TeamBody
from tocsin.web.quiet import Quiet
from tocsin.web.views.silences import PreviewView, SilenceRow


class SetSilence(msgspec.Struct, frozen=True):
    """The id of what was set, and what it hits from now on."""

    id: str
    preview: PreviewView


class EndedSilence(msgspec.Struct, frozen=True):
    """The id of what was ended."""

    id: str


@get("/silences", operation_id="listSilences", tags=["teams"], responses=describe_failures())
async def list_silences(quiet: Given[Quiet]) -> tuple[SilenceRow, ...]:
    """Silences and maintenance windows, those of the settings included: what is active, then what is to come."""
    return await quiet.list_all(coming=True)


@post("/silences", operation_id="setSilence", tags=["teams"], responses=describe_failures(400, 403, 404))
async def set_silence(quiet: Given[Quiet], asker: Given[Asker], data: JSONBody[QuietBody]) -> SetSilence:
    """Set a silence or a maintenance window. Each has an end and a reason."""
    preview = await quiet.preview(asker, data)
    return SetSilence(id=await quiet.set(asker, data), preview=preview)


@post(
    "/silences/preview",
    operation_id="previewSilence",
    status_code=200,
    tags=["teams"],
    responses=describe_failures(400, 404),
)
async def preview_silence(quiet: Given[Quiet], asker: Given[Asker], data: JSONBody[QuietBody]) -> PreviewView:
    """What a silence or window would hit, if it were set now. Nothing is set."""
    return await quiet.preview(asker, data)


@post(
    "/silences/{silence:str}/end",
    operation_id="endSilence",
    status_code=200,
    tags=["teams"],
    responses=describe_failures(400, 403, 404),
)
async def end_silence(
    quiet: Given[Quiet], asker: Given[Asker], silence: FromPath[str], data: JSONBody[TeamBody]
) -> EndedSilence:
    """End a silence or window now: what still fires pages."""
    await quiet.end(asker, data.team, silence)
    return EndedSilence(id=silence)
