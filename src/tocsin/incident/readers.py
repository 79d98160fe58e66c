"""How the readers of an audience are reached: `[teams.ID.audiences.NAME]`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tocsin.words import Audience, Way

CONFIGURED = frozenset(Audience) - {Audience.RESPONDERS, Audience.PUBLIC}
"""Responders have the room, the public has the status page."""
IN_APP = frozenset({Audience.USERS, Audience.FEED, Audience.RELEASE_NOTES})
"""Whose readers use the application."""


class Readers(msgspec.Struct, frozen=True, kw_only=True):
    """`[teams.ID.audiences.NAME]`: where words for the audience NAME go once they are published.

    `mail` are addresses (of a list, or of people), written to in one mail through the smtp channel `channel` (default:
    the first); `webhooks` are channels of that kind; `chat` is a standing channel of the team's chat (``#status``);
    `file` is a file below the workspace that gets each as an entry; with `followers` those who follow the status page
    are told, with `in_app` they stand in the feed that the application shows. The media have none of these: what is
    published for them goes by mail to the people named in `media`.
    """

    mail: tuple[str, ...] = ()
    channel: str = ""
    webhooks: tuple[str, ...] = ()
    chat: str = ""
    file: str = ""
    followers: bool = False
    in_app: bool = False


def list_ways(audience: Audience, readers: Readers) -> Iterator[tuple[Way, str]]:
    """Each way on which an audience is told, and where it leads; no address of a person is in it."""
    if audience is Audience.MEDIA:
        yield Way.PEOPLE, "those who speak to the media"
        return
    if readers.mail:
        yield Way.MAIL, f"{len(readers.mail)} address{'' if len(readers.mail) == 1 else 'es'}"
    yield from ((Way.WEBHOOK, name) for name in readers.webhooks)
    if readers.chat:
        yield Way.CHAT, readers.chat
    if readers.file:
        yield Way.FILE, readers.file
    if readers.followers:
        yield Way.FOLLOWERS, "followers of the status page"
    if readers.in_app:
        yield Way.IN_APP, "the in-app feed"
