"""What an incident's own room is called: the team's own dated pattern, filled in.

A pattern is what the playbook writes: ``#incident-YYYY-MM-DD-HH-MM``, ``#inc-YYYYMMDD-<description>``. Its tokens:

- ``YYYY YY MM DD HH SS``: when the incident was opened, in UTC. An ``MM`` behind the hour is the minute.
- ``<description> <title> <service> desc name slug topic …``: the incident's title as a slug.
- ``NNN XXX ## <id> <number>``: the incident's number of the day, with as many digits at least.

Chat systems take lower-case letters, digits, dashes and underscores, at most 80 characters. Two incidents may come to
the same name; the second one gets ``-2`` (`add_suffix`). The name is for people: tocsin knows a room by its id.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

from tocsin.pattern import compile_late

MOST = 80
MOST_SLUG = 40
DEFAULT = "#inc-YYYYMMDD-<description>"
_TOKEN = compile_late(
    r"(?P<blank><[^<>]*>|\{[^{}]*\}|\[[^\[\]]*\])|YYYY|YY|MM|DD|HH|mm|SS"
    r"|(?<=-)(?P<word>desc(?:ription)?|name|title|slug|topic|summary|service|short-desc\w*)(?=-|_|$)"
    r"|(?P<count>#{2,}|N{2,}|X{1,})(?=-|_|$)|(?<=-)(?P<id>ID|id)(?=-|_|$)"
)
_ABOUT_ID = compile_late(r"\bid\b|number|counter|ticket|\bno\b|\bn\b|^[nx#]+$", re.IGNORECASE)
_ABOUT_DATE = compile_late(r"date|yyyy", re.IGNORECASE)
_REST = compile_late(r"[^a-z0-9_-]+")
_RUN = compile_late(r"-{2,}")
_DIGITS = compile_late(r"(\d+)\D*$")


def name_room(pattern: str, opened_at: datetime, title: str, number: str) -> str:
    """The room's name for an incident, without ``#``."""
    moment, passed_hour = opened_at.astimezone(UTC), False

    def fill(found: re.Match[str]) -> str:
        nonlocal passed_hour
        mark = found.group()
        if found["blank"]:
            return _fill_blank(mark[1:-1], moment, title, number)
        if found["word"]:
            return spell_slug(title, MOST_SLUG)
        if found["count"] or found["id"]:
            return _count(number, len(mark))
        passed_hour = passed_hour or mark == "HH"
        return _spell_time(mark, moment, minute=passed_hour)

    filled = _TOKEN.sub(fill, pattern.lstrip("#"))
    return cut(spell_slug(filled, len(filled))) or cut(spell_slug(f"inc-{number}", MOST))


def _fill_blank(text: str, moment: datetime, title: str, number: str) -> str:
    if _ABOUT_DATE.search(text):
        return f"{moment:%Y%m%d}"
    return _count(number, 1) if _ABOUT_ID.search(text) else spell_slug(title, MOST_SLUG)


def _spell_time(mark: str, moment: datetime, *, minute: bool) -> str:
    form = {"YYYY": "%Y", "YY": "%y", "MM": "%M" if minute else "%m", "DD": "%d", "HH": "%H", "mm": "%M", "SS": "%S"}
    return moment.strftime(form[mark])


def _count(number: str, digits: int) -> str:
    found = _DIGITS.search(number)
    return (found[1] if found else number).zfill(digits)


def spell_slug(text: str, most: int) -> str:
    """The text in lower-case letters, digits, dashes and underscores; cut between words where it is too long."""
    flat = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = _RUN.sub("-", _REST.sub("-", flat)).strip("-_")
    if len(slug) <= most:
        return slug
    head, _, _ = slug[: most + 1].rpartition("-")
    return (head or slug[:most]).strip("-_")


def cut(name: str) -> str:
    """The name in at most as many characters as chat systems take."""
    return name[:MOST].rstrip("-_")


def add_suffix(name: str, turn: int) -> str:
    """The name for the `turn`-th room that would have it: the first as it is, then ``-2``, ``-3``."""
    if turn < 2:
        return name
    suffix = f"-{turn}"
    return name[: MOST - len(suffix)].rstrip("-_") + suffix
