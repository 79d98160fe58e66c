"""Which chat a team's incidents have their rooms in, and which tracker its tickets: opened, and checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from tocsin.app.tables import File
from tocsin.config import Problems, Source
from tocsin.engine.journal import Journal
from tocsin.engine.rooms import is_room_taken
from tocsin.errors import list_known
from tocsin.integrations.chat import Chat
from tocsin.integrations.slack.settings import SlackSettings
from tocsin.integrations.web_room import NAME, WebRooms

CHAT_KINDS: tuple[type[msgspec.Struct], ...] = (SlackSettings,)
"""The settings of channels that have rooms, too."""
USER = re.compile(r"[UW][A-Z0-9]{2,20}")


class Chats:
    """The chats of a server: the built-in one, and those of its channels that are chats. `channels` are looked up."""

    def __init__(self, journal: Journal, url: Callable[[], str], channels: Callable[[], Mapping[str, object]]) -> None:
        self._web = WebRooms(url, journal.entries, partial(is_room_taken, journal))
        self._channels = channels

    def list_all(self) -> dict[str, Chat]:
        """By the name that `war_room` gives."""
        found = {name: each for name, each in self._channels().items() if is_chat(each)}
        return {**found, NAME: self._web}  # type: ignore[dict-item]


def is_chat(channel: object) -> bool:
    """Whether a channel has rooms, too."""
    return callable(getattr(channel, "archive", None))


def check_rooms(source: Source, file: File, channels: Mapping[str, msgspec.Struct], problems: Problems) -> None:
    """A team's `war_room` is the built-in one or a channel that has rooms."""
    known = [NAME, *(name for name, each in channels.items() if isinstance(each, CHAT_KINDS))]
    for team, table in file.teams.items():
        if table.war_room and table.war_room not in known:
            text = f"{table.war_room!r} has no rooms; there are: {', '.join(known)}. Leave it out to open none."
            problems.append(source.problem(("teams", team, "war_room"), text))
    for name, channel in channels.items():
        if isinstance(channel, SlackSettings):
            _check_users(source, file, name, channel, problems)


def _check_users(source: Source, file: File, name: str, channel: SlackSettings, problems: Problems) -> None:
    """Each Slack user is one person's, and that person stands in the settings."""
    path, seen = ("channels", name, "people"), dict[str, str]()
    for person, user in channel.people.items():
        if person not in file.people:
            known = list_known(file.people, person)
            problems.append(source.problem((*path, person), f"there is no person {person!r}; there are {known}."))
        if not USER.fullmatch(user):
            text = f"{user!r} is no Slack user; it looks like U012AB3CD (in Slack: profile, Copy member ID)."
            problems.append(source.problem((*path, person), text))
        elif user in seen:
            problems.append(source.problem((*path, person), f"{user} is {seen[user]} already; one user is one person."))
        seen[user] = person
