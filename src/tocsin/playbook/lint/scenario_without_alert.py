"""A scenario names no alert.

Why: no monitoring can open it; a person has to recognise the failure and pick the scenario by hand.

Example:

    ## Checkout is down

    **Symptoms:**

Use instead:

    ## Checkout is down

    **Alert:** `CheckoutDown`

    **Symptoms:**
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.block import Kind
from tocsin.playbook.finding import Finding, View, shorten
from tocsin.playbook.model import Procedure
from tocsin.words import Level

CODE = "PB204"
LEVEL = Level.REMARK
_FIELD = compile_late(r"alert(?:s|ing)?|triggers?|alert names?", re.IGNORECASE)


def check(view: View) -> Iterator[Finding]:
    for scenario in view.playbook.scenarios:
        if not scenario.alerts:
            said = _said(view, scenario)
            words = f" (“{shorten(said)}” is no name that monitoring sends)" if said else ""
            yield Finding(
                scenario.line,
                f"“{scenario.title}” names no alert, so no alert opens it{words}.",
                "Name the alerts in back-ticks (“**Alert:** `NodeDown`”), or map them in the team's settings.",
                mark=scenario.title,
            )


def _said(view: View, scenario: Procedure) -> str:
    """What the scenario says for its alert in words, or nothing."""
    block = view.block_of(scenario)
    labels = block.of(Kind.LABEL) if block is not None else []
    return next((label.value for label in labels if label.value and _FIELD.fullmatch(label.title)), "")
