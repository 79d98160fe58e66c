"""A sample of an incident's number is not written as the pattern says.

Why: two ways to write a number are two numbers to whoever searches for one.

Example:

    - **Incident ID**: INC-YYYYMMDD-XXX
    - As in INC-2025-01-02-1

Use instead:

    - **Incident ID**: INC-YYYYMMDD-XXX
    - As in INC-20250102-001
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB225"
LEVEL = Level.REMARK
_MASKS = (("YYYY", r"\d{4}"), ("YY", r"\d{2}"), ("MM", r"\d{2}"), ("DD", r"\d{2}"))
_COUNTER = compile_late(r"X+|#+|N+|n+|0+[1Nn]|<\w+>|\[\w+\]")
_WHOLE_DATE = compile_late(r"\d{8}")


def check(view: View) -> Iterator[Finding]:
    pattern = view.playbook.number_pattern
    if pattern is None:
        return
    prefix = pattern.text.partition("-")[0].partition("_")[0]
    head = re.escape(prefix)
    sample = re.compile(rf"(?<![\w-]){head}[-_]\d[\d-]{{3,}}\b(?![\w-])")
    shape = _shape(pattern.text)
    for number in view.lines_with(prefix):
        for match in sample.finditer(view.line(number)):
            if not shape.fullmatch(match.group()):
                yield Finding(
                    number,
                    f"The sample {match.group()} is not written like {pattern.text} (line {pattern.line}).",
                    "Write both alike.",
                    (pattern.line, number),
                    mark=match.group(),
                )


def _shape(pattern: str) -> re.Pattern[str]:
    """What a number of this pattern looks like: the date's digits, then a counter of any length."""
    bare = _WHOLE_DATE.sub("YYYYMMDD", pattern)
    cut = max(bare.rfind("-"), bare.rfind("_")) + 1
    head = re.escape(bare[:cut])
    for mask, digits in _MASKS:
        head = head.replace(mask, digits)
    counted = _COUNTER.fullmatch(bare[cut:])
    return re.compile(head + (r"\d+" if counted else re.escape(bare[cut:])))
