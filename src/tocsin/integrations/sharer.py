"""Tells other pagers what has become of an incident that they were called for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from tocsin.engine.contracts import Key
from tocsin.errors import Rejected
from tocsin.integrations.channel import Channel
from tocsin.timeline.events import Intent, Outcome, Shared, SharingRequested
from tocsin.words import Share


@runtime_checkable
class Sharing(Protocol):
    """A channel behind which another pager calls people. `share` raises `Unavailable` or `Rejected`."""

    async def share(self, incident: str, act: Share) -> None: ...


class Sharer:
    """The performer of what is shared; `channels` is looked up each time."""

    handles = (SharingRequested,)

    def __init__(self, channels: Callable[[], Mapping[str, Channel]]) -> None:
        self._channels = channels

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Tell it. It is asked for once or more often: what is acknowledged stays so."""
        assert isinstance(intent, SharingRequested)
        channel: object = self._channels().get(intent.channel)
        if not isinstance(channel, Sharing):
            raise Rejected(f"There is no other pager behind {intent.channel!r} any more; look at tocsin.toml.")
        await channel.share(key.stream, intent.act)
        return Shared(answers=key.seq, channel=intent.channel, act=intent.act)
