"""A rotation changes hands at an hour, and no time zone is given.

Why: the hour is another one for every colleague abroad, and twice a year for everybody.

Example:

    - Handoff: every Monday at 09:00

Use instead:

    - Handoff: every Monday at 09:00 Europe/Berlin
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.model import Handoff
from tocsin.words import Level

CODE = "PB212"
LEVEL = Level.WARNING
_ZONE = compile_late(
    r"\b(?:UTC|GMT|[ECMP][SD]T|CES?T|BST|JST|IST|AES?T|time zone|local time|timezone|[A-Z][a-z]+/[A-Z][a-z_]+)\b|"
    r"[+-]\d{2}:\d{2}"
)
_EVERYWHERE = compile_late(r"\ball (?:times|hours|clocks)\b", re.IGNORECASE)


def check(view: View) -> Iterator[Finding]:
    bare = [(rotation, rotation.handoff) for rotation in view.playbook.rotations if rotation.handoff is not None]
    lines = view.draft.outline.lines
    if not bare or any(
        _EVERYWHERE.search(line) and _ZONE.search(line) for line in map(view.line, view.lines_with("ll "))
    ):
        return
    blocks = {block.line: block for block in reversed(view.draft.outline.blocks)}
    for rotation, handoff in bare:
        block = blocks.get(rotation.line)
        end = max(block.last_line, rotation.line) if block is not None else rotation.line
        if not any(_ZONE.search(line) for line in lines[rotation.line - 1 : end]):
            yield Finding(
                _line_of(view, handoff, rotation.line, end),
                f"“{rotation.title}” hands over on {handoff.weekday} at {handoff.time}, in no time zone.",
                "Add the zone by its name (Europe/Berlin), so that it follows summer time.",
                (rotation.line,),
            )


def _line_of(view: View, handoff: Handoff, start: int, end: int) -> int:
    """The line that gives the hour: the first that names the weekday and a figure, else the rotation's own."""
    hour = handoff.time.lstrip("0").partition(":")[0] or "0"
    said = re.compile(rf"{handoff.weekday[:3]}\w*\b.*(?<!\d)0?{hour}(?!\d)", re.IGNORECASE)
    return next((number for number in range(start, end + 1) if said.search(view.line(number))), start)
