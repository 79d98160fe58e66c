"""The document names two owners, two versions or two dates for its next review.

Why: each owner believes that the other keeps it up to date. The one that stands first counts until one is struck out.

Example:

    # Runbook

    **Owner:** Platform team

    ---

    **Owner:** SRE team

Use instead:

    # Runbook

    **Owner:** Platform team
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View
from tocsin.playbook.template import is_blank
from tocsin.words import Level

CODE = "PB208"
LEVEL = Level.WARNING
_NAMES = {
    "owner": "owners",
    "version": "versions",
    "last_updated": "dates of the last change",
    "next_review": "dates of the next review",
}


def check(view: View) -> Iterator[Finding]:
    for key, name in _NAMES.items():
        said = [found for found in view.sayings if found.key == key and found.value and not is_blank(found.value)]
        first = said[0] if said else None
        other = next((found for found in said if first and found.value.casefold() != first.value.casefold()), None)
        if first is not None and other is not None:
            yield Finding(
                other.line,
                f"The document has two {name}: “{first.value}” (line {first.line}) and “{other.value}” (line "
                f"{other.line}).",
                "Keep one.",
                (first.line, other.line),
                mark=other.value,
            )
