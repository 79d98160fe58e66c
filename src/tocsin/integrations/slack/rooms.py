"""Slack as a chat for rooms and as a channel for pages.

A room that tocsin has opened carries the incident in its purpose. So a room whose making nobody heard the end of is
found again, and one that only has the same name is not taken for ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tocsin.comms.room_name import add_suffix
from tocsin.engine.contracts import Key
from tocsin.errors import OutsideError, Rejected
from tocsin.integrations.chat import OpenRoom, Said
from tocsin.integrations.slack.calls import Calls, Refused
from tocsin.integrations.slack.settings import SlackSettings
from tocsin.integrations.slack.words import MOST_LINE, Block, escape, show_buttons, show_text, spell_line
from tocsin.oncall.settings import Person
from tocsin.page.brief import brief, title
from tocsin.page.message import PageMessage, spell

MOST_TURNS, MOST_LISTS, MOST_READS = 50, 20, 100
MOST_NOTICE = 2500
MARK = "tocsin"
ACKNOWLEDGE, ROLE, SEVERITY, STEPS, APPROVE, QUESTIONS, YES, NO = (
    f"{MARK}:{name}" for name in ("acknowledge", "role", "severity", "steps", "approve", "questions", "yes", "no")
)
_IS_IN = frozenset({"already_in_channel", "cant_invite_self"})
_STRANGER = frozenset({"user_not_found", "cant_invite", "user_is_restricted", "user_disabled", "ura_max_channels"})
QUIET = {"parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}


class Slack:
    """One workspace. `secret` signs what Slack sends us, `app_token` opens a socket; either may be missing."""

    def __init__(self, settings: SlackSettings, calls: Calls, secret: str = "", app_token: str = "") -> None:
        self.settings, self.calls, self.secret, self.app_token = settings, calls, secret, app_token
        self._opening = asyncio.Lock()
        self._bot = ""

    # ── rooms ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def open(self, key: Key, name: str, topic: str, *, private: bool = False) -> OpenRoom:
        """A channel under the first name that is free, or the one that was made for this incident before."""
        purpose, private = f"{MARK} {key.stream}", private or self.settings.private
        async with self._opening:
            for turn in range(1, MOST_TURNS):
                tried = add_suffix(name, turn)
                found = await self._make(tried, purpose, private=private)
                if found is not None:
                    await self.calls.call("conversations_setPurpose", channel=found, purpose=purpose)
                    return OpenRoom(id=found, name=tried, private=private)
        raise Rejected(f"Slack has {MOST_TURNS} channels that are called like {name} already.")

    async def _make(self, name: str, purpose: str, *, private: bool) -> str | None:
        """The id of the new channel, or of ours of this name; null where the name is another's."""
        try:
            made = await self.calls.call("conversations_create", name=name, is_private=private)
        except Refused as refused:
            if refused.word != "name_taken":
                raise
            return await self._find_own(name, purpose, private=private)
        return str(made["channel"]["id"])

    async def _find_own(self, name: str, purpose: str, *, private: bool) -> str | None:
        """Ours is made by this bot, and says so in its purpose or nothing yet."""
        kinds = "private_channel" if private else "public_channel"
        lists = self.calls.pages("conversations_list", MOST_LISTS, types=kinds, exclude_archived=True, limit=1000)
        async for answer in lists:
            for channel in answer.get("channels", ()):
                if channel.get("name") == name:
                    told = (channel.get("purpose") or {}).get("value", "")
                    own = channel.get("creator") == await self._find_bot()
                    return str(channel["id"]) if own and told in ("", purpose) else None
        return None

    async def _find_bot(self) -> str:
        if not self._bot:
            self._bot = str((await self.calls.call("auth_test")).get("user_id", ""))
        return self._bot

    async def invite(self, room: str, people: Sequence[str]) -> Sequence[str]:
        """Each by itself, so that one stranger keeps nobody out."""
        strangers = []
        for person in people:
            user = self.settings.people.get(person)
            if user is None or not await self._invite_one(room, user):
                strangers.append(person)
        return strangers

    async def _invite_one(self, room: str, user: str) -> bool:
        try:
            await self.calls.call("conversations_invite", channel=room, users=user)
        except Refused as refused:
            if refused.word in _STRANGER:
                return False
            if refused.word not in _IS_IN:
                raise
        return True

    async def set_topic(self, room: str, text: str) -> None:
        """At most 250 characters, as Slack has it."""
        topic = escape(text)
        await self.calls.call("conversations_setTopic", channel=room, topic=topic[:MOST_LINE])

    async def pin(self, key: Key, room: str, text: str, message: str) -> str:
        """The pinned message with its buttons; a new one where the old is gone."""
        blocks = [*show_text(text), show_buttons(_list_buttons(key.stream))]
        fields: dict[str, Any] = {"channel": room, "text": spell_line(text), "blocks": blocks}
        if message:
            try:
                await self.calls.call("chat_update", ts=message, parse="none", link_names=False, **fields)
            except Refused as refused:
                if refused.word != "message_not_found":
                    raise
            else:
                return message
        posted = await self._post(key, fields)
        try:
            await self.calls.call("pins_add", channel=room, timestamp=posted)
        except Refused as refused:
            if refused.word != "already_pinned":
                raise
        return posted

    async def say(self, key: Key, to: str, text: str, *, here: bool, asks: int | None = None) -> str:
        """In a room, or in a standing channel, which the bot enters first if it must."""
        name = to.removeprefix("#")
        channel = self.settings.channels.get(name, to) if to.startswith("#") else to
        blocks = show_text(text, here=here)
        if asks is not None:
            blocks.append(show_question(f"{key.stream}|{asks}", asks))
        fields = {"channel": channel, "text": spell_line(text, here=here), "blocks": blocks}
        try:
            return await self._post(key, fields)
        except Refused as refused:
            if refused.word != "not_in_channel" or channel.startswith("#"):
                raise
        await self.calls.call("conversations_join", channel=channel)
        return await self._post(key, fields)

    async def _post(self, key: Key, fields: dict[str, Any]) -> str:
        """The message's id. What may have been said before a crash is looked for first."""
        said = await self._find_said(key, str(fields["channel"])) if key.again else ""
        if said:
            return said
        metadata = {"event_type": MARK, "event_payload": {"key": str(key)}}
        posted = await self.calls.call("chat_postMessage", metadata=metadata, **fields, **QUIET)
        return str(posted["ts"])

    async def _find_said(self, key: Key, channel: str) -> str:
        if channel.startswith("#"):
            return ""
        try:
            read = await self.calls.call("conversations_history", channel=channel, limit=100, include_all_metadata=True)
        except OutsideError:
            return ""  # a page that comes twice is better than none
        for message in read.get("messages", ()):
            if ((message.get("metadata") or {}).get("event_payload") or {}).get("key") == str(key):
                return str(message["ts"])
        return ""

    async def read(self, room: str) -> Sequence[Said]:
        """All of it, what was said in threads included."""
        found: dict[str, Said] = {}
        history = self.calls.pages("conversations_history", MOST_READS, channel=room, limit=200)
        async for answer in history:
            for message in answer.get("messages", ()):
                self._keep(found, message)
                if message.get("reply_count"):
                    replies = self.calls.pages("conversations_replies", 5, channel=room, ts=message["ts"], limit=200)
                    async for thread in replies:
                        for each in thread.get("messages", ()):
                            self._keep(found, each)
        return [found[ts] for ts in sorted(found, key=float)]

    def _keep(self, found: dict[str, Said], message: dict[str, Any]) -> None:
        ts, user = str(message.get("ts", "0")), str(message.get("user") or message.get("bot_id") or "")
        found[ts] = Said(
            at=datetime.fromtimestamp(float(ts), UTC),
            by=self.settings.find_person(user) or user,
            text=_read_text(message),
            pinned=bool(message.get("pinned_to")),
        )

    async def archive(self, room: str) -> None:
        """One that is archived already is no fault."""
        try:
            await self.calls.call("conversations_archive", channel=room)
        except Refused as refused:
            if refused.word != "already_archived":
                raise

    # ── pages ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def find_address(self, responder: str, person: Person) -> str:
        """The user there."""
        return self.settings.people.get(responder, "")

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """A direct message with a button that acknowledges."""
        user = self.settings.people.get(message.responder)
        if user is None:
            raise Rejected(f"{person.name} has no Slack user; add {message.responder} to the channel's `people`.")
        opened = await self.calls.call("conversations_open", users=user)
        said = spell(message)[:MOST_NOTICE] if message.notice else brief(message, 1500)
        more = () if message.notice else (f"Everything about it: {message.room}",)
        text = "\n".join((title(message), said, *more))
        buttons = [] if message.notice else [show_buttons([("Acknowledge", ACKNOWLEDGE, message.incident)])]
        blocks = [*show_text(text), *buttons]
        fields = {"channel": str(opened["channel"]["id"]), "text": spell_line(text), "blocks": blocks}
        return f"Slack took it as {await self._post(key, fields)}"


def _list_buttons(incident: str) -> list[tuple[str, str, str]]:
    return [
        ("Acknowledge", ACKNOWLEDGE, incident),
        ("Give a role", ROLE, incident),
        ("Severity", SEVERITY, incident),
        ("Steps to approve", STEPS, incident),
        ("Whom to call", QUESTIONS, incident),
    ]


def show_question(value: str, line: int, *, is_condition: bool = True) -> Block:
    """The buttons by which a question of the playbook is answered, or a level of it called."""
    if not is_condition:
        return show_buttons([("Call them", YES, value)], name=f"level {line}")
    return show_buttons([("So it is", YES, value), ("It is not so", NO, value)], name=f"question {line}")


def _read_text(message: dict[str, Any]) -> str:
    """What a message says: of ours its blocks, of people their words."""
    blocks = (block.get("text") for block in message.get("blocks") or () if block.get("type") == "section")
    shown = "\n".join(str(text.get("text", "")) for text in blocks if isinstance(text, dict))
    return shown or str(message.get("text", ""))
