"""Two scenarios have the same title or the same number.

Why: links, alerts and people cannot tell them apart.

Example:

    ## Checkout is down

    ## Checkout is down

Use instead:

    ## Checkout is down

    ## Checkout loses baskets
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tocsin.playbook.finding import Finding, View, join
from tocsin.playbook.model import Procedure
from tocsin.words import Level

CODE = "PB307"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    scenarios = view.playbook.scenarios
    yield from _repeated("title", scenarios, lambda scenario: scenario.title)
    yield from _repeated("number", scenarios, lambda scenario: scenario.label or "")


def _repeated(name: str, scenarios: tuple[Procedure, ...], naming: Callable[[Procedure], str]) -> Iterator[Finding]:
    seen: dict[str, list[Procedure]] = {}
    for scenario in scenarios:
        if naming(scenario):
            seen.setdefault(naming(scenario).casefold(), []).append(scenario)
    for found in seen.values():
        if len(found) > 1 and not _share_an_alert(found):
            lines = [scenario.line for scenario in found]
            yield Finding(
                lines[1],
                f"{len(found)} scenarios have the {name} “{naming(found[0])}” (lines {join(lines)}).",
                "Tell them apart.",
                tuple(lines),
                mark=naming(found[1]),
                subject=name,
            )


def _share_an_alert(found: list[Procedure]) -> bool:
    """Whether one alert opens them all: then it is that which is reported."""
    return bool(set(found[0].alerts).intersection(*(scenario.alerts for scenario in found[1:])))
