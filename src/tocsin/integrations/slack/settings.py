"""What `tocsin.toml` says of a Slack workspace."""

from __future__ import annotations

from typing import Literal

import msgspec


class SlackSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "slack"`: a channel that pages by direct message, and a chat for rooms.

    `token_file` holds the bot's token (``xoxb-…``). With `signing_secret_file` Slack may speak to
    ``/hooks/slack/NAME``; with `app_token_file` (``xapp-…``) tocsin opens a Socket Mode connection by itself. `people`
    maps a person's id to their Slack user (``U…``): nobody else can act. `channels` gives the ids of standing channels
    by their names without ``#``, where the name alone is not enough. `private`: all rooms are for those who are let in,
    not only those of private incidents.
    """

    kind: Literal["slack"]
    token_file: str
    signing_secret_file: str | None = None
    app_token_file: str | None = None
    people: dict[str, str] = {}
    channels: dict[str, str] = {}
    private: bool = False
    api: str = "https://slack.com/api/"

    def find_person(self, user: str) -> str | None:
        """Whose Slack user it is; null for a stranger."""
        return next((person for person, each in self.people.items() if each == user and user), None)
