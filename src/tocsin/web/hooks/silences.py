"""Silences as Alertmanager's clients ask for them: list, read, set, end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, RawBody

from tocsin.alert.sources.silence import parse_silence
from tocsin.incident.silence import Silence
from tocsin.timeline.matcher import Matcher, read_matchers
from tocsin.web.desk import Desk
from tocsin.words import Hush

ORDER = ("active", "pending", "expired")


class MatcherBody(msgspec.Struct, frozen=True, rename="camel"):
    """A condition on a label."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool


class StateBody(msgspec.Struct, frozen=True):
    """Where a silence stands."""

    state: str


class SilenceBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A silence as Alertmanager shows it."""

    id: str
    matchers: tuple[MatcherBody, ...]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    created_by: str
    comment: str
    status: StateBody


class Set(msgspec.Struct, frozen=True):
    """The id of what was set."""

    silence_id: str = msgspec.field(name="silenceID")


def show_silence(silence: Silence, now: datetime) -> SilenceBody:
    """A silence as Alertmanager shows it."""
    return SilenceBody(
        id=silence.id,
        matchers=tuple(MatcherBody(each.name, each.value, each.is_regex, each.is_equal) for each in silence.matchers),
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        updated_at=silence.updated_at,
        created_by=silence.by,
        comment=silence.comment,
        status=StateBody(silence.state(now)),
    )


def _rank(silence: Silence, now: datetime) -> tuple[int, float]:
    """Active ones by their end, pending ones by their start, ended ones the last first."""
    state = silence.state(now)
    moment = silence.starts_at if state == "pending" else silence.ends_at
    return ORDER.index(state), -moment.timestamp() if state == "expired" else moment.timestamp()


def _is_asked(silence: Silence, filters: Iterable[Matcher]) -> bool:
    """Whether each matcher of a filter is one of the silence's own: Alertmanager compares them as they are written."""
    return all(each in silence.matchers for each in filters)


@get("/silences", operation_id="listSilencesByKey")
async def list_silences(
    desk: Given[Desk], team_of_key: Given[str | None], request: Request[Any, Any, Any]
) -> list[SilenceBody]:
    """The silences of the last days, the active ones first."""
    filters, now = read_matchers(request.query_params.getall("filter", [])), desk.clock.now()
    found = (await desk.engine.silencing.list_all(team_of_key)).values()
    silences = (each for each in found if each.hush is Hush.SILENCE and _is_asked(each, filters))
    shown = sorted(silences, key=lambda each: _rank(each, now))
    return [show_silence(each, now) for each in shown]


@post("/silences", operation_id="setSilenceByKey", status_code=200)
async def set_silence(desk: Given[Desk], team_of_key: Given[str | None], body: RawBody) -> Set:
    """Set a silence, or change one."""
    wanted = parse_silence({}, body)
    silence = await desk.engine.silencing.put(
        team_of_key,
        wanted.id,
        matchers=wanted.matchers,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        by=wanted.by,
        comment=wanted.comment,
    )
    return Set(silence)


@get("/silence/{silence:str}", operation_id="readSilenceByKey")
async def read_silence(desk: Given[Desk], team_of_key: Given[str | None], silence: FromPath[str]) -> SilenceBody:
    """One silence."""
    return show_silence(await desk.engine.silencing.find(team_of_key, silence), desk.clock.now())


@delete("/silence/{silence:str}", operation_id="endSilenceByKey", status_code=200)
async def end_silence(desk: Given[Desk], team_of_key: Given[str | None], silence: FromPath[str]) -> None:
    """End a silence now."""
    await desk.engine.silencing.expire(team_of_key, silence)


SILENCES = [list_silences, set_silence, read_silence, end_silence]
