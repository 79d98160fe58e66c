"""Rooms and messages: one protocol for every chat system, and the performer that carries what the planners ask.

The built-in room on the incident's screen is the reference (`web_room.py`); Slack is the first from outside. An adapter
knows its rooms by their ids, writes words of strangers so that they mention nobody and link nowhere, and may be asked
the same thing twice: with the same key it must not open a second room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tocsin.engine.contracts import Blobs, Key
from tocsin.errors import Rejected
from tocsin.timeline.events import ChatDone, ChatRequested, Intent, Outcome
from tocsin.timeline.redact import redact
from tocsin.words import ChatAct


class OpenRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room that is open: its id in the chat system, what it is called there, where it is.

    `private`: nobody finds it who was not let in.
    """

    id: str
    name: str
    link: str = ""
    private: bool = False


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a room: who wrote it (a person's id where known), when, and what."""

    at: datetime
    by: str
    text: str
    pinned: bool = False


class Chat(Protocol):
    """A chat system. Each verb raises `Unavailable` if trying again may help, `Rejected` if not."""

    async def open(self, key: Key, name: str, topic: str, *, private: bool = False) -> OpenRoom:
        """Open a room, or the one that was opened for the same incident before a crash. If the name is taken by
        another, take the next free one (`comms.room_name.add_suffix`). A `private` one only those find who are let in.
        """
        ...

    async def invite(self, room: str, people: Sequence[str]) -> Sequence[str]:
        """Let people in; those who have no account there. Whoever is in already is no fault."""
        ...

    async def set_topic(self, room: str, text: str) -> None:
        """Say in one line what the room is about."""
        ...

    async def pin(self, key: Key, room: str, text: str, message: str) -> str:
        """Pin a text in the room, in the place of the pinned `message` where there is one; its message's id."""
        ...

    async def say(self, key: Key, to: str, text: str, *, here: bool, asks: int | None = None) -> str:
        """Say something in a room (by id) or a standing channel (by ``#name``); what is worth knowing about it.

        `asks` is the line of a question that the text asks: whoever reads it can answer there, if the system lets them.
        """
        ...

    async def read(self, room: str) -> Sequence[Said]:
        """All that was said in a room, the oldest first."""
        ...

    async def archive(self, room: str) -> None:
        """Close a room; one that is closed already is no fault."""
        ...


class ChatLog(msgspec.Struct, frozen=True, kw_only=True):
    """The log of a room as it is kept, as a blob of JSON."""

    incident: str
    room: str
    messages: tuple[Said, ...]


class Rooms:
    """The performer of what is asked of chats; these are looked up each time, so that a changed setting holds."""

    handles = (ChatRequested,)

    def __init__(self, chats: Callable[[], Mapping[str, Chat]], blobs: Blobs) -> None:
        self._chats, self._blobs = chats, blobs

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Do it. An `OutsideError` is the engine's to turn into `ChatFailed`."""
        assert isinstance(intent, ChatRequested)
        chat = self._chats().get(intent.system)
        if chat is None:
            raise Rejected(f"There is no chat {intent.system!r} any more; look at `war_room` in tocsin.toml.")
        done = await self._do(chat, key, intent)
        return msgspec.structs.replace(done, repeat=key.again)

    async def _do(self, chat: Chat, key: Key, asked: ChatRequested) -> ChatDone:
        done = ChatDone(answers=key.seq, act=asked.act, key=asked.key)
        match asked.act:
            case ChatAct.OPEN:
                room = await chat.open(key, asked.to, asked.text, private=asked.private)
                return msgspec.structs.replace(done, room=room.id, name=room.name, link=room.link, private=room.private)
            case ChatAct.INVITE:
                strangers = await chat.invite(asked.to, asked.people)
                return msgspec.structs.replace(done, strangers=tuple(strangers))
            case ChatAct.TOPIC:
                await chat.set_topic(asked.to, asked.text)
            case ChatAct.PIN:
                message = await chat.pin(key, asked.to, asked.text, asked.message)
                return msgspec.structs.replace(done, message=message)
            case ChatAct.SAY:
                detail = await chat.say(key, asked.to, asked.text, here=asked.here, asks=asked.asks)
                return msgspec.structs.replace(done, detail=detail)
            case ChatAct.EXPORT:
                return msgspec.structs.replace(done, log=await self._keep(chat, key, asked.to))
            case ChatAct.ARCHIVE:
                await chat.archive(asked.to)
        return done

    async def _keep(self, chat: Chat, key: Key, room: str) -> str:
        """The log as a blob, without secrets: people paste what they should not."""
        messages = tuple(msgspec.structs.replace(each, text=redact(each.text)) for each in await chat.read(room))
        log = ChatLog(incident=key.stream, room=room, messages=messages)
        return await self._blobs.put(msgspec.json.format(msgspec.json.encode(log), indent=2))
