"""A scenario offers a command that it forbids itself.

Why: one of the two is wrong. The command is refused until somebody has decided which.

Example:

    ```bash
    systemctl restart shop
    ```

    **DO NOT:**
    - Restart the service before the logs are saved

Use instead:

    ```bash
    journalctl -u shop > /srv/evidence/shop.log
    ```

    **DO NOT:**
    - Restart the service before the logs are saved
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import forbid
from tocsin.playbook.finding import Finding, View, commands, first_line, shorten
from tocsin.playbook.model import Prohibition, Statement
from tocsin.words import Level

CODE = "PB110"
LEVEL = Level.ERROR


_CONDITIONAL = compile_late(
    r"\b(?:only|others?|immediately|yet|unless|until|before|without|if|when|while|instead|except|more than|first)\b",
    re.IGNORECASE,
)


def check(view: View) -> Iterator[Finding]:
    for procedure in view.procedures:
        for _, statement in commands(procedure) if procedure.prohibitions else ():
            prohibition = forbid.find(procedure, statement)
            if prohibition is not None:
                yield _report(statement, prohibition)


def _report(statement: Statement, prohibition: Prohibition) -> Finding:
    command, said = shorten(statement.text, 50), shorten(prohibition.text, 50)
    lines = (statement.line, prohibition.line)
    mark = first_line(statement.text)
    if _CONDITIONAL.search(prohibition.text):
        return Finding(
            statement.line,
            f"`{command}` is held back by line {prohibition.line} (“{said}”); whether that means this command, only a "
            f"person can say.",
            "Say in the prohibition what exactly it covers and who may lift it.",
            lines,
            Level.WARNING,
            mark,
        )
    return Finding(
        statement.line,
        f"`{command}` is forbidden by line {prohibition.line} (“{said}”).",
        "Take the command out, or say in the prohibition when it does not hold and who may lift it.",
        lines,
        mark=mark,
    )
