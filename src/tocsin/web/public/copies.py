"""The status page as files that any file server can show, also while tocsin is down.

`index.html` comes last: whoever opens it meets what it names. All addresses in it are relative.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.comms.in_app import InApp
from tocsin.web.public.boards import StatusView
from tocsin.web.public.feed import write_feed, write_in_app
from tocsin.web.public.statuspage import DOCUMENTS, Statuspage
from tocsin.web.render import STATIC, render

ASSETS = ("base.css", "public.css", "bell.svg")


def write_copy(view: StatusView, in_app: Sequence[InApp], team: str, url: str) -> dict[str, bytes]:
    """The files by their paths, in the order in which they are to be put in place. `url` is the page's own address."""
    told = Statuspage(view.board, team, url)
    files = {name: (STATIC / name).read_bytes() for name in ASSETS}
    for document in DOCUMENTS:
        files[f"api/v2/{document}.json"] = msgspec.json.encode(told.write(document))
    files["feed.atom"] = write_feed(view.board, team, url, "").encode()
    files["feed.json"] = msgspec.json.encode(write_in_app(in_app, team, view.board.title, url, ""))
    assets = {name: name for name in ASSETS}
    page = render(
        "status.html", view=view, board=view.board, static=assets, is_copy=True, can_follow=False, live_url=url, base=""
    )
    files["index.html"] = page.encode()
    return files
