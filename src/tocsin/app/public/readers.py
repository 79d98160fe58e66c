"""What must hold of `[teams.ID.audiences.NAME]`: each way leads somewhere that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from tocsin.app.tables import File, TeamTable, is_mail
from tocsin.config import Problems, Source
from tocsin.incident.readers import CONFIGURED, IN_APP, Readers
from tocsin.words import Audience

OURS = frozenset({".tocsin", "secrets", "playbooks"})
ADDRESS = re.compile(r"[^@\s<>,;]{1,64}@[^@\s<>,;]{1,253}")


def check_readers(source: Source, file: File, problems: Problems) -> None:
    """The tables of all teams."""
    for team, table in file.teams.items():
        for name, readers in table.audiences.items():
            for field, fault in _find_faults(file, table, name, readers):
                path = ("teams", team, "audiences", name, *field)
                problems.append(source.problem(path, fault))


def _find_faults(
    file: File, table: TeamTable, name: str, readers: Readers
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if name not in CONFIGURED:
        known = ", ".join(sorted(CONFIGURED))
        yield (), f"there is no audience {name!r} to be reached so; there are {known}."
        return
    mails = [each for each, channel in file.channels.items() if is_mail(channel)]
    if name == Audience.MEDIA:
        yield from _find_media_faults(file, table, readers, mails)
        return
    if readers == Readers(channel=readers.channel):
        yield (), "it leads nowhere; set `mail`, `webhooks`, `chat`, `file`, `followers` or `in_app`."
    if readers.in_app and name not in IN_APP:
        yield ("in_app",), f"the in-app feed is read by customers: {', '.join(sorted(IN_APP))}, not by {name}."
    for at, address in enumerate(readers.mail):
        if not ADDRESS.fullmatch(address):
            yield ("mail", at), f"{address!r} is no mail address."
    if (readers.mail or readers.channel) and (readers.channel not in mails if readers.channel else not mails):
        yield ("channel",) if readers.channel else ("mail",), f"mail needs an smtp channel; there is {_list(mails)}."
    hooks = [each for each, channel in file.channels.items() if _is_webhook(channel)]
    for at, hook in enumerate(readers.webhooks):
        if hook not in hooks:
            yield ("webhooks", at), f"there is no webhook {hook!r} among the channels; there is {_list(hooks)}."
    if readers.chat and not table.war_room:
        yield ("chat",), "the team has no chat; set its `war_room`."
    if readers.chat and not readers.chat.startswith("#"):
        yield ("chat",), 'name the channel as the chat shows it, such as "#status".'
    parts = PurePath(readers.file).parts
    if readers.file and (not parts or parts[0] in (*OURS, "/") or ".." in parts or not readers.file.endswith(".md")):
        yield ("file",), "name a file of Markdown below the workspace, such as public/release-notes.md."


def _find_media_faults(
    file: File, table: TeamTable, readers: Readers, mails: list[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if readers != Readers(channel=readers.channel):
        yield (), "the press is told by people: name them in the team's `media`, and set nothing but `channel` here."
    without = [who for who in table.media if who not in file.people or not file.people[who].mail]
    if not table.media or without:
        who = ", ".join(without)
        yield (), f"{who} needs a mail address." if without else "name in the team's `media` who speaks to the press."
    if readers.channel not in mails if readers.channel else not mails:
        yield (), f"mail needs an smtp channel; there is {_list(mails)}."


def _is_webhook(channel: object) -> bool:
    return isinstance(channel, dict) and channel.get("kind") == "webhook"


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"
