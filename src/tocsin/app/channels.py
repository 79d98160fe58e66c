"""The channels of the settings: read and checked with the file, opened with their secrets when the server has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tocsin.app.tables import CHANNEL_KINDS, find_secret_files
from tocsin.config import Problems, Source, convert
from tocsin.engine.contracts import CHANNEL
from tocsin.engine.failpoint import Reach
from tocsin.errors import UserError
from tocsin.integrations.addresses import EVERYBODY, read_addresses
from tocsin.integrations.apprise import Apprise, AppriseSettings, find_faults
from tocsin.integrations.channel import Channel
from tocsin.integrations.ntfy import Ntfy, NtfySettings
from tocsin.integrations.pagerduty import PagerDuty, PagerDutySettings
from tocsin.integrations.slack.calls import Calls
from tocsin.integrations.slack.rooms import Slack
from tocsin.integrations.slack.settings import SlackSettings
from tocsin.integrations.smtp import Smtp, SmtpSettings
from tocsin.integrations.terminal import Terminal
from tocsin.integrations.twilio import Twilio, TwilioSettings
from tocsin.integrations.webhook import Webhook, WebhookSettings
from tocsin.integrations.webpush import Phones, WebPush, WebPushSettings, read_key
from tocsin.page.contact import Subscription

PLACES_OF_WEBHOOK = 32
"""A webhook is a machine, which takes many pages at a time."""


def read_channels(
    root: Path, source: Source, tables: Mapping[str, Any], problems: Problems
) -> dict[str, msgspec.Struct]:
    """The channels of the file, and the terminal, which is always there."""
    channels: dict[str, msgspec.Struct] = {"terminal": msgspec.convert({"kind": "terminal"}, CHANNEL_KINDS["terminal"])}
    for name, table in tables.items():
        path = ("channels", name)
        kind = table.get("kind") if isinstance(table, dict) else None
        if kind not in CHANNEL_KINDS:
            known = ", ".join(CHANNEL_KINDS)
            problems.append(source.problem(path, f"`kind` must be one of: {known}; this is {kind!r}."))
            continue
        channel = convert(source, path, table, CHANNEL_KINDS[kind], problems)
        if channel is not None:
            _check_secrets(root, source, path, channel, problems)
            channels[name] = channel
    return channels


def _check_secrets(
    root: Path, source: Source, path: tuple[str, ...], channel: msgspec.Struct, problems: Problems
) -> None:
    for field, name in find_secret_files(channel).items():
        if not (root / name).is_file():
            if field in getattr(channel, "made", ()):
                continue
            text = f"there is no file {name!r}; put the secret in it (mode 0600)."
            problems.append(source.problem((*path, field), text))
        elif isinstance(channel, AppriseSettings):
            for who in find_faults(read_addresses(_read(root, name))):
                whose = "for everybody" if who == EVERYBODY else f"of {who}"
                text = f"{name} has an address {whose} that Apprise does not know; write it as Apprise's docs say."
                problems.append(source.problem((*path, field), text))


class NoPhones:
    """Nobody has subscribed a phone."""

    async def list_of(self, person: str) -> list[Subscription]:
        """None."""
        return []

    async def remove(self, endpoint: str) -> None:
        """There is nothing to remove."""


class Opener:
    """Opens the channels of the settings; `mark` tells this server from another where a vendor has both."""

    def __init__(self, reach: Reach, mark: str = "", phones: Phones | None = None) -> None:
        self._reach, self._mark, self._phones = reach, mark, phones or NoPhones()

    def open(self, root: Path, channels: Mapping[str, msgspec.Struct]) -> dict[str, Channel]:
        """Each channel with its secrets."""
        return {name: self._open(settings, root) for name, settings in channels.items()}

    def _open(self, settings: msgspec.Struct, root: Path) -> Channel:
        match settings:
            case WebhookSettings(secret_file=secret):
                return Webhook(settings, _read(root, secret).encode() if secret else None, self._reach)
            case SmtpSettings(password_file=secret):
                return Smtp(settings, _read(root, secret) if secret else None)
            case NtfySettings(topics_file=topics, token_file=secret):
                return Ntfy(settings, read_addresses(_read(root, topics)), _read(root, secret) if secret else None)
            case AppriseSettings(urls_file=urls):
                return Apprise(settings, read_addresses(_read(root, urls)))
            case TwilioSettings(token_file=tokens):
                return Twilio(settings, _read(root, tokens).split())
            case PagerDutySettings(routing_key_file=key, webhook_secret_file=secret):
                return PagerDuty(settings, _read(root, key), _read(root, secret).split() if secret else (), self._mark)
            case WebPushSettings(key_file=key):
                return WebPush(settings, read_key(root / key), self._phones)
            case SlackSettings():
                return _open_slack(settings, root)
        return Terminal()


def count_places(channels: Mapping[str, msgspec.Struct]) -> dict[str, int]:
    """How many pages at a time those channels take that take more than others."""
    hooks = (name for name, settings in channels.items() if isinstance(settings, WebhookSettings))
    return {f"{CHANNEL}{name}": PLACES_OF_WEBHOOK for name in hooks}


def _open_slack(settings: SlackSettings, root: Path) -> Slack:
    try:
        calls = Calls(_read(root, settings.token_file), settings.api)
    except ImportError as error:
        raise UserError("Slack needs what `pip install 'tocsin[slack]'` installs. Do that first.") from error
    secret, app_token = settings.signing_secret_file, settings.app_token_file
    return Slack(settings, calls, _read(root, secret) if secret else "", _read(root, app_token) if app_token else "")


def _read(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8").strip()
