"""Whether an incident is a matter of security: by its scenario, or since somebody has said so.

A playbook may ask ("Is this a security breach? YES → Page Security Team"). A yes is more than a call: from then on the
incident is one of security, whatever its scenario is.
"""

from __future__ import annotations

import re

from tocsin.incident.book import Book
from tocsin.incident.escalating import find_matters
from tocsin.incident.privacy import is_about_security, speaks_of_security
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Procedure

SECURITY = "security"
"""Who answers for it opens what a breach locks."""
_DENIED = compile_late(r"\bno\b\W*$|\b(?:not|no|isn't|non)\b.{0,20}\b(?:security|breach)", re.IGNORECASE)


def find_breach(incident: Incident, book: Book) -> tuple[int, str] | None:
    """The line that makes an incident one of security, and what it says; null if nothing does."""
    scenario = find_scenario(incident, book)
    return (scenario.line, scenario.title) if scenario is not None else find_admitted(incident, book)


def find_scenario(incident: Incident, book: Book) -> Procedure | None:
    """The first of its scenarios that is about security."""
    return next((each for each in book.scenarios(incident) if is_about_security(each)), None)


def find_admitted(incident: Incident, book: Book) -> tuple[int, str] | None:
    """The line of the playbook's question whether it is one, to which somebody said yes."""
    yes = {line for line, said in incident.answered.items() if said.holds}
    if not yes:
        return None
    matters = (each for each in find_matters(incident, book) if each.line in yes)
    return next(((each.line, each.text) for each in matters if asks_for_security(each.text)), None)


def asks_for_security(text: str) -> bool:
    """Whether a yes to this says that it is a matter of security."""
    return speaks_of_security(text) and _DENIED.search(text) is None
