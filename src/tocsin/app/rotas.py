"""Checks what the settings say of a schedule: people, turns, layers, restrictions, holidays."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.app.tables import File
from tocsin.config import Path, Problems, Source
from tocsin.errors import list_known
from tocsin.integrations.pagerduty_schedules import ID
from tocsin.oncall.holiday import find_holiday_fault
from tocsin.oncall.restriction import parse_restriction
from tocsin.oncall.rotation import find_rotation_fault
from tocsin.oncall.settings import Hours, Layer, Schedule


def is_zone(name: str) -> bool:
    """Whether there is such a time zone; to list them all takes longer than to read the whole file."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return not name.startswith(("posix", "right/"))  # copies of the same zones, with leap seconds or without


def check_schedule(source: Source, file: File, path: Path, schedule: Schedule, problems: Problems) -> None:
    """Add what does not hold to `problems`."""
    _check_layer(source, file, path, schedule, problems)
    for at, layer in enumerate(schedule.layers):
        _check_layer(source, file, (*path, "layers", at), layer, problems)
        if (
            layer.begins is not None
            and layer.ends is not None
            and (layer.begins.tzinfo is None) != (layer.ends.tzinfo is None)
        ):
            text = "give both bounds of the layer an offset, or neither: without one they are the schedule's wall time."
            problems.append(source.problem((*path, "layers", at, "ends"), text))
    if schedule.timezone is not None and not is_zone(schedule.timezone):
        problems.append(source.problem((*path, "timezone"), f"{schedule.timezone!r} is no time zone."))
    if schedule.pagerduty and not ID.fullmatch(schedule.pagerduty):
        text = "it is the id of a schedule at PagerDuty, as it stands at the end of its address: PABC123."
        problems.append(source.problem((*path, "pagerduty"), text))
    if schedule.pagerduty and not any(_reads_pagerduty(each) for each in file.channels.values()):
        text = "to read it, a channel of kind pagerduty needs `api_token_file`."
        problems.append(source.problem((*path, "pagerduty"), text))
    if schedule.holidays is not None:
        field, text = find_holiday_fault(schedule.holidays)
        if field:
            problems.append(source.problem((*path, "holidays", field), text))
        _check_people(source, file, (*path, "holidays", "who"), schedule.holidays.who, problems)


def check_hours(source: Source, path: Path, hours: Hours, problems: Problems) -> None:
    """Working hours that there are: some in every week."""
    for at, text in enumerate(hours.during):
        try:
            parse_restriction(text)
        except ValueError as error:
            problems.append(source.problem((*path, "during", at), str(error)))
    if not hours.during:
        text = 'say when the team works, such as ["Mon-Fri 09:00-17:00"]: what may wait for that would wait for ever.'
        problems.append(source.problem((*path, "during"), text))
    if hours.holidays is not None:
        field, text = find_holiday_fault(hours.holidays)
        if field:
            problems.append(source.problem((*path, "holidays", field), text))
        if hours.holidays.who:
            text = "who is on call on a holiday is said by a schedule; here it only closes the working hours."
            problems.append(source.problem((*path, "holidays", "who"), text))


def _reads_pagerduty(channel: object) -> bool:
    """Whether a channel, as it stands in the file, can read schedules there."""
    return isinstance(channel, dict) and channel.get("kind") == "pagerduty" and bool(channel.get("api_token_file"))


def _check_layer(source: Source, file: File, path: Path, layer: Layer | Schedule, problems: Problems) -> None:
    field, text = find_rotation_fault(layer)
    if field:
        problems.append(source.problem((*path, field), text))
    for at, restriction in enumerate(layer.during):
        try:
            parse_restriction(restriction)
        except ValueError as error:
            problems.append(source.problem((*path, "during", at), str(error)))
    _check_people(source, file, (*path, "people"), layer.people, problems)


def _check_people(source: Source, file: File, path: Path, people: Iterable[str], problems: Problems) -> None:
    for at, person in enumerate(people):
        if person not in file.people:
            text = f"{person!r} is nobody here; known: {list_known(file.people, person)}."
            problems.append(source.problem((*path, at), text))
