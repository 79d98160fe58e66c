"""What every view of an incident is made from, and how what others wrote is made safe to show.

Labels, annotations, outputs and typed text are written by strangers: control characters and terminal escapes go, length
is bounded, and only addresses of the web become links. Escaping for HTML is the templates' affair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from tocsin.incident.book import Book
from tocsin.incident.standing import Standing
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Person
from tocsin.timeline.redact import plain

MOST_SHOWN = 2000
MOST_CITED = 200
NAMELESS = {"tocsin": "tocsin", "alert": "An alert", "local-admin": "the administrator"}


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that is shown."""


class Cite(View, frozen=True, kw_only=True):
    """A line of the playbook that says why, and what stands there."""

    line: int
    text: str


class Who(View, frozen=True, kw_only=True):
    """A person: the id that events hold, and how they are called."""

    id: str
    name: str


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with everything around it at one moment. `source` holds the lines of its pinned playbook.

    Of its alerts (by fingerprint) `firing` are those that fire by what was said last, and `silent` says when each was
    last heard of whose source has stopped speaking. `ended` says when others ended: a timeline hears no more of that
    once its incident is closed.
    """

    incident: Incident
    book: Book
    rota: Rota
    standing: Standing
    people: Mapping[str, Person]
    source: tuple[str, ...]
    now: datetime
    silent: Mapping[str, datetime] = {}
    firing: frozenset[str] = frozenset()
    ended: Mapping[str, datetime] = {}

    def cite(self, line: int | None) -> Cite | None:
        """The line of the playbook, quoted; null for none."""
        if not line:
            return None
        text = self.source[line - 1] if line <= len(self.source) else ""
        return Cite(line=line, text=quote(text))

    def name(self, person: str) -> str:
        """How a person is called; an id that nobody has any more stands for itself."""
        return spell_name(self.people, person)

    def who(self, person: str | None) -> Who | None:
        """The person of an id."""
        return Who(id=person, name=self.name(person)) if person else None


def spell_name(people: Mapping[str, Person], person: str) -> str:
    """How a person is called."""
    found = people.get(person)
    return clean(found.name, 100) if found else NAMELESS.get(person, clean(person, 100))


def clean(text: str, most: int = MOST_SHOWN) -> str:
    """The text without anything but printing characters, cut at `most` and marked where it was cut."""
    short = text if len(text) <= 4 * most else text[: 4 * most]
    safe = plain(short)
    return safe if len(safe) <= most and short is text else f"{safe[:most]}…"


def quote(line: str) -> str:
    """A line of Markdown as a reader would say it: without its list mark, heading mark, emphasis and table bars."""
    bare = re.sub(r"^\s*(?:[-*+]|\d+[.)]|#{1,6}|>)\s+(?:\[[ xX]\]\s+)?", "", line)
    bare = re.sub(r"\*\*|__|`", "", bare)
    return clean(" · ".join(cell.strip() for cell in bare.strip().strip("|").split("|")), MOST_CITED)


def find_link(url: str) -> str:
    """The address if it is one of the web, else nothing: a `javascript:` link is not shown as a link."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return clean(url.strip(), 2048) if parts.scheme in ("http", "https") and parts.netloc else ""
