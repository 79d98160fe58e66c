"""The name of an incident's channel holds the day and nothing else.

Why: the second incident of a day gets the same channel.

Example:

    1. Open the channel `#incident-YYYYMMDD`

Use instead:

    1. Open the channel `#incident-YYYYMMDD-HHMM`
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB218"
LEVEL = Level.WARNING
_ONLY_DAY = compile_late(r"#[a-z_-]+?-?(?:YYYY-?MM-?DD|YY-?MM-?DD|MM-?DD|DD-?MM-?(?:YY){1,2})")


def check(view: View) -> Iterator[Finding]:
    for channel in view.playbook.channels:
        if channel.dated and _ONLY_DAY.fullmatch(channel.name):
            yield Finding(
                channel.line,
                f"Two incidents of one day share the channel {channel.name}.",
                f"Add the hour, a counter or a word ({channel.name}-HHMM, {channel.name}-<description>).",
                mark=channel.name,
            )
