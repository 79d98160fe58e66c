"""The post-mortem on screen: rendered, raw, edited, downloaded."""

from __future__ import annotations

from typing import Annotated, Any

import nh3
from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response
from markdown_it import MarkdownIt
from msgspec import Meta

from tocsin.web.auth import Asker
from tocsin.web.bodies import Body
from tocsin.web.forms import read_form
from tocsin.web.frame import Frame
from tocsin.web.library import Library
from tocsin.web.postmortem import Postmortems
from tocsin.web.views.room import show_room

MOST_TEXT = 1_000_000
TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("strong", "em", "s", "code", "pre", "blockquote", "hr", "br", "a"),
}
OPTIONS = {"html": False, "linkify": False, "breaks": True}
MARKDOWN = MarkdownIt("commonmark", OPTIONS).enable(["table", "strikethrough"])


class TextForm(Body, frozen=True, kw_only=True):
    """The whole text."""

    text: Annotated[str, Meta(min_length=1, max_length=MOST_TEXT)]


def render_markdown(text: str) -> str:
    """Markdown as harmless HTML: no scripts, no styles, no images, links only to the web and to this server."""
    return nh3.clean(
        MARKDOWN.render(text),
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )


@get("/incidents/{incident:str}/postmortem")
async def show_postmortem(
    postmortems: Given[Postmortems],
    library: Given[Library],
    frame: Given[Frame],
    incident: FromPath[str],
    edit: FromQuery[bool] = False,
) -> Response[str]:
    """The saved version, or the draft."""
    text, saved = await postmortems.read(incident)
    room = show_room(await library.scene(incident))
    return frame.show("postmortem.html", room=room, text=text, html=render_markdown(text), saved=saved, edit=edit)


@get("/incidents/{incident:str}/postmortem.md")
async def download_postmortem(postmortems: Given[Postmortems], incident: FromPath[str]) -> Response[str]:
    """The text as a file."""
    text, _ = await postmortems.read(incident)
    headers = {"Content-Disposition": f'attachment; filename="postmortem-{_plain(incident)}.md"'}
    return Response(text, media_type="text/markdown", headers=headers)


@post("/incidents/{incident:str}/postmortem", status_code=303, request_max_body_size=4 * MOST_TEXT)
async def save_postmortem(
    postmortems: Given[Postmortems], asker: Given[Asker], incident: FromPath[str], request: Request[Any, Any, Any]
) -> Redirect:
    """Keep a version."""
    form = await read_form(request, TextForm)
    await postmortems.save(incident, asker, form.text.encode())
    return Redirect(f"/incidents/{incident}/postmortem", status_code=303)


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name if c.isascii())[:80]
