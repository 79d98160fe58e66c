"""Announces changes of the public status: each stands in the queue of every follower once, whatever happens here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tocsin.engine.contracts import Key
from tocsin.engine.following import Announcement, Followers
from tocsin.timeline.events import AnnouncementMade, AnnouncementRequested, Intent, Outcome

Compose = Callable[[Key, AnnouncementRequested], Awaitable[Announcement]]


class Herald:
    """The performer of announcements. It only queues, so that no sick mail server holds up an incident; `nudge` is
    called when there is something to deliver.
    """

    handles = (AnnouncementRequested,)

    def __init__(self, followers: Followers, compose: Compose, nudge: Callable[[], None]) -> None:
        self._followers, self._compose, self._nudge = followers, compose, nudge

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Queue it; what was queued before a crash is not queued again."""
        assert isinstance(intent, AnnouncementRequested)
        count = await self._followers.announce(str(key), await self._compose(key, intent))
        self._nudge()
        return AnnouncementMade(answers=key.seq, followers=count)
