"""A chat system in memory, for stories: rooms with members, messages and pins, and names that may be taken."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.comms.room_name import add_suffix
from tocsin.engine.contracts import Clock, Key
from tocsin.errors import Rejected, Unavailable
from tocsin.integrations.chat import OpenRoom, Said


class ToldRoom(msgspec.Struct, kw_only=True):
    """A room of a story. `said` are its messages with the moment of each, `asked` the lines of questions among them,
    `pinned` the text that stands on top.
    """

    id: str
    name: str
    incident: str
    topic: str = ""
    members: list[str] = []
    said: list[Said] = []
    called: int = 0
    asked: list[int] = []
    pinned: str = ""
    is_archived: bool = False
    is_private: bool = False


class MemoryChat:
    """Takes everything, unless it is `broken` (for now) or `refusing` (for good). `strangers` have no account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rooms: dict[str, ToldRoom] = {}
        self.channels: dict[str, list[Said]] = {}
        self.strangers: set[str] = set()
        self.taken: set[str] = set()
        self.is_broken = self.is_refusing = False

    def find(self, incident: str) -> list[ToldRoom]:
        """The rooms that were opened for an incident."""
        return [each for each in self.rooms.values() if each.incident == incident]

    def _answer(self) -> None:
        if self.is_broken:
            raise Unavailable("The chat is broken in this story.")
        if self.is_refusing:
            raise Rejected("The chat says no in this story.")

    def _room(self, room: str) -> ToldRoom:
        self._answer()
        found = self.rooms.get(room)
        if found is None or found.is_archived:
            raise Rejected("channel_not_found" if found is None else "is_archived")
        return found

    async def open(self, key: Key, name: str, topic: str, *, private: bool = False) -> OpenRoom:
        """A room with the first free name."""
        self._answer()
        taken = self.taken | {each.name for each in self.rooms.values()}
        free = next(tried for tried in (add_suffix(name, turn) for turn in range(1, 100)) if tried not in taken)
        room = ToldRoom(
            id=f"C{len(self.rooms) + 1:04}", name=free, incident=key.stream, topic=topic, is_private=private
        )
        self.rooms[room.id] = room
        return OpenRoom(id=room.id, name=free, link=f"chat://{room.id}", private=private)

    async def invite(self, room: str, people: Sequence[str]) -> Sequence[str]:
        """All but strangers are in."""
        found = self._room(room)
        found.members += [each for each in people if each not in self.strangers and each not in found.members]
        return [each for each in people if each in self.strangers]

    async def set_topic(self, room: str, text: str) -> None:
        """The topic."""
        self._room(room).topic = text

    async def pin(self, key: Key, room: str, text: str, message: str) -> str:
        """One message is pinned, and changed from then on."""
        self._room(room).pinned = text
        return message or "pinned"

    async def say(self, key: Key, to: str, text: str, *, here: bool, asks: int | None = None) -> str:
        """In a room, or in a standing channel."""
        said = Said(at=self._clock.now(), by="tocsin", text=text)
        if to.startswith("#"):
            self._answer()
            self.channels.setdefault(to, []).append(said)
            return "said"
        room = self._room(to)
        room.said.append(said)
        room.called += here
        if asks is not None:
            room.asked.append(asks)
        return "said"

    async def read(self, room: str) -> Sequence[Said]:
        """All of it."""
        return self._room(room).said

    async def archive(self, room: str) -> None:
        """It takes nothing any more."""
        self._room(room).is_archived = True
