"""The public status page: no sign-in, no script; the browser loads it again by itself.

Its JSON has the shapes of Statuspage's public API, and may be read from anybody's pages.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency as Given
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Response

from tocsin.web.desk import Desk
from tocsin.web.frame import show_public
from tocsin.web.public.boards import PublicBoards
from tocsin.web.public.feed import write_feed, write_in_app
from tocsin.web.public.statuspage import DOCUMENTS, Json, Statuspage
from tocsin.web.screens import follow

OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}


@get("/status/{team:str}")
async def show_status(desk: Given[Desk], board: Given[PublicBoards], team: FromPath[str]) -> Response[str]:
    """What the public has been told."""
    view = await board.show(team)
    base = f"/status/{quote(team, safe='')}/"
    return show_public(
        "status.html",
        view=view,
        board=view.board,
        is_copy=False,
        can_follow=desk.followers is not None,
        base=base,
        live_url="",
    )


@get("/status/{team:str}/feed.atom")
async def show_feed(board: Given[PublicBoards], team: FromPath[str]) -> Response[str]:
    """The messages as a feed."""
    view, url = await board.show(team), board.find_url(team)
    feed = write_feed(view.board, team, url, f"{board.find_own_url(team)}/feed.atom")
    return Response(feed, media_type="application/atom+xml", headers=OPEN)


@get("/status/{team:str}/feed.json")
async def show_in_app(
    board: Given[PublicBoards], team: FromPath[str], request: Request[Any, Any, Any]
) -> Response[bytes | None]:
    """The messages for the team's own application, which asks again and again: what has not changed is not sent."""
    view, words, url = await board.show(team), await board.list_in_app(team), board.find_url(team)
    feed = write_in_app(words, team, view.board.title, url, f"{board.find_own_url(team)}/feed.json")
    body = msgspec.json.encode(feed)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**OPEN, "Cache-Control": "no-cache", "ETag": etag}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")]
    if etag in known or "*" in known:
        return Response(None, status_code=304, headers=headers)
    return Response(body, media_type="application/feed+json", headers=headers)


def _make_document(document: str) -> HTTPRouteHandler:
    @get(f"/status/{{team:str}}/api/v2/{document}.json", name=f"statuspage {document}")
    async def show_document(board: Given[PublicBoards], team: FromPath[str]) -> Response[Json]:
        view = await board.show(team)
        told = Statuspage(view.board, team, board.find_url(team)).write(document)
        return Response(told, media_type="application/json", headers=OPEN)

    return show_document


STATUS: list[HTTPRouteHandler] = [
    show_status,
    show_feed,
    show_in_app,
    *(_make_document(document) for document in DOCUMENTS),
    *follow.FOLLOW,
]
"""Everything below `/status/TEAM`."""
