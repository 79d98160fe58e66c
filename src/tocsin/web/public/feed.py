"""The status page as an Atom feed: one entry for each message, the newest first."""

from __future__ import annotations

from tocsin.comms.board import PublicBoard
from tocsin.web.public.statuspage import make_id, spell_moment
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
    feed_id = f"urn:tocsin:{make_id('page', team)}"
    found = [
        FeedEntry(
            id=f"{feed_id}:{make_id('entry', incident.number, spell_moment(each.at), each.text)}",
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
