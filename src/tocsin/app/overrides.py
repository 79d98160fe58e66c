"""What the command line of `tocsin serve` says over the settings: a mode, a webhook that is called too, groups.

It holds for as long as the server runs, and again for every change of the files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from tocsin.app.workspace import Workspace
from tocsin.engine.shelf import TeamShelf
from tocsin.errors import UserError
from tocsin.incident.book import TeamPolicy
from tocsin.integrations.webhook import WebhookSettings
from tocsin.oncall.settings import Person
from tocsin.words import Mode

WEBHOOK = "webhook"
"""The responder and the channel that `--webhook` adds."""
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

replace = msgspec.structs.replace


class Wishes(Protocol):
    """What of the options lies over the settings."""

    @property
    def mode(self) -> Mode | None: ...

    @property
    def webhook(self) -> str | None: ...

    @property
    def group_by(self) -> tuple[str, ...]: ...

    @property
    def group_wait_s(self) -> float | None: ...

    @property
    def group_interval_s(self) -> float | None: ...


def apply_wishes(workspace: Workspace, wishes: Wishes) -> Workspace:
    """The workspace as the command line wants it."""
    policy: dict[str, object] = {
        name: value
        for name in ("mode", "group_by", "group_wait_s", "group_interval_s")
        if (value := getattr(wishes, name)) not in (None, ())
    }
    if policy:
        workspace = _each_team(workspace, lambda team: replace(team, policy=replace(team.policy, **policy)))
    return workspace if wishes.webhook is None else _call_webhook_too(workspace, wishes.webhook)


def _each_team(workspace: Workspace, change: Callable[[TeamShelf], TeamShelf]) -> Workspace:
    teams = {name: change(team) for name, team in workspace.settings.teams.items()}
    return replace(workspace, settings=replace(workspace.settings, teams=teams))


def _call_webhook_too(workspace: Workspace, url: str) -> Workspace:
    """The webhook is one more responder on the first rung of every ladder: its trouble delays nobody's page."""
    channel = WebhookSettings(kind="webhook", url=url)
    person = Person(name=f"Webhook of --{WEBHOOK}", channels=(WEBHOOK,))
    workspace = _each_team(workspace, _add_to_ladder)
    settings = replace(workspace.settings, people={**workspace.settings.people, WEBHOOK: person})
    return replace(workspace, settings=settings, channels={**workspace.channels, WEBHOOK: channel})


def _add_to_ladder(team: TeamShelf) -> TeamShelf:
    first, *later = team.staffing.levels or ((),)
    levels = (tuple(dict.fromkeys((*first, WEBHOOK))), *later)
    return replace(team, staffing=replace(team.staffing, levels=levels), policy=_with_responder(team.policy))


def _with_responder(policy: TeamPolicy) -> TeamPolicy:
    known = policy.responders
    return policy if known is None else replace(policy, responders=tuple(dict.fromkeys((*known, WEBHOOK))))


def read_wait(text: str | None, option: str) -> float | None:
    """Seconds of a time as Alertmanager's settings write it: ``0s``, ``500ms``, ``1m30s``. Raises `UserError`."""
    if text is None:
        return None
    parts = re.findall(r"(\d+)(ms|[smh])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UserError(f"{option} {text!r} is no time; write it as 0s, 500ms, 30s or 1m30s.")
    return sum(int(number) * UNITS[unit] for number, unit in parts)
