"""How many of those who follow the status page have words: what goes on the record."""

from __future__ import annotations

from tocsin.incident.state import Incident
from tocsin.timeline.events import FollowersCounted


def count_followers(incident: Incident, of: int, sent: int, refused: int, waiting: int) -> tuple[FollowersCounted, ...]:
    """The event, unless the record says so already. That the words were queued may stand there a moment later. A count
    of nobody says nothing.
    """
    before = incident.followers.get(of)
    if not (sent or refused or waiting or (before is not None and before.asked)):
        return ()
    if (
        before is not None
        and before.is_known
        and (before.sent, before.refused, before.waiting) == (sent, refused, waiting)
    ):
        return ()
    return (FollowersCounted(of=of, sent=sent, refused=refused, waiting=waiting),)
