"""What Alertmanager's clients read: amtool, dashboards and Prometheus find here what they would find there.

Only alerts that fire are listed, as there: one whose end has passed without a repetition is not. There are no silences
and no inhibition yet, and the answers say so by being empty. The receivers are the teams.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, QueryParameter

from tocsin.alert.row import AlertRow
from tocsin.web.desk import Desk
from tocsin.web.hooks.keys import require_bearer_key, require_path_key
from tocsin.web.hooks.matcher import read_matchers

UNROUTED = "nobody yet"


class Receiver(msgspec.Struct, frozen=True):
    """Who gets an alert: a team."""

    name: str


class State(msgspec.Struct, frozen=True, rename="camel"):
    """Where an alert stands."""

    state: str = "active"
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
    generator_url: str = msgspec.field(name="generatorURL", default="")
    status: State = State()


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


class Reads:
    """Answers for one team, or for all where alerts are taken without a key."""

    def __init__(self, desk: Desk, started_at: datetime) -> None:
        self._desk, self._started_at = desk, started_at

    async def alerts(self, team: str | None, filters: Iterable[str], receiver: str | None) -> list[Gettable]:
        """The alerts that fire and fit all filters."""
        matchers, wanted = read_matchers(filters), read_matchers([f'r=~"{receiver}"'] if receiver else [])
        rows = await self._desk.engine.journal.store.alerts(team, firing=True)
        now = self._desk.clock.now()
        return [
            show_alert(row)
            for row in rows
            if not row.is_silent(now)
            and all(each.fits(row.labels) for each in matchers)
            and all(each.fits({"r": row.team}) for each in wanted)
        ]

    def status(self) -> Status:
        """What runs here, since when."""
        return Status(version_info=Version(self._desk.policy.version or "0"), uptime=self._started_at)

    def receivers(self, team: str | None) -> list[Receiver]:
        """The team, or all."""
        return [Receiver(each) for each in self._desk.engine.journal.shelf.settings.teams if team in (None, each)]


def show_alert(row: AlertRow) -> Gettable:
    """An alert as Alertmanager shows it."""
    return Gettable(
        fingerprint=row.fingerprint,
        labels=row.labels,
        annotations=row.annotations,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        updated_at=row.updated_at,
        receivers=(Receiver(row.team or UNROUTED),),
        generator_url=row.generator_url,
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


Filter = Annotated[list[str] | None, QueryParameter(name="filter", max_items=20)]


async def provide_team(desk: Given[Desk], request: Request[Any, Any, Any]) -> str | None:
    """The team of the key, in the address or in the header."""
    key = request.path_params.get("key")
    return require_path_key(desk, key) if key is not None else require_bearer_key(desk, request)


@get("/alerts", operation_id="listAlertsByKey")
async def list_alerts(
    reads: Given[Reads],
    team_of_key: Given[str | None],
    matching: FromQuery[Filter] = None,
    receiver: FromQuery[str | None] = None,
    active: FromQuery[bool] = True,
) -> list[Gettable]:
    """The alerts that fire."""
    return await reads.alerts(team_of_key, matching or (), receiver) if active else []


@get("/alerts/groups", operation_id="listGroupsByKey")
async def list_groups(
    reads: Given[Reads],
    team_of_key: Given[str | None],
    matching: FromQuery[Filter] = None,
    receiver: FromQuery[str | None] = None,
    active: FromQuery[bool] = True,
) -> list[Group]:
    """The alerts that fire, by receiver and name."""
    return group_alerts(await reads.alerts(team_of_key, matching or (), receiver)) if active else []


@get("/receivers", operation_id="listReceiversByKey")
async def list_receivers(reads: Given[Reads], team_of_key: Given[str | None]) -> list[Receiver]:
    """The teams."""
    return reads.receivers(team_of_key)


@get("/silences", operation_id="listSilencesByKey")
async def list_silences(team_of_key: Given[str | None]) -> list[dict[str, str]]:
    """None."""
    return []


@get("/status", operation_id="readIntakeStatusByKey")
async def read_status(reads: Given[Reads], team_of_key: Given[str | None]) -> Status:
    """What runs here."""
    return reads.status()


def make_read_routes() -> list[Router]:
    """The reads under both prefixes."""
    handlers = [list_alerts, list_groups, list_receivers, list_silences, read_status]
    return [
        Router(path=path, route_handlers=handlers, tags=["alerts"], include_in_schema=False)
        for path in ("/in/{key:str}/api/v2", "/api/v2")
    ]
