"""How an incident begins, and the alerts behind it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.timeline.events.kinds import Fact
from tocsin.words import Hush


class AlertSeen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert as it looked when it joined: its fingerprint is Alertmanager's."""

    fingerprint: str
    name: str
    starts_at: datetime
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    generator_url: str = ""


class IncidentOpened(Fact, frozen=True, kw_only=True):
    """An incident began. It pins its playbook: `playbook` is the source's digest, `model` the compiled model's.

    `candidates` are the teams that may be meant, while it is in triage; `group` is that of its alerts, where the team
    groups them by labels.
    """

    team: str
    number: str
    title: str
    by: str
    origin: str
    playbook: str = ""
    model: str = ""
    scenario: str | None = None
    scenario_line: int | None = None
    severity: str | None = None
    candidates: tuple[str, ...] = ()
    group: str = ""


class AlertsJoined(Fact, frozen=True, kw_only=True):
    """Alerts were found to belong to this incident."""

    alerts: tuple[AlertSeen, ...]


class AlertCleared(Fact, frozen=True, kw_only=True):
    """An alert's own source said that it is over."""

    fingerprint: str
    name: str


class AlertFiredAgain(Fact, frozen=True, kw_only=True):
    """An alert that had cleared is back."""

    fingerprint: str
    name: str


class ScenarioChosen(Fact, frozen=True, kw_only=True):
    """A person said which scenario this is, or moved it to another team's playbook."""

    team: str
    scenario: str | None
    by: str
    playbook: str = ""
    model: str = ""
    scenario_line: int | None = None


class AlertFlaps(Fact, frozen=True, kw_only=True):
    """An alert that keeps clearing and firing again stays in this incident, and calls nobody anew while it goes on so.

    It has fired again `times` times within the last `within_s` seconds.
    """

    fingerprint: str
    name: str
    times: int
    within_s: float


class AlertSteadied(Fact, frozen=True, kw_only=True):
    """An alert that flapped has stayed as it is for as long as it is watched."""

    fingerprint: str
    name: str
    fires: bool


class AlertSilenced(Fact, frozen=True, kw_only=True):
    """An alert that fires is hushed: it pages nobody while that lasts.

    `silence` is the id of the silence or maintenance window; of an inhibition it is the fingerprint of the alert that
    inhibits, whose name is `by`, and which holds until that alert is over.
    """

    fingerprint: str
    name: str
    silence: str
    by: str
    comment: str
    until: datetime | None = None
    hush: Hush = Hush.SILENCE


class AlertUnsilenced(Fact, frozen=True, kw_only=True):
    """What hushed an alert has ended, and the alert still fires: it pages again."""

    fingerprint: str
    name: str
    silence: str
    hush: Hush = Hush.SILENCE


class SilenceEnding(Fact, frozen=True, kw_only=True):
    """A silence or window that keeps this incident quiet ends soon; `by` set it, and may lengthen it."""

    silence: str
    by: str
    until: datetime
    hush: Hush = Hush.SILENCE


class AlertWentSilent(Fact, frozen=True, kw_only=True):
    """An alert was to be heard of again by `until`, and was not. That is no all-clear: its source may be gone."""

    fingerprint: str
    name: str
    until: datetime
