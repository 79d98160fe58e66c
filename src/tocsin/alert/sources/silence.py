"""The body of ``POST /api/v2/silences``: Alertmanager's silence, as amtool and dashboards post it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tocsin.alert.sources.body import decode_object, read_moment
from tocsin.errors import BadInput
from tocsin.incident.silence import MOST_MATCHERS, MOST_NAME, MOST_TEXT
from tocsin.timeline.matcher import Matcher, make_matcher


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A silence that somebody asks for; `id` is empty for a new one."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    by: str
    comment: str


def parse_silence(headers: Mapping[str, str], body: bytes) -> Wanted:
    """The silence that is asked for. Raises `BadInput` with what is missing or wrong."""
    given = decode_object(body, "a silence (a JSON object with `matchers`, `startsAt`, `endsAt`)")
    matchers = given.get("matchers")
    if not isinstance(matchers, list) or not matchers:
        raise BadInput("The silence has no `matchers`; it needs at least one.")
    if len(matchers) > MOST_MATCHERS:
        raise BadInput(f"The silence has {len(matchers)} matchers; the limit is {MOST_MATCHERS}.")
    return Wanted(
        id=_text(given, "id", most=100),
        matchers=tuple(_read_matcher(each) for each in matchers),
        starts_at=_moment(given, "startsAt"),
        ends_at=_moment(given, "endsAt"),
        by=_text(given, "createdBy", required=True),
        comment=_text(given, "comment", required=True),
    )


def _read_matcher(given: Any) -> Matcher:
    if not isinstance(given, dict):
        raise BadInput("A matcher of the silence is no JSON object.")
    name, value, is_regex = given.get("name"), given.get("value"), given.get("isRegex")
    is_equal = True if given.get("isEqual") is None else given["isEqual"]
    if not isinstance(name, str) or not 0 < len(name) <= MOST_NAME:
        raise BadInput("A matcher of the silence has no `name`, or one that is too long.")
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise BadInput(f"The matcher of {name[:100]!r} has no `value`, or one that is too long.")
    if not isinstance(is_regex, bool) or not isinstance(is_equal, bool):
        raise BadInput(f"The matcher of {name[:100]!r} must say `isRegex`: true or false (and so `isEqual`, if given).")
    return make_matcher(name, value, is_regex=is_regex, is_equal=is_equal)


def _text(given: Mapping[str, Any], field: str, most: int = MOST_TEXT, *, required: bool = False) -> str:
    if required and field not in given:
        raise BadInput(f"The silence has no `{field}`; it may be empty, but must be there.")
    text = given.get(field) or ""
    if not isinstance(text, str) or len(text) > most:
        raise BadInput(f"The silence's `{field}` is no text, or longer than {most} characters.")
    return text


def _moment(given: Mapping[str, Any], field: str) -> datetime:
    found = read_moment(given.get(field))
    if found is None:
        raise BadInput(f"The silence's `{field}` is missing or no time; write it as 2026-03-02T03:00:00Z.")
    return found
