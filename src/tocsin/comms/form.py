"""The form in which a playbook wants the status told: "Status | Current Action | ETA".

Words in another form are said all the same, since nobody has time to be corrected in an outage; but they do not keep
the duty to tell the status, and the room says so.
"""

from __future__ import annotations

from tocsin.incident.book import Book
from tocsin.incident.state import Incident

BAR = "|"


def find_form(incident: Incident, book: Book) -> tuple[str, int] | None:
    """The form that a status has at this severity, and its line; null where none is stated."""
    severity = book.severity(incident)
    if severity is None or severity.update_form is None:
        return None
    return severity.update_form, severity.update_form_line or severity.line


def is_in_form(text: str, form: str) -> bool:
    """Whether the first line of a text has each part of the form."""
    parts = [part.strip() for part in text.strip().split("\n", 1)[0].split(BAR)]
    return len(parts) == form.count(BAR) + 1 and all(parts)
