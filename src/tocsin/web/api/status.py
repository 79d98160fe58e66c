"""The status page as JSON, for anybody."""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.di import NamedDependency as Given
from litestar.openapi import ResponseSpec
from litestar.params import FromPath

from tocsin.web.api.describe import TEXTS
from tocsin.web.failure import FailureBody
from tocsin.web.public.boards import PublicBoards, StatusView
from tocsin.web.public.copies import write_copy

FAILURES = {status: ResponseSpec(FailureBody, description=TEXTS[status]) for status in (400, 404)}


class Copy(msgspec.Struct, frozen=True):
    """The files of a copy by their paths, as text, in the order in which they are to be put in place."""

    files: dict[str, str]


@get("/status/{team:str}", operation_id="readStatus", tags=["public"], responses=FAILURES)
async def read_status(board: Given[PublicBoards], team: FromPath[str]) -> StatusView:
    """What the public has been told about a team's incidents, the newest first."""
    return await board.show(team)


@get("/status/{team:str}/copy", operation_id="copyStatus", tags=["public"], responses=FAILURES)
async def export_status(board: Given[PublicBoards], team: FromPath[str]) -> Copy:
    """The status page as files that any file server can show."""
    files = write_copy(await board.show(team), await board.list_in_app(team), team, board.find_url(team))
    return Copy({path: content.decode() for path, content in files.items()})
