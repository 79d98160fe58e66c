"""The date of the next review has passed.

Why: whoever follows the playbook follows last year's system.

Example:

    **Next review:** 2025-06-01

Use instead:

    **Next review:** 2030-06-01
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB301"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    document = view.playbook.document
    if view.today is None or document.next_review is None:
        return
    due = datetime.date.fromisoformat(document.next_review)
    if due >= view.today:
        return
    said = next((said for said in view.sayings if said.key == "next_review"), None)
    owner = f" by {document.owner}" if document.owner else ""
    days = (view.today - due).days
    yield Finding(
        said.line if said else 0,
        f"The review due on {document.next_review} is {days} day{'s' if days > 1 else ''} overdue.",
        f"Have it reviewed{owner}, and set the next date{_interval(document.last_updated, due)}.",
        mark=said.value if said else "",
    )


def _interval(updated: str | None, due: datetime.date) -> str:
    """How long the last interval was, where the document tells."""
    days = (due - datetime.date.fromisoformat(updated)).days if updated else 0
    return f" (the last interval was {days} days)" if days > 0 else ""
