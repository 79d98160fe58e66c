"""A sample of an incident's channel is not written as the pattern says.

Why: people copy the sample. Then the channel that was announced and the one that was opened are not the same.

Example:

    1. Open the channel `#incident-YYYYMMDD-HHMM`
    2. Tell people to join #incident-2025-01-02-checkout

Use instead:

    1. Open the channel `#incident-YYYYMMDD-HHMM`
    2. Tell people to join #incident-20250102-1405
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB210"
LEVEL = Level.REMARK
_SAMPLE = compile_late(r"(?<![\w/&])#(?P<stem>[a-z][a-z_-]*?)-(?P<rest>\d{4}[\d-]+[\w-]*)")
_MASKS = (("YYYY", r"\d{4}"), ("YY", r"\d{2}"), ("MM", r"\d{2}"), ("DD", r"\d{2}"), ("HH", r"\d{2}"), ("SS", r"\d{2}"))
_FREE = compile_late(
    r"<[^<>]*>|\{[^{}]*\}|\[[^\[\]]*\]|\b(?:desc(?:ription)?|name|service|topic|slug|short\w*|x+)\b", re.IGNORECASE
)


def check(view: View) -> Iterator[Finding]:
    patterns = [channel for channel in view.playbook.channels if channel.dated and "YY" in channel.name]
    stems = {channel.name.partition("-")[0] for channel in patterns}
    for number in view.lines_with(*stems):
        for match in _SAMPLE.finditer(view.line(number)):
            sample = match.group()
            family = [channel for channel in patterns if channel.name.startswith(f"#{match['stem']}")]
            if family and not any(_shape(channel.name).fullmatch(sample) for channel in family):
                yield Finding(
                    number,
                    f"The sample {sample} is not written like {family[0].name} (line {family[0].line}).",
                    "Write both alike.",
                    (family[0].line, number),
                    mark=sample,
                )


def _shape(pattern: str) -> re.Pattern[str]:
    shape = re.escape(_FREE.sub("~", pattern))
    for mask, digits in _MASKS:
        shape = shape.replace(mask, digits)
    return re.compile(shape.replace("\\~", "~").replace("~", r"[\w-]+"))
