"""Two places give different deadlines for the same duty: a level's response, its updates, or a review.

Why: the first that stands in the document is kept, and whoever has read the other one is late without knowing it.

Example:

    | SEV-1 | 15 minutes | Checkout outage |

    #### SEV-1: Critical

    - **Response time:** 5 minutes

Use instead:

    | SEV-1 | 15 minutes | Checkout outage |

    #### SEV-1: Critical

    - **Response time:** 15 minutes
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.duration import say
from tocsin.playbook.entry import Entry
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.recognise.clocks import Clocks, read_clocks
from tocsin.words import Level

CODE = "PB224"
LEVEL = Level.WARNING
_FILLER = compile_late(r"\([^)]*\)|\b(?:the|a|an|conduct|hold|complete|do|required|full)\b", re.IGNORECASE)
_GAPS = compile_late(r"\W+")


def check(view: View) -> Iterator[Finding]:
    yield from _levels(view)
    yield from _reviews(view)


def _levels(view: View) -> Iterator[Finding]:
    entries: dict[str, list[Entry]] = {}
    for level, entry in view.draft.level_entries:
        entries.setdefault(level, []).append(entry)
    for level, found in entries.items():
        said: dict[str, tuple[int, int]] = {}
        for entry in found if len(found) > 1 else ():
            for what, seconds, line in _clocks_of(entry):
                first, where = said.setdefault(what, (seconds, line))
                if first != seconds and line != where:
                    yield _report(f"{level}: {what}", (first, where), (seconds, line))


def _clocks_of(entry: Entry) -> Iterator[tuple[str, int, int]]:
    """What one entry about a level sets: which clock, its seconds, its line."""
    clocks = Clocks()
    read_clocks(entry, "", clocks)
    if clocks.response is not None and clocks.response.within_s is not None and clocks.response_line:
        yield "a response", clocks.response.within_s, clocks.response_line
    if clocks.update_every_s is not None and clocks.update_line:
        yield "an update", clocks.update_every_s, clocks.update_line
    if clocks.status_page_within_s is not None and clocks.status_page_line:
        yield "the status page", clocks.status_page_within_s, clocks.status_page_line


def _reviews(view: View) -> Iterator[Finding]:
    said: dict[tuple[str, str, tuple[str, ...]], tuple[int, int]] = {}
    for review in view.playbook.reviews:
        what = _GAPS.sub(" ", _FILLER.sub("", review.what)).strip().lower()
        first, where = said.setdefault((what, review.from_, review.severities), (review.after_s, review.line))
        if what and first != review.after_s:
            yield _report(f"“{review.what}”", (first, where), (review.after_s, review.line))


def _report(what: str, first: tuple[int, int], other: tuple[int, int]) -> Finding:
    return Finding(
        other[1],
        f"{what} is due after {say(other[0])} here, but after {say(first[0])} in line {first[1]}.",
        "Decide on one, and say it in one place.",
        (first[1], other[1]),
        subject=what,
    )
