"""The status page as an Atom feed: one entry for each message, the newest first; and as JSON for the application."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tocsin.comms.board import PublicBoard
from tocsin.comms.in_app import InApp
from tocsin.web.public.statuspage import Json, make_id, spell_moment
from tocsin.web.render import render
from tocsin.web.views.scene import View

MOST_ENTRIES = 50


class FeedEntry(View, frozen=True, kw_only=True):
    """One message: what it is about, and what was said when."""

    id: str
    title: str
    at: str
    text: str


def write_feed(board: PublicBoard, team: str, url: str, own_url: str) -> str:
    """The feed as XML. `url` is where people read the page, `own_url` where the feed itself is."""
    feed_id = _name(team)
    found = [
        FeedEntry(
            id=_name_entry(team, incident.number, each.at, each.text),
            title=f"{incident.title}: {each.status}",
            at=spell_moment(each.at),
            text=each.text,
        )
        for incident in board.incidents
        for each in incident.updates
    ]
    newest = sorted(found, key=lambda each: each.at, reverse=True)[:MOST_ENTRIES]
    updated = newest[0].at if newest else spell_moment(board.since)
    return render("feed.xml", board=board, entries=newest, updated=updated, url=url, own_url=own_url, feed_id=feed_id)


def write_in_app(words: Sequence[InApp], team: str, title: str, url: str, own_url: str) -> Json:
    """What customers read inside the application, as JSON Feed 1.1 has it. A message that stands in the Atom feed too
    has the same id there.
    """
    items = [
        {
            "id": _name_entry(team, each.incident, each.at, each.text),
            "url": url,
            "title": f"{each.title}: {each.status}",
            "content_text": each.text,
            "date_published": spell_moment(each.at),
            "_tocsin": {
                "incident": make_id("incident", team, each.incident),
                "status": each.status,
                "audiences": each.audiences,
                "is_over": each.is_over,
            },
        }
        for each in words
    ]
    about = {"version": "https://jsonfeed.org/version/1.1", "title": title, "home_page_url": url}
    return about | ({"feed_url": own_url} if own_url else {}) | {"items": items}


def _name(team: str) -> str:
    return f"urn:tocsin:{make_id('page', team)}"


def _name_entry(team: str, incident: str, at: datetime, text: str) -> str:
    """The id of a message, the same for ever."""
    return f"{_name(team)}:{make_id('entry', incident, spell_moment(at), text)}"
