"""When a duty is due: seconds as the clock runs, in the team's working hours, or by the end of its next working day."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.oncall.hours import WorkingTime
from tocsin.playbook.model import Response
from tocsin.words import Calendar


def find_deadline(response: Response, within_s: int | None, since: datetime, working: WorkingTime) -> datetime | None:
    """When `response` is due if it counts from `since`; null where the level states no time at all."""
    if response.calendar is Calendar.NEXT_BUSINESS_DAY:
        return working.close_next_day(since)
    if within_s is None:
        return None
    if response.calendar is Calendar.BUSINESS_HOURS:
        return working.add(since, timedelta(seconds=within_s))
    return since + timedelta(seconds=within_s)
