"""What Alertmanager's clients read: amtool, dashboards and Prometheus find here what they would find there.

Only alerts that fire are listed, as there: one whose end has passed without a repetition is not. An alert under
maintenance is suppressed, and its windows are those that mute it. The receivers are the teams. Whoever has a key has no
name, so alerts of private incidents are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency as Given

from tocsin.alert.group import TRIAGE
from tocsin.alert.row import AlertRow
from tocsin.errors import BadInput
from tocsin.incident.inhibition import Inhibitor
from tocsin.incident.silence import Silence, find_active
from tocsin.timeline.matcher import Matcher, make_matcher, read_matchers
from tocsin.web.desk import Desk
from tocsin.web.hooks.keys import require_bearer_key, require_path_key
from tocsin.web.hooks.silences import SILENCES
from tocsin.words import Hush

UNROUTED = "nobody yet"


class Receiver(msgspec.Struct, frozen=True):
    """Who gets an alert: a team."""

    name: str


class State(msgspec.Struct, frozen=True, rename="camel"):
    """Where an alert stands."""

    state: str
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()


class Gettable(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert as Alertmanager shows it."""

    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    receivers: tuple[Receiver, ...]
    status: State
    generator_url: str | msgspec.UnsetType = msgspec.field(name="generatorURL", default=msgspec.UNSET)


class Group(msgspec.Struct, frozen=True):
    """Alerts of one name and one receiver."""

    labels: dict[str, str]
    receiver: Receiver
    alerts: tuple[Gettable, ...]


class Cluster(msgspec.Struct, frozen=True):
    """There is none."""

    status: str = "disabled"
    peers: tuple[str, ...] = ()


class Version(msgspec.Struct, frozen=True, rename="camel"):
    """What runs here."""

    version: str
    revision: str = "tocsin"
    branch: str = "tocsin"
    build_user: str = "tocsin"
    build_date: str = ""
    go_version: str = ""


class Config(msgspec.Struct, frozen=True):
    """The settings are not Alertmanager's."""

    original: str = "# tocsin's settings stand in tocsin.toml\n"


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """What amtool asks before anything else."""

    version_info: Version
    uptime: datetime
    cluster: Cluster = Cluster()
    config: Config = Config()


class Asked:
    """Which alerts somebody wants to see. Raises `BadInput` for what is no matcher."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        given = request.query_params
        self._matchers = read_matchers(given.getall("filter", []))
        receiver = given.get("receiver", "")
        self._receivers = (make_matcher("r", receiver, is_regex=True, is_equal=True),) if receiver else ()
        asked = ("active", "silenced", "inhibited", "muted", "unprocessed")
        self._hidden = {name for name in asked if _is_refused(given.get(name, ""))}

    def wants(self, alert: Gettable) -> bool:
        """Whether an alert is among them."""
        status = alert.status
        states = {
            "active": status.state == "active",
            "silenced": bool(status.silenced_by),
            "inhibited": bool(status.inhibited_by),
            "muted": bool(status.muted_by),
        }
        if any(states.get(name) for name in self._hidden) or not fit_filter(self._matchers, alert.labels):
            return False
        return all(each.fits({"r": to.name}) for each in self._receivers for to in alert.receivers)


def _is_refused(given: str) -> bool:
    if given.lower() not in ("", "true", "false"):
        raise BadInput(f"{given[:40]!r} is neither true nor false.")
    return given.lower() == "false"


def fit_filter(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether labels fit a filter. Alertmanager's rule for an empty value: `a=""` asks that there be no label `a`."""
    for each in matchers:
        there = each.name in labels
        if not each.value and there is not each.is_equal:
            continue
        if not each.fits(labels):
            return False
    return True


class Reads:
    """Answers for one team, or for all where alerts are taken without a key."""

    def __init__(self, desk: Desk, started_at: datetime) -> None:
        self._desk, self._started_at = desk, started_at

    async def alerts(self, team: str | None, asked: Asked) -> list[Gettable]:
        """The alerts that fire and are asked for, by fingerprint."""
        engine, now = self._desk.engine, self._desk.clock.now()
        hidden = await self._desk.sight.find_hidden(None)
        firing = await engine.intake.alerts(team, firing=True)
        rows = [row for row in firing if not row.is_silent(now) and row.incident not in hidden]
        shelf, teams = engine.journal.shelf, {row.team for row in rows}
        silences = {each: await shelf.silences(each or TRIAGE) for each in teams}
        inhibitions = {each: await shelf.inhibitions(each or TRIAGE) for each in teams}
        shown = (
            show_alert(row, find_active(silences[row.team], row.labels, now), inhibitions[row.team].find(row.labels))
            for row in rows
        )
        return sorted((each for each in shown if asked.wants(each)), key=lambda each: each.fingerprint)

    def status(self) -> Status:
        """What runs here, since when."""
        return Status(version_info=Version(self._desk.policy.version or "0"), uptime=self._started_at)

    def receivers(self, team: str | None) -> list[Receiver]:
        """The team, or all."""
        return [Receiver(each) for each in self._desk.engine.journal.shelf.settings.teams if team in (None, each)]


def show_alert(row: AlertRow, silences: Sequence[Silence], inhibitor: Inhibitor | None) -> Gettable:
    """An alert as Alertmanager shows it, with what hushes it."""
    by = tuple(sorted(each.id for each in silences if each.hush is Hush.SILENCE))
    muted = tuple(sorted(each.id for each in silences if each.hush is Hush.MAINTENANCE))
    inhibited = (inhibitor.fingerprint,) if inhibitor is not None else ()
    state = "suppressed" if by or muted or inhibited else "active"
    return Gettable(
        fingerprint=row.fingerprint,
        labels=row.labels,
        annotations=row.annotations,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        updated_at=row.updated_at,
        receivers=(Receiver(row.team or UNROUTED),),
        generator_url=row.generator_url or msgspec.UNSET,
        status=State(state=state, silenced_by=by, inhibited_by=inhibited, muted_by=muted),
    )


def group_alerts(alerts: Iterable[Gettable]) -> list[Group]:
    """By receiver and name."""
    groups: dict[tuple[str, str], list[Gettable]] = defaultdict(list)
    for alert in alerts:
        groups[alert.receivers[0].name, alert.labels.get("alertname", "")].append(alert)
    return [
        Group(labels={"alertname": name} if name else {}, receiver=Receiver(receiver), alerts=tuple(found))
        for (receiver, name), found in sorted(groups.items())
    ]


async def provide_team(desk: Given[Desk], request: Request[Any, Any, Any]) -> str | None:
    """The team of the key, in the address or in the header."""
    key = request.path_params.get("key")
    return require_path_key(desk, key) if key is not None else require_bearer_key(desk, request)


@get("/alerts", operation_id="listAlertsByKey")
async def list_alerts(
    reads: Given[Reads], team_of_key: Given[str | None], request: Request[Any, Any, Any]
) -> list[Gettable]:
    """The alerts that fire."""
    return await reads.alerts(team_of_key, Asked(request))


@get("/alerts/groups", operation_id="listGroupsByKey")
async def list_groups(
    reads: Given[Reads], team_of_key: Given[str | None], request: Request[Any, Any, Any]
) -> list[Group]:
    """The alerts that fire, by receiver and name."""
    return group_alerts(await reads.alerts(team_of_key, Asked(request)))


@get("/receivers", operation_id="listReceiversByKey")
async def list_receivers(reads: Given[Reads], team_of_key: Given[str | None]) -> list[Receiver]:
    """The teams."""
    return reads.receivers(team_of_key)


@get("/status", operation_id="readIntakeStatusByKey")
async def read_status(reads: Given[Reads], team_of_key: Given[str | None]) -> Status:
    """What runs here."""
    return reads.status()


def make_read_routes() -> list[Router]:
    """The reads under both prefixes."""
    handlers = [list_alerts, list_groups, list_receivers, read_status, *SILENCES]
    return [
        Router(path=path, route_handlers=handlers, tags=["alerts"], include_in_schema=False)
        for path in ("/in/{key:str}/api/v2", "/api/v2")
    ]
