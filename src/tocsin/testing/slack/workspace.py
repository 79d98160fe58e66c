"""The workspace of a fake Slack: users, channels, messages and pins, and the methods of the Web API over them.

A method takes its fields and gives Slack's answer; what Slack refuses is raised as `Refusal` with Slack's own word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

BOT, TEAM = "UBOT00001", "T00000001"
MOST_NAME, MOST_TEXT, MOST_TOPIC, MOST_BLOCKS = 80, 40_000, 250, 50
_NAME = re.compile(r"[a-z0-9_-]+")


class Refusal(Exception):
    """What Slack says no with."""

    def __init__(self, word: str, **more: Any) -> None:
        self.answer = {"ok": False, "error": word, **more}
        super().__init__(word)


class Message(msgspec.Struct, kw_only=True):
    """A message as Slack keeps it."""

    ts: str
    user: str
    text: str
    blocks: list[Any] = []
    metadata: dict[str, Any] = {}
    thread_ts: str = ""
    is_pinned: bool = False

    def show(self, channel: str, *, metadata: bool) -> dict[str, Any]:
        """As ``conversations.history`` gives it."""
        shown: dict[str, Any] = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text}
        if self.blocks:
            shown["blocks"] = self.blocks
        if self.is_pinned:
            shown["pinned_to"] = [channel]
        if metadata and self.metadata:
            shown["metadata"] = self.metadata
        return shown


class Channel(msgspec.Struct, kw_only=True):
    """A channel."""

    id: str
    name: str
    creator: str
    is_private: bool = False
    is_archived: bool = False
    topic: str = ""
    purpose: str = ""
    members: list[str] = []
    messages: list[Message] = []

    def show(self) -> dict[str, Any]:
        """As ``conversations.info`` gives it."""
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": not self.is_private,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "creator": self.creator,
            "topic": {"value": self.topic, "creator": BOT, "last_set": 0},
            "purpose": {"value": self.purpose, "creator": BOT, "last_set": 0},
            "is_member": BOT in self.members,
        }


class Workspace:
    """Everything that a fake Slack knows. `views` are the forms that were opened; `triggers` may open one each."""

    def __init__(self, users: tuple[str, ...] = ("U1", "U2", "U3")) -> None:
        self.users = [BOT, *users]
        self.channels: dict[str, Channel] = {}
        self.views: list[dict[str, Any]] = []
        self.ephemeral: list[dict[str, Any]] = []
        self.triggers: set[str] = set()
        self._clock = 1_700_000_000
        self._handlers: dict[str, Callable[..., dict[str, Any]]] = {
            name.removeprefix("do_").replace("_", ".", 1): getattr(self, name)
            for name in dir(self)
            if name.startswith("do_")
        }

    def tick(self) -> str:
        """The next message's id."""
        self._clock += 1
        return f"{self._clock}.000100"

    def add_channel(self, name: str, creator: str = "U1", members: tuple[str, ...] = ()) -> Channel:
        """A channel that people have made."""
        channel = Channel(id=f"C{len(self.channels) + 1:08}", name=name, creator=creator, members=list(members))
        self.channels[channel.id] = channel
        return channel

    def add_message(self, channel: str, user: str, text: str, thread: str = "") -> Message:
        """What somebody says."""
        message = Message(ts=self.tick(), user=user, text=text, thread_ts=thread)
        self.channels[channel].messages.append(message)
        return message

    def find(self, name: str) -> Channel:
        """A channel by its name. Raises `KeyError`."""
        found = next((each for each in self.channels.values() if each.name == name), None)
        if found is None:
            raise KeyError(f"no channel {name}; there are {[each.name for each in self.channels.values()]}")
        return found

    def call(self, method: str, fields: dict[str, Any]) -> dict[str, Any]:
        """What Slack answers to a method. Raises `Refusal`."""
        handler = self._handlers.get(method)
        if handler is None:
            raise Refusal("unknown_method", req_method=method)
        return {"ok": True, **handler(fields)}

    # ── what methods share ─────────────────────────────────────────────────────────────────────────────────────────

    def _channel(self, fields: dict[str, Any], *, member: bool = False, writes: bool = False) -> Channel:
        wanted = str(fields.get("channel", ""))
        found = self.channels.get(wanted) or next(
            (each for each in self.channels.values() if f"#{each.name}" == wanted), None
        )
        if found is None:
            raise Refusal("channel_not_found")
        if writes and found.is_archived:
            raise Refusal("is_archived")
        if member and BOT not in found.members:
            raise Refusal("not_in_channel")
        return found

    def _message(self, channel: Channel, ts: Any) -> Message:
        found = next((each for each in channel.messages if each.ts == ts), None)
        if found is None:
            raise Refusal("message_not_found")
        return found

    # ── methods ────────────────────────────────────────────────────────────────────────────────────────────────────

    def do_auth_test(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"url": "https://fake.slack.com/", "team": "Fake", "user": "tocsin", "team_id": TEAM, "user_id": BOT}

    def do_conversations_create(self, fields: dict[str, Any]) -> dict[str, Any]:
        name = str(fields.get("name", ""))
        if not name:
            raise Refusal("invalid_name_required")
        if len(name) > MOST_NAME:
            raise Refusal("invalid_name_maxlength")
        if not _NAME.fullmatch(name):
            raise Refusal("invalid_name_specials")
        if any(each.name == name for each in self.channels.values()):
            raise Refusal("name_taken")
        made = self.add_channel(name, BOT, (BOT,))
        made.is_private = _is_true(fields.get("is_private"))
        return {"channel": made.show()}

    def do_conversations_list(self, fields: dict[str, Any]) -> dict[str, Any]:
        kinds = str(fields.get("types") or "public_channel").split(",")
        limit, start = int(fields.get("limit") or 100), int(fields.get("cursor") or 0)
        listed = [
            each.show()
            for each in self.channels.values()
            if ("private_channel" if each.is_private else "public_channel") in kinds
            and not (_is_true(fields.get("exclude_archived")) and each.is_archived)
            and not each.name.startswith("dm-")
        ]
        following = str(start + limit) if start + limit < len(listed) else ""
        return {"channels": listed[start : start + limit], "response_metadata": {"next_cursor": following}}

    def do_conversations_setPurpose(self, fields: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 Slack's own name
        channel = self._channel(fields, member=True, writes=True)
        channel.purpose = str(fields.get("purpose", ""))
        return {"channel": channel.show()}

    def do_conversations_setTopic(self, fields: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 Slack's own name
        channel = self._channel(fields, member=True, writes=True)
        topic = str(fields.get("topic", ""))
        if len(topic) > MOST_TOPIC:
            raise Refusal("too_long")
        channel.topic = topic
        return {"channel": channel.show()}

    def do_conversations_invite(self, fields: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(fields, member=True, writes=True)
        users = str(fields.get("users", "")).split(",")
        for user in users:
            if user not in self.users:
                raise Refusal("user_not_found")
            if user == BOT:
                raise Refusal("cant_invite_self")
            if user in channel.members:
                raise Refusal("already_in_channel")
        channel.members += users
        return {"channel": channel.show()}

    def do_conversations_join(self, fields: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(fields, writes=True)
        if channel.is_private:
            raise Refusal("method_not_supported_for_channel_type")
        channel.members = list(dict.fromkeys([*channel.members, BOT]))
        return {"channel": channel.show()}

    def do_conversations_open(self, fields: dict[str, Any]) -> dict[str, Any]:
        user = str(fields.get("users", ""))
        if user not in self.users:
            raise Refusal("user_not_found")
        name = f"dm-{user.lower()}"
        found = next((each for each in self.channels.values() if each.name == name), None)
        return {"channel": {"id": (found or self.add_channel(name, BOT, (BOT, user))).id}}

    def do_conversations_history(self, fields: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(fields, member=True)
        threads: dict[str, int] = {}
        for each in channel.messages:
            if each.thread_ts:
                threads[each.thread_ts] = threads.get(each.thread_ts, 0) + 1
        told = [each for each in reversed(channel.messages) if not each.thread_ts]
        if fields.get("latest"):
            told = [each for each in told if each.ts <= str(fields["latest"])]
        limit, start = min(int(fields.get("limit") or 100), 999), int(fields.get("cursor") or 0)
        following = str(start + limit) if start + limit < len(told) else ""
        metadata = _is_true(fields.get("include_all_metadata"))
        shown = [each.show(channel.id, metadata=metadata) for each in told[start : start + limit]]
        for message in shown:
            if message["ts"] in threads:
                message["reply_count"] = threads[message["ts"]]
        return {
            "messages": shown,
            "has_more": bool(following),
            "response_metadata": {"next_cursor": following},
        }

    def do_conversations_replies(self, fields: dict[str, Any]) -> dict[str, Any]:
        channel, ts = self._channel(fields, member=True), str(fields.get("ts", ""))
        self._message(channel, ts)
        told = [each for each in channel.messages if ts in (each.ts, each.thread_ts)]
        return {"messages": [each.show(channel.id, metadata=False) for each in told], "has_more": False}

    def do_conversations_archive(self, fields: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(fields)
        if channel.is_archived:
            raise Refusal("already_archived")
        if BOT not in channel.members:
            raise Refusal("not_in_channel")
        channel.is_archived = True
        return {}

    def do_chat_postMessage(self, fields: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 Slack's own name
        channel = self._channel(fields, member=True, writes=True)
        text, blocks = _read_message(fields)
        made = Message(ts=self.tick(), user=BOT, text=text, blocks=blocks, metadata=_read_table(fields.get("metadata")))
        channel.messages.append(made)
        return {"channel": channel.id, "ts": made.ts, "message": made.show(channel.id, metadata=True)}

    def do_chat_postEphemeral(self, fields: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 Slack's own name
        channel = self._channel(fields)
        text, blocks = _read_message(fields)
        self.ephemeral.append({"channel": channel.id, "user": fields.get("user"), "text": text, "blocks": blocks})
        return {"message_ts": self.tick()}

    def do_chat_update(self, fields: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(fields, writes=True)
        message = self._message(channel, fields.get("ts"))
        if message.user != BOT:
            raise Refusal("cant_update_message")
        message.text, message.blocks = _read_message(fields)
        return {"channel": channel.id, "ts": message.ts, "text": message.text}

    def do_pins_add(self, fields: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(fields, member=True, writes=True)
        if not fields.get("timestamp"):
            raise Refusal("no_item_specified")
        message = self._message(channel, fields["timestamp"])
        if message.is_pinned:
            raise Refusal("already_pinned")
        message.is_pinned = True
        return {}

    def do_views_open(self, fields: dict[str, Any]) -> dict[str, Any]:
        trigger = str(fields.get("trigger_id", ""))
        if trigger not in self.triggers:
            raise Refusal("expired_trigger_id")
        self.triggers.discard(trigger)
        view = _read_table(fields.get("view"))
        if view.get("type") != "modal" or not view.get("title") or not view.get("blocks"):
            raise Refusal("invalid_arguments")
        self.views.append(view)
        return {"view": {"id": f"V{len(self.views)}", **view}}


def _read_message(fields: dict[str, Any]) -> tuple[str, list[Any]]:
    text, blocks = str(fields.get("text") or ""), _read_list(fields.get("blocks"))
    if not text and not blocks:
        raise Refusal("no_text")
    if len(text) > MOST_TEXT:
        raise Refusal("msg_too_long")
    if len(blocks) > MOST_BLOCKS or any(_is_too_long(block) for block in blocks):
        raise Refusal("invalid_blocks")
    return text, blocks


def _is_too_long(block: Any) -> bool:
    text = block.get("text") if isinstance(block, dict) else None
    return not isinstance(block, dict) or (isinstance(text, dict) and not 0 < len(str(text.get("text", ""))) <= 3000)


def _read_list(value: Any) -> list[Any]:
    found = json.loads(value) if isinstance(value, str) and value else value
    return found if isinstance(found, list) else []


def _read_table(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) and value else value
    return found if isinstance(found, dict) else {}


def _is_true(value: Any) -> bool:
    return value in (True, "true", "True", "1", 1)
