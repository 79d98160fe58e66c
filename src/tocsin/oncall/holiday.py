"""Public holidays, by country and region. Like the time zones, they are knowledge that ships with a library."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.oncall.settings import Holidays
from tocsin.oncall.wall import find_midnight, find_wall

DAY = timedelta(days=1)
LOOK_AHEAD_DAYS = 40


def find_holiday_fault(wanted: Holidays) -> tuple[str, str]:
    """The field that names no country or region that is known, and a sentence; two empty texts where all do."""
    regions = _list_regions().get(wanted.country)
    if regions is None:
        return "country", f"no holidays are known of {wanted.country!r}; write it as two capital letters: `DE`."
    if wanted.region is not None and wanted.region not in regions:
        return "region", f"{wanted.country} has no region {wanted.region!r}; it has: {', '.join(regions) or 'none'}."
    return "", ""


@lru_cache(maxsize=1)
def _list_regions() -> dict[str, list[str]]:
    import holidays

    return dict(holidays.list_supported_countries())


@lru_cache(maxsize=500)
def _list_year(country: str, region: str | None, year: int) -> MappingProxyType[date, str]:
    import holidays

    found: Any = holidays.country_holidays(country, subdiv=region, years=[year])
    return MappingProxyType({day: str(name) for day, name in found.items()})


def name_holiday(wanted: Holidays, day: date) -> str:
    """The holiday that a day is; empty for any other day."""
    return _list_year(wanted.country, wanted.region, day.year).get(day, "")


def find_change(wanted: Holidays, zone: ZoneInfo, at: datetime) -> datetime:
    """The next midnight after `at` at which a holiday begins or ends; a later look where none is near."""
    day = find_wall(at, zone).date()
    name = name_holiday(wanted, day)
    for ahead in range(1, LOOK_AHEAD_DAYS):
        if name_holiday(wanted, day + ahead * DAY) != name:
            break
    return find_midnight(day + ahead * DAY, zone)
