"""Heartbeats: where each stands."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency as Given

from tocsin.web.api.describe import describe_failures
from tocsin.web.desk import Desk


class HeartbeatView(msgspec.Struct, frozen=True, kw_only=True):
    """A heartbeat: `state` is new, up, started, late or failed; `due_at` when it is late if nothing comes."""

    team: str
    name: str
    state: str
    heard_at: datetime | None = None
    due_at: datetime | None = None


@get("/heartbeats", operation_id="listHeartbeats", tags=["teams"], responses=describe_failures())
async def list_heartbeats(desk: Given[Desk]) -> list[HeartbeatView]:
    """The heartbeats of all teams; `new` are those that were never heard, which nobody misses."""
    beats = desk.engine.beats
    heard = [
        HeartbeatView(
            team=beat.team,
            name=beat.name,
            state=beat.state,
            heard_at=beat.heard_at,
            due_at=None if beat.is_bad else beat.due_at,
        )
        for beat in await beats.list_all()
    ]
    known = {(each.team, each.name) for each in heard}
    return heard + [
        HeartbeatView(team=team, name=name, state="new")
        for team, name in beats.list_unheard()
        if (team, name) not in known
    ]
