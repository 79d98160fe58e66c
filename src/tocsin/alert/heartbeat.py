"""Heartbeats: a job says that it has run; when it should have and has not, that is an alert like any other.

The shapes are those of healthchecks.io's pinging API: a start, an end, a failure, an exit status, a word for the log. A
heartbeat that was never heard is not late: nobody has wired it up yet, and the server says so where people look.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from tocsin.alert.signal import Signal

LEAST_S, MOST_S = 10, 366 * 24 * 3600
"""Bounds of an interval: ten seconds is as finely as it is looked at."""
MOST_SAID = 4000


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """`[teams.ID.heartbeats.NAME]`: expected `every_s` seconds, or by `cron` in `timezone` (the team's by default).

    `grace_s` is how much later it may come, `longest_s` how long a run that said that it started may take. When it does
    not come, the alert `alert` fires with `labels`, by which the playbook's scenario is found.
    """

    every_s: int | None = None
    cron: str = ""
    timezone: str | None = None
    grace_s: int = 60
    longest_s: int = 3600
    alert: str = "HeartbeatMissed"
    labels: dict[str, str] = {}


class State(StrEnum):
    """Where a heartbeat stands."""

    UP = "up"
    STARTED = "started"
    LATE = "late"
    FAILED = "failed"


class Word(StrEnum):
    """What a ping says."""

    SUCCESS = "success"
    START = "start"
    FAIL = "fail"
    LOG = "log"


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one heartbeat. `due_at` is when it is late; the times of `watched` are those of an alert."""

    team: str
    name: str
    state: State
    heard_at: datetime
    due_at: datetime
    started_at: datetime | None = None
    said: str = ""
    watched: str = ""
    watched_until: datetime | None = None

    @property
    def is_bad(self) -> bool:
        """Whether its alert fires."""
        return self.state in (State.LATE, State.FAILED)


def find_fault(heartbeat: Heartbeat) -> tuple[str, str]:
    """The field that does not hold and why; two empty texts if all do."""
    if (heartbeat.every_s is None) == (not heartbeat.cron):
        return "every_s", "say either `every_s` (seconds) or `cron`, not both."
    if heartbeat.every_s is not None and not LEAST_S <= heartbeat.every_s <= MOST_S:
        return "every_s", f"it must lie between {LEAST_S} and {MOST_S} seconds."
    for field in ("grace_s", "longest_s"):
        if not 0 <= getattr(heartbeat, field) <= MOST_S:
            return field, f"it must lie between 0 and {MOST_S} seconds."
    try:
        if heartbeat.cron:
            next(CronSim(heartbeat.cron, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        return "cron", f"{heartbeat.cron!r} is no schedule that ever comes ({error}); write it as 0 3 * * *."
    return "", ""


def find_due(heartbeat: Heartbeat, zone: str, now: datetime) -> datetime:
    """When the next beat after one at `now` is late."""
    if heartbeat.cron:
        local = now.astimezone(ZoneInfo(heartbeat.timezone or zone))
        expected = next(CronSim(heartbeat.cron, local)).astimezone(now.tzinfo)
    else:
        expected = now + timedelta(seconds=heartbeat.every_s or LEAST_S)
    return expected + timedelta(seconds=heartbeat.grace_s)


def hear(
    heartbeat: Heartbeat, zone: str, before: Beat | None, key: tuple[str, str], word: Word, said: str, now: datetime
) -> Beat:
    """The beat after a ping. A start makes it due after `longest_s`; a log changes nothing but what was said last."""
    team, name = key
    due_at = find_due(heartbeat, zone, now)
    fresh = Beat(team=team, name=name, state=State.UP, heard_at=now, due_at=due_at, said=said[:MOST_SAID])
    before = before or fresh
    match word:
        case Word.START:
            state = before.state if before.is_bad else State.STARTED
            due_at = now + timedelta(seconds=heartbeat.longest_s)
            return msgspec.structs.replace(fresh, state=state, started_at=now, due_at=due_at)
        case Word.FAIL:
            return msgspec.structs.replace(fresh, state=State.FAILED)
        case Word.LOG:
            return msgspec.structs.replace(before, said=said[:MOST_SAID])
    return fresh


def make_signal(heartbeat: Heartbeat, beat: Beat, now: datetime) -> Signal:
    """The alert of a beat: firing while it is late or has failed, else over."""
    labels = {**heartbeat.labels, "alertname": heartbeat.alert, "heartbeat": beat.name}
    return Signal(
        labels=labels,
        annotations=_explain(beat) if beat.is_bad else {},
        starts_at=now,
        resolved=not beat.is_bad,
        key=f"heartbeat:{beat.name}",
    )


def _explain(beat: Beat) -> dict[str, str]:
    heard = f"{beat.heard_at:%Y-%m-%d %H:%M:%S} UTC"
    if beat.state is State.FAILED:
        summary = f"{beat.name} said at {heard} that it failed."
    elif beat.started_at == beat.heard_at:
        summary = f"{beat.name} started at {heard} and has not said since that it ended."
    else:
        summary = f"{beat.name} was last heard at {heard}, and is late."
    return {"summary": summary, **({"output": beat.said} if beat.said else {})}
