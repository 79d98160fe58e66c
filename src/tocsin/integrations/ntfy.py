"""Pages through ntfy, on its own server or yours: the one way to a phone that needs no vendor's relay (on Android).

Whoever knows a topic can read it where the server lets everybody in, so topics are secrets and stand in `topics_file`
(`addresses.py`), each person's on a line. The page's two links open screens; nothing is done by opening them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import Rejected
from tocsin.integrations.addresses import Addresses, choose
from tocsin.integrations.post import ask, read_json, require_yes
from tocsin.oncall.settings import Person
from tocsin.page.brief import title
from tocsin.page.message import PageMessage, spell

MOST_BYTES = 3500
"""A longer message becomes a file that somebody must download."""
URGENT, CALM = 5, 3


class NtfySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "ntfy"`; `url` is the server, `token_file` holds its access token."""

    kind: Literal["ntfy"]
    topics_file: str
    url: str = "https://ntfy.sh"
    token_file: str | None = None


class _Action(msgspec.Struct, frozen=True):
    label: str
    url: str
    action: str = "view"
    clear: bool = True


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    topic: str
    title: str
    message: str
    priority: int
    tags: tuple[str, ...]
    click: str
    actions: tuple[_Action, ...]


class _Taken(msgspec.Struct, frozen=True):
    """What ntfy answers, as much of it as is looked at."""

    id: str
    event: Literal["message"]


class Ntfy:
    """Publishes pages."""

    def __init__(self, settings: NtfySettings, topics: Addresses, token: str | None) -> None:
        self._settings, self._topics, self._token = settings, topics, token

    def find_address(self, responder: str, person: Person) -> str:
        """The server, and the topics there."""
        return " ".join((self._settings.url, *choose(self._topics, responder)))

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Publish to each topic of the responder."""
        topics = choose(self._topics, message.responder)
        if not topics:
            raise Rejected(f"{person.name} has no topic; add a line to {self._settings.topics_file}.")
        taken = [await self._publish(topic, message) for topic in topics]
        return f"ntfy took it as {', '.join(taken)}"

    async def _publish(self, topic: str, message: PageMessage) -> str:
        said = _Message(
            topic=topic,
            title=title(message),
            message=spell(message).encode()[:MOST_BYTES].decode(errors="ignore"),
            priority=URGENT if message.urgent else CALM,
            tags=() if message.notice else ("rotating_light", *(("repeat",) if message.repeat else ())),
            click=message.link,
            actions=() if message.notice else _list_actions(message),
        )
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        answer = await ask("ntfy", self._settings.url, headers=headers, content=msgspec.json.encode(said))
        require_yes("ntfy", answer)
        return read_json("ntfy", answer, _Taken).id[:40]


def _list_actions(message: PageMessage) -> tuple[_Action, ...]:
    first = "More" if message.informs else "Acknowledge…"
    return (_Action(first, message.link), _Action("Open the room", message.room, clear=False))
