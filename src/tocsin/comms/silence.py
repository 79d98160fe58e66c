"""Where the playbook forbids words to the public, and who may lift it."""

from __future__ import annotations

import msgspec

from tocsin.incident.book import Book
from tocsin.incident.state import Incident


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """`line` forbids public words; `lifted_by` may allow them; `incident` is another incident whose line it is."""

    line: int
    text: str
    lifted_by: str | None = None
    incident: str = ""


def find_silence(incident: Incident, book: Book) -> Silence | None:
    """The first prohibition of public words that holds now: the incident's own, or another open incident's."""
    for rule in book.prohibitions(incident):
        if rule.forbids.comms and rule.line not in incident.lifted:
            return Silence(line=rule.line, text=rule.text, lifted_by=rule.lifted_by)
    for force in book.in_force:
        if force.prohibition.forbids.comms:
            rule = force.prohibition
            return Silence(line=rule.line, text=rule.text, lifted_by=rule.lifted_by, incident=force.incident)
    return None
