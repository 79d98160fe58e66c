"""One alert stands in two scenarios.

Why: the alert cannot tell which of them is meant; a person has to choose while the clock runs.

Example:

    ## Checkout is down

    **Alert:** `ShopDown`

    ## Search is down

    **Alert:** `ShopDown`

Use instead:

    ## Checkout is down

    **Alert:** `CheckoutDown`

    ## Search is down

    **Alert:** `SearchDown`
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View, join
from tocsin.words import Level

CODE = "PB216"
LEVEL = Level.WARNING
_MAX_NAMED = 6


def check(view: View) -> Iterator[Finding]:
    seen: dict[str, list[int]] = {}
    for scenario in view.playbook.scenarios:
        for alert in scenario.alerts:
            seen.setdefault(alert, []).append(scenario.line)
    for alert, lines in seen.items():
        if len(lines) > 1:
            yield Finding(
                lines[1],
                f"`{alert}` opens {len(lines)} scenarios (lines {join(lines[:_MAX_NAMED])}).",
                "Give each scenario an alert of its own, or merge them and branch inside.",
                tuple(lines),
                subject=alert,
            )
