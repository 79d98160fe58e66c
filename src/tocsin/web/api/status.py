"""The status page as JSON, for anybody."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.openapi import ResponseSpec
from litestar.params import FromPath

from tocsin.web.api.describe import TEXTS
from tocsin.web.failure import FailureBody
from tocsin.web.status import PublicBoard, StatusView


@get(
    "/status/{team:str}",
    operation_id="readStatus",
    tags=["public"],
    responses={status: ResponseSpec(FailureBody, description=TEXTS[status]) for status in (400, 404)},
)
async def read_status(board: Given[PublicBoard], team: FromPath[str]) -> StatusView:
    """What the public has been told about a team's incidents, the newest first."""
    return await board.show(team)
