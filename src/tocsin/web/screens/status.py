"""The public status page: no sign-in, no script; the browser loads it again by itself."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Response

from tocsin.web.frame import show_public
from tocsin.web.status import PublicBoard


@get("/status/{team:str}")
async def show_status(board: Given[PublicBoard], team: FromPath[str]) -> Response[str]:
    """What the public has been told."""
    return show_public("status.html", board=await board.show(team))
