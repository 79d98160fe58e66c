"""Durations, clocks and dates as people write them in playbooks, in seconds and ISO dates.

A range has two ends: for a deadline the far one counts ("1-7 days" is due after seven days), for a phase both do.
Months are taken as 30 days. Nothing is guessed from a bare number. What is longer than `MOST_S` is a slip of the pen
and counts as that (`out_of_reach` names it).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.memory import remember

MOST_S = 10 * 365 * 86400
"""Ten years: the longest time that is taken as it is written."""

_UNITS = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "segundo": 1, "segundos": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "minuto": 60, "minutos": 60, "minuten": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "hora": 3600, "horas": 3600,
    "stunde": 3600, "stunden": 3600, "heure": 3600, "heures": 3600,
    "d": 86400, "day": 86400, "days": 86400, "dia": 86400, "dias": 86400, "tage": 86400, "tag": 86400,
    "w": 604800, "wk": 604800, "wks": 604800, "week": 604800, "weeks": 604800,
    "分": 60, "分钟": 60, "分間": 60, "時間": 3600, "小时": 3600, "日": 86400, "天": 86400, "週間": 604800,
    "周": 604800, "сек": 1, "секунд": 1, "секунды": 1, "мин": 60, "минут": 60, "минуты": 60, "минуту": 60, "час": 3600,
    "часа": 3600, "часов": 3600, "дня": 86400, "дней": 86400, "초": 1, "분": 60, "시간": 3600,
    "mo": 2592000, "month": 2592000, "months": 2592000,
}  # fmt: skip
_WORDS = {
    "half an": 0.5, "half a": 0.5, "half": 0.5, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6,
    "seven": 7, "eight": 8, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "twenty-four": 24, "thirty": 30,
    "forty-five": 45, "sixty": 60, "ninety": 90,
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_MODIFIER = r"(?:(?:business|working|calendar|full|more|consecutive)[\s-]{1,3})?"
_JOINT = r"(?:-|–|—|to\b|bis\b|a\b)"
_DURATION = compile_late(  # what it begins with stands before all else: most places are not looked at further
    rf"(?=[\daefhnost])(?<![\w.$#/:-])(?:(?P<low>\d+(?:[.,]\d+)?)\s{{0,3}}(?:(?P<low_unit>{_UNIT})(?![A-Za-z]))?\s{{0,"
    rf"3}}{_JOINT}\s{{0,3}})?"
    rf"(?P<high>\d+(?:[.,]\d+)?|\b(?:{_WORD})\b(?:\s{{0,3}}\(\d+\))?)(?P<plus>\s{{0,3}}\+)?[\s-]{{0,3}}{_MODIFIER}"
    rf"(?P<unit>{_UNIT})(?![A-Za-zа-яё])(?:\s{{0,3}}(?:and\s{{1,3}})?(?P<rest>\d+)\s{{0,3}}(?P<rest_unit>minutes?|mins?|"
    rf"m|seconds?|sec|s)\b)?",
    re.IGNORECASE,
)
_ALTERNATE = compile_late(
    r"\d|\b(?:half|an?|one|two|three|four|five|six|seven|eight|ten|twelve|fif|twenty|thirty|fort|"
    r"sixty|ninety)",
    re.IGNORECASE,
)
_LONG = compile_late(r"\d{3}")
_DIGIT = compile_late(r"\d")
_SHORT_UNIT = compile_late(r"\d[\s+-]{0,4}[smhdw](?![a-z])|t\s{0,3}\+")  # this and the following for lower case
_UNIT_SIGN = compile_late(
    r"sec|min|hr|hour|hora|stund|heure|day|dia|tag|wk|week|mo\b|month|segund|мин|час|сек|дн|분|시간|초|分|時|小|日|天|週|周"
)
_UNIT_WORD = compile_late(r"hour|minute|day|week|month|second|hora|stunde|tag|dia")
_T_PLUS = compile_late(
    r"\bT\s{0,3}\+\s{0,3}(\d+(?:[.:]\d+)?)\s{0,3}((?!to\b)[A-Za-z]+)?(?:\s{0,3}(?:-|–|—|to)\s{0,3}(?:T\s{0,3}\+\s{0,"
    r"3})?(\d+)\s{0,3}([A-Za-z]+)?)?"
)
_FIRST = compile_late(r"\b(?:first|initial|erste[n]?|primeir[oa]s)\b", re.IGNORECASE)
_WITHIN = compile_late(
    r"\b(?:within|in under|no later than|by|after|under|less than|up to|inside|due "
    r"in)\b|[<≤~]",
    re.IGNORECASE,
)
_MONTHS = {
    month: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), 1)
    for month in names.split()
}  # fmt: skip
_ISO = compile_late(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b")
_DAY_FIRST = compile_late(r"\b(\d{1,2})(?:st|nd|rd|th)?[ .-]+([A-Za-z]{3,9})\.?,?[ -]+(\d{4})\b")
_MONTH_FIRST = compile_late(r"\b([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")
_DOTTED = compile_late(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")


class Duration(msgspec.Struct, frozen=True):
    """A length of time as written: near and far end in seconds, ``open`` for "60+", and where it stands in the text."""

    low: int | None
    high: int
    open: bool
    start: int
    end: int


class Clock(msgspec.Struct, frozen=True):
    """A stretch on the clock of an incident, seconds after the alert; null where open or not given."""

    starts_s: int | None
    ends_s: int | None


@remember
def may_name_time(text: str) -> bool:
    """A cheap look: whether a text can hold a duration or a T+n mark."""
    low = text.lower()
    if not _DIGIT.search(text):
        return _UNIT_WORD.search(low) is not None
    return _UNIT_SIGN.search(low) is not None or _SHORT_UNIT.search(low) is not None


@remember
def durations(text: str) -> tuple[Duration, ...]:
    """Every duration in a text, in order."""
    return tuple(_bound(found) for found in _all(text))


def _all(text: str) -> Iterator[Duration]:
    if may_name_time(text) and _ALTERNATE.search(text):
        yield from map(_read, _DURATION.finditer(text))


def _bound(found: Duration) -> Duration:
    if max(found.low or 0, found.high) <= MOST_S:
        return found
    low = None if found.low is None else min(found.low, MOST_S)
    return msgspec.structs.replace(found, low=low, high=min(found.high, MOST_S))


@remember
def out_of_reach(text: str) -> tuple[str, ...]:
    """What a text writes as a time and is longer than `MOST_S`, in its own words."""
    if not _LONG.search(text):
        return ()
    marks = tuple(mark.group().strip() for mark in _T_PLUS.finditer(text) if _is_too_long(mark))
    return marks or tuple(text[each.start : each.end] for each in _all(text) if max(each.low or 0, each.high) > MOST_S)


def _is_too_long(mark: re.Match[str]) -> bool:
    ends = ((mark[1], mark[2]), (mark[3], mark[4] or mark[2]))
    return any(number and _count_after_t(number, unit) > MOST_S for number, unit in ends)


def _read(match: re.Match[str]) -> Duration:
    unit = _UNITS[match["unit"].lower()]
    high = _number(match["high"]) * unit
    low = None
    if match["low"]:
        low = round(_number(match["low"]) * _UNITS[(match["low_unit"] or match["unit"]).lower()])
    if match["rest"]:
        high += _number(match["rest"]) * _UNITS[match["rest_unit"].lower()]
    return Duration(low, round(high), bool(match["plus"]), match.start(), match.end())


def _number(text: str) -> float:
    word = text.partition("(")[0].strip().lower()
    return float(_WORDS[word]) if word in _WORDS else min(float(text.replace(",", ".")), 1e8)


def deadline(text: str) -> int | None:
    """Seconds until something is due: the far end of the first duration ("within 48 hours", "1-7 days", "T+24h")."""
    marked = _t_deadline(text)
    if marked is not None:
        return marked
    found = durations(text)
    return found[0].high if found else None


def _t_deadline(text: str) -> int | None:
    mark = _find_t(text)
    if mark is None:
        return None
    return _after_t(mark[3], mark[4] or mark[2]) if mark[3] else _after_t(mark[1], mark[2])


def due_within(text: str) -> int | None:
    """As ``deadline``, but only where the text says that it is a limit ("within", "no later than", a range, T+n)."""
    marked = _t_deadline(text)
    if marked is not None:
        return marked
    for found in durations(text):
        if found.low is not None or _WITHIN.search(text, max(0, found.start - 40), found.start):
            return found.high
    return None


def counts_from_alert(text: str) -> bool:
    """Whether the clock is written as T+n, which runs from the alert."""
    return _find_t(text) is not None


def _find_t(text: str) -> re.Match[str] | None:
    return _T_PLUS.search(text) if "+" in text else None


@remember
def clock(text: str) -> Clock | None:
    """The stretch that a phase's label gives: "0-5 min", "60+ minutes", "T+15", "first 5 minutes"; else None."""
    if "+" not in text and not may_name_time(text):
        return None
    mark = _find_t(text)
    if mark:
        ends = _after_t(mark[3], mark[4] or mark[2]) if mark[3] else None
        return Clock(_after_t(mark[1], mark[2] or (mark[4] if mark[3] else None)), ends)
    for found in durations(text):
        if found.low is not None:
            return Clock(found.low, found.high)
        if found.open:
            return Clock(found.high, None)
        if _FIRST.search(text, max(0, found.start - 40), found.start):
            return Clock(0, found.high)
    return None


def _after_t(number: str, unit: str | None) -> int:
    """``T+5`` counts minutes where no unit is written, as every text with such marks does; ``T+1:30`` is 90 minutes."""
    return min(_count_after_t(number, unit), MOST_S)


def _count_after_t(number: str, unit: str | None) -> int:
    if ":" in number:
        hours, minutes = number.split(":")
        return round(_number(hours) * 3600 + _number(minutes) * 60)
    return round(_number(number) * _UNITS.get((unit or "m").lower(), 60))


def without(text: str) -> str:
    """A text with its durations and T+n marks taken out."""
    text = _T_PLUS.sub("", text)
    for found in reversed(durations(text)):
        text = text[: found.start] + text[found.end :]
    return text


def iso_date(text: str) -> str | None:
    """The first real date in a text as ``YYYY-MM-DD``; masks and impossible dates are none."""
    for pattern, order in ((_ISO, "ymd"), (_DAY_FIRST, "dmy"), (_MONTH_FIRST, "mdy"), (_DOTTED, "dmy")):
        match = pattern.search(text)
        if match:
            parts = dict(zip(order, match.groups(), strict=True))
            month = _MONTHS.get(parts["m"].lower()) or (int(parts["m"]) if parts["m"].isdigit() else 0)
            try:
                return datetime.date(int(parts["y"]), month, int(parts["d"])).isoformat()
            except ValueError:
                return None
    return None


def say(seconds: int) -> str:
    """A duration for people: ``15 min``, ``1 h``, ``2 d``, ``90 s``."""
    for size, unit in ((604800, "wk"), (86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
