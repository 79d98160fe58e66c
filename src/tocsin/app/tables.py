"""The tables of `tocsin.toml`, as this version knows them. The rooms type their own; here they become one file."""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.alert.heartbeat import Heartbeat
from tocsin.alert.settings import Route
from tocsin.alert.sources.mapped import Intake
from tocsin.app.watch.heartbeat import HeartbeatTable
from tocsin.app.watch.sending import CheckpointsTable, WitnessTable
from tocsin.app.watch.synthetic import SyntheticTable
from tocsin.app.watch.traces import TracesTable
from tocsin.comms.settings import StatusPage
from tocsin.incident.blank import Rule
from tocsin.incident.inhibition import Inhibit
from tocsin.incident.predicate import Check, Predicate
from tocsin.incident.privacy import PrivateWhen
from tocsin.incident.readers import Readers
from tocsin.incident.reminders import Reminders
from tocsin.incident.window import Window
from tocsin.integrations.apprise import AppriseSettings
from tocsin.integrations.ntfy import NtfySettings
from tocsin.integrations.pagerduty import PagerDutySettings
from tocsin.integrations.slack.settings import SlackSettings
from tocsin.integrations.smtp import SmtpSettings
from tocsin.integrations.terminal import TerminalSettings
from tocsin.integrations.twilio import TwilioSettings
from tocsin.integrations.webhook import WebhookSettings
from tocsin.integrations.webpush import WebPushSettings
from tocsin.oncall.outsider import Outsider
from tocsin.oncall.settings import Hours, Person, Schedule
from tocsin.review.retention import Retention
from tocsin.words import Means, Mode, Urgency

CHANNEL_KINDS: dict[str, type[msgspec.Struct]] = {
    "terminal": TerminalSettings,
    "webhook": WebhookSettings,
    "smtp": SmtpSettings,
    "ntfy": NtfySettings,
    "apprise": AppriseSettings,
    "twilio": TwilioSettings,
    "pagerduty": PagerDutySettings,
    "slack": SlackSettings,
    "webpush": WebPushSettings,
}
OF_FILE = "_file"
"""How the name of a field ends that names a file with a secret in it."""


def find_secret_files(channel: msgspec.Struct) -> dict[str, str]:
    """The files with a channel's secrets, as they stand in the settings, by field."""
    fields = ((name, getattr(channel, name)) for name in channel.__struct_fields__ if name.endswith(OF_FILE))
    return {name: value for name, value in fields if isinstance(value, str) and value}


def is_mail(channel: object) -> bool:
    """Whether a channel, as it stands in the file, sends mail."""
    return isinstance(channel, dict) and channel.get("kind") == "smtp"


def is_pager(channel: object) -> bool:
    """Whether behind a channel, as it stands in the file, another pager calls people."""
    return isinstance(channel, dict) and channel.get("kind") == "pagerduty"


class ServerTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[server]`: `url` is how people reach the server, if not at the address that it listens on.

    `overseers` are people who may act in every team's incidents.
    """

    url: str | None = None
    overseers: tuple[str, ...] = ()


class StoreTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[store]`: `url` names a PostgreSQL that several nodes share; without it, the data is a file of this server's."""

    url: str | None = None


class PrometheusTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[teams.ID.prometheus]`: `url` is where lines of PromQL in the playbook are asked, from the team's target."""

    url: str


class TeamTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[teams.ID]`. `playbook` is relative to the workspace; `levels` is the ladder, each rung a list of names.

    `level_after_s` maps a rung's number to the seconds after which it joins, where it has a time of its own. `group_by`
    are labels that set incidents of one scenario apart; `TeamPolicy` tells what the two times beside it do. `targets`
    are typed by their `kind` (`inventory.py`); `war_room` is the chat in which incidents have rooms (``web`` is the
    built-in one), `tickets` the tracker; `bindings` says of blanks in statements what they take. `reviewers`
    (people or roles) may say what its commands do. After `acknowledgement_good_for_s` seconds without a sign of life an
    acknowledgement expires (0: never). `means` says how channels reach people ("call", "sms", "mail", "chat", "push")
    where their kind does not; `eligible` who may play a role (people, or roles of the settings); `bridge` is the team's
    conference; `shadow_readers` are the people who may read what the shadow mode would have done, `media` those who may
    speak to the press. `urgency` maps severities to ``high`` or ``low`` where their response time should not say it;
    `hours` are the team's working hours, `contacts` whom it may need from outside. With `handoff_summary` hand-offs are
    summed up whatever the playbook says.
    """

    playbook: str
    name: str = ""
    mode: Mode = Mode.SHADOW
    timezone: str = "UTC"
    levels: tuple[tuple[str, ...], ...] = ()
    level_after_s: dict[str, int] = {}
    last_resort: tuple[str, ...] = ()
    severity_label: str = "severity"
    severity_map: dict[str, str] = {}
    evidence_wait_s: float = 2.0
    group_by: tuple[str, ...] = ()
    group_wait_s: float = 0.0
    group_interval_s: float = 0.0
    flap_times: int = 5
    flap_within_s: float = 600.0
    approval_good_for_s: float = 600.0
    acknowledgement_good_for_s: float = 0.0
    handoff_summary: bool = False
    means: dict[str, Means] = {}
    eligible: dict[str, tuple[str, ...]] = {}
    bridge: str = ""
    shadow_readers: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    schedules: dict[str, Schedule] = {}
    roles: dict[str, tuple[str, ...]] = {}
    targets: dict[str, Any] = {}
    heartbeats: dict[str, Heartbeat] = {}
    maintenance: dict[str, Window] = {}
    bindings: dict[str, Rule] = {}
    prometheus: PrometheusTable | None = None
    predicates: dict[str, Predicate] = {}
    checks: dict[str, Check] = {}
    war_room: str = ""
    tickets: str = ""
    status: StatusPage = StatusPage()
    permissions: dict[str, tuple[str, ...]] = {}
    urgency: dict[str, Urgency] = {}
    hours: Hours = Hours()
    audiences: dict[str, Readers] = {}
    reminders: Reminders = Reminders()
    private: PrivateWhen = PrivateWhen()
    contacts: dict[str, Outsider] = {}


class File(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    server: ServerTable = ServerTable()
    store: StoreTable = StoreTable()
    people: dict[str, Person] = {}
    channels: dict[str, Any] = {}
    trackers: dict[str, Any] = {}
    teams: dict[str, TeamTable] = {}
    route: tuple[Route, ...] = ()
    intake: tuple[Intake, ...] = ()
    inhibit: tuple[Inhibit, ...] = ()
    heartbeat: HeartbeatTable | None = None
    synthetic: SyntheticTable | None = None
    traces: TracesTable | None = None
    retention: Retention = Retention()
    checkpoints: CheckpointsTable | None = None
    witness: WitnessTable | None = None


def find_eligible(table: TeamTable) -> dict[str, tuple[str, ...]]:
    """Who may play each role: people, those of the settings' roles by their ids."""
    return {
        role: tuple(dict.fromkeys(person for name in who for person in table.roles.get(name, (name,))))
        for role, who in table.eligible.items()
    }


def find_means(file: File) -> dict[str, Means]:
    """How channels reach people, as far as their kind says it."""
    kinds = {"smtp": Means.MAIL, "ntfy": Means.PUSH, "twilio": Means.CALL}
    known = {name: each for name, each in file.channels.items() if isinstance(each, dict) and each.get("kind") in kinds}
    return {name: Means.SMS if each.get("way") == "sms" else kinds[each["kind"]] for name, each in known.items()}


class CommandTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[[command]]` of `commands.toml`: what somebody of the team says that a command of its own does.

    What is not `reversible` takes two people; `sha256` is of the script that was looked at.
    """

    pattern: str
    effect: str
    who: str
    when: str
    tags: tuple[str, ...] = ()
    team: str | None = None
    sha256: str | None = None
    reversible: bool = True


class CommandFile(msgspec.Struct, frozen=True, kw_only=True):
    """`commands.toml`."""

    command: tuple[CommandTable, ...] = ()
