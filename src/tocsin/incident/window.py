"""Maintenance windows that come again and again, as the settings say: `[teams.ID.maintenance.NAME]`.

A window is known by its name and the start of each of its occurrences, so that nothing of it needs to be stored: an
occurrence is computed where it is asked for, and looks like a window that somebody has set by hand. At a change of the
clocks they come as Debian's cron has jobs come: once, at the hour that there is.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from tocsin.errors import BadInput
from tocsin.incident.silence import Silence
from tocsin.timeline.matcher import read_matchers
from tocsin.words import Hush

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AT = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
LEAST_S, MOST_S = 60, 31 * 24 * 3600


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """It begins by `cron`, or on `days` (all by default) `at` a time, in `timezone` (the team's by default).

    It lasts `lasts_s` seconds. It is over the alerts that fit all `matchers`, written as Alertmanager writes them;
    without any, over the whole team. `reason` is what those read who are not paged.
    """

    lasts_s: int
    reason: str
    matchers: tuple[str, ...] = ()
    cron: str = ""
    days: tuple[str, ...] = ()
    at: str = ""
    timezone: str | None = None


def find_fault(window: Window) -> tuple[str, str]:
    """The field that does not hold and why; two empty texts if all do."""
    if bool(window.cron) == bool(window.at):
        return "cron", 'say either `cron` or `at` = "02:00" (with `days`, if it is not every day), not both.'
    if window.cron and window.days:
        return "days", "`cron` says the days already; leave one of them out."
    if window.at and not AT.fullmatch(window.at):
        return "at", f"{window.at!r} is no time of the day; write it as 02:00."
    for day in window.days:
        if day.casefold()[:3] not in DAYS:
            return "days", f"{day!r} is no day; they are {', '.join(DAYS)}."
    if not LEAST_S <= window.lasts_s <= MOST_S:
        return "lasts_s", f"it must lie between {LEAST_S} and {MOST_S} seconds."
    if not window.reason.strip():
        return "reason", "say why: whoever is not paged reads it."
    return _find_unreadable(window)


def _find_unreadable(window: Window) -> tuple[str, str]:
    try:
        next(CronSim(_spell_cron(window), datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        return "cron", f"{window.cron!r} is no schedule that ever comes ({error}); write it as 0 2 * * 0."
    try:
        read_matchers(window.matchers)
    except BadInput as error:
        return "matchers", str(error)
    return "", ""


def find_occurrence(key: str, window: Window, zone: str, now: datetime) -> Silence:
    """The occurrence that is under way at `now`, or the next one. `key` is the window's own in the whole workspace."""
    lasts = timedelta(seconds=window.lasts_s)
    local = (now - lasts).astimezone(ZoneInfo(window.timezone or zone))
    starts_at = next(CronSim(_spell_cron(window), local)).astimezone(UTC)
    return Silence(
        id=f"{key}@{starts_at:%Y-%m-%dT%H:%MZ}",
        matchers=read_matchers(window.matchers),
        starts_at=starts_at,
        ends_at=starts_at + lasts,
        updated_at=starts_at,
        by=f"the settings ({key.rpartition('/')[2]})",
        comment=window.reason,
        hush=Hush.MAINTENANCE,
        recurs=True,
    )


def _spell_cron(window: Window) -> str:
    found = AT.fullmatch(window.at)
    if found is None:
        return window.cron
    days = ",".join(str(DAYS.index(day.casefold()[:3]) + 1) for day in window.days)
    return f"{int(found[2])} {int(found[1])} * * {days or '*'}"
