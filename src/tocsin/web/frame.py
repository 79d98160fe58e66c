"""What is drawn around every screen: who is signed in, what is wrong with the server, the form token."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.di import NamedDependency as Given
from litestar.response import Response

from tocsin.web.auth import TOKEN_FIELD, Asker
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.quiet import Quiet
from tocsin.web.render import render
from tocsin.web.views.scene import clean


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of one request. `inline` is set when htmx asks for a part and draws the frame itself."""

    asker: Asker
    name: str
    remarks: tuple[str, ...]
    inline: bool
    has_stage: bool
    has_contacts: bool
    has_rules: bool

    def show(self, template: str, *, status_code: int = 200, **values: Any) -> Response[str]:
        """The screen, filled. It is never kept by anybody on the way."""
        values = {"frame": self, "token_field": TOKEN_FIELD, "form_token": self.asker.form_token, **values}
        headers = {"Cache-Control": "no-store"}
        return Response(render(template, **values), status_code=status_code, media_type="text/html", headers=headers)


async def provide_frame(
    desk: Given[Desk],
    library: Given[Library],
    quiet: Given[Quiet],
    asker: Given[Asker],
    request: Request[Any, Any, Any],
) -> Frame:
    """The frame for whoever asks."""
    return Frame(
        asker=asker,
        name=library.name(asker.person),
        remarks=tuple(clean(each, 400) for each in (*desk.remarks(), *await quiet.remind(asker.person))),
        inline=bool(request.headers.get("hx-request")),
        has_stage=desk.stage is not None,
        has_contacts=desk.contacting is not None,
        has_rules=desk.own_rules is not None,
    )


def show_public(template: str, *, status_code: int = 200, **values: Any) -> Response[str]:
    """A screen for whoever comes by."""
    headers = {"Cache-Control": "no-store"}
    return Response(render(template, **values), status_code=status_code, media_type="text/html", headers=headers)
