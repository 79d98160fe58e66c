"""The document promises the public a word by itself or by the clock, and one of its scenarios forbids it.

Why: the prohibition wins, so for that scenario the word is held back; whoever relies on it should know.

Example:

    - Status page: posted automatically to all subscribers

    ## Data breach

    **DO NOT:**
    - Communicate publicly before legal approval

Use instead:

    - Status page: posted automatically to all subscribers, except for a data breach (by legal)

    ## Data breach

    **DO NOT:**
    - Communicate publicly before legal approval
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.duration import say
from tocsin.playbook.finding import Finding, View, shorten
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Procedure, Prohibition
from tocsin.words import Level

CODE = "PB211"
LEVEL = Level.WARNING
_AUTOMATIC = compile_late(r"\bauto(?:matic(?:ally)?|-?\w*ed)\b", re.IGNORECASE)
_PUBLIC = compile_late(r"status[ -]?page|\bpublic|\bcustomers?\b|\busers?\b|\bsubscribers?\b", re.IGNORECASE)
_EXCEPT = compile_late(r"\b(?:except|unless|other than|but not|not for|excluding)\b", re.IGNORECASE)


def check(view: View) -> Iterator[Finding]:
    closed = [
        (scenario, found)
        for scenario in view.playbook.scenarios
        for found in scenario.prohibitions
        if found.forbids.comms
    ]
    if not closed:
        return
    for line, text in view.words:
        if _tells_public(text):
            for scenario, prohibition in closed:
                yield _report(line, f"“{shorten(text, 50)}”", scenario, prohibition)
    owed, within = view.playbook.document.status_page_line, view.playbook.document.status_page_within_s
    if owed and within is not None and not _EXCEPT.search(view.line(owed)):
        for scenario, prohibition in closed:
            yield _report(owed, f"A public word within {say(within)} of every incident", scenario, prohibition)


def _report(line: int, what: str, scenario: Procedure, prohibition: Prohibition) -> Finding:
    until = f" until {prohibition.lifted_by} agrees" if prohibition.lifted_by else ""
    return Finding(
        line,
        f"{what} contradicts line {prohibition.line} of “{scenario.title}”: there it is held back{until}.",
        "Say on this line for which incidents it does not hold.",
        (line, prohibition.line),
    )


@remember
def _tells_public(text: str) -> bool:
    """Whether a line has something told to the public by itself, whatever the incident."""
    return bool(_AUTOMATIC.search(text) and _PUBLIC.search(text)) and not _EXCEPT.search(text)
