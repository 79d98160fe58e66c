"""The built-in room: the incident's own screen. It is always there, so nothing here can fail, and nothing is sent.

What is said in it is the timeline; to open it gives it the name by which the playbook calls it, and its address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from tocsin.comms.room_name import add_suffix
from tocsin.engine.contracts import Key
from tocsin.integrations.chat import OpenRoom, Said
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import ChatRequested, NoteAdded, UpdatePosted
from tocsin.words import ChatAct

NAME = "web"
MOST_TURNS = 100


class WebRooms:
    """`read_entries` gives an incident's timeline, `is_taken` whether another incident's room has a
    name; names given just now are not on record yet."""

    def __init__(
        self,
        url: Callable[[], str],
        read_entries: Callable[[str], Awaitable[Sequence[Entry]]],
        is_taken: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        self._url, self._read_entries, self._is_taken = url, read_entries, is_taken
        self._given: dict[str, str] = {}

    async def open(self, key: Key, name: str, topic: str, *, private: bool = False) -> OpenRoom:
        """Give the incident's screen a name that no other open room has."""
        for turn in range(1, MOST_TURNS):
            tried = add_suffix(name, turn)
            if self._given.get(tried, key.stream) == key.stream and not await self._is_taken(key.stream, tried):
                break
        self._given[tried] = key.stream
        return OpenRoom(id=key.stream, name=tried, link=f"{self._url()}/incidents/{key.stream}", private=private)

    async def invite(self, room: str, people: Sequence[str]) -> Sequence[str]:
        """Everybody of the team can come in already."""
        return ()

    async def set_topic(self, room: str, text: str) -> None:
        """The screen's head says it."""

    async def pin(self, key: Key, room: str, text: str, message: str) -> str:
        """The screen's head shows it."""
        return message or room

    async def say(self, key: Key, to: str, text: str, *, here: bool, asks: int | None = None) -> str:
        """What was asked for stands on the timeline."""
        return "on the timeline"

    async def read(self, room: str) -> Sequence[Said]:
        """What people said, and what was said to them."""
        said = []
        for entry in await self._read_entries(room):
            match entry.event:
                case NoteAdded(text=text, by=by) | UpdatePosted(text=text, by=by):
                    said.append(Said(at=entry.at, by=by, text=text))
                case ChatRequested(act=ChatAct.SAY, to=to, text=text) if to == room:
                    said.append(Said(at=entry.at, by="tocsin", text=text))
        return said

    async def archive(self, room: str) -> None:
        """The timeline stays where it is."""
