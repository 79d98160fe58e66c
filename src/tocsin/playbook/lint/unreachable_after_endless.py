"""Commands stand below one that never ends by itself.

Why: the check that should follow is never reached; people interrupt the first command, or believe that it hangs.

Example:

    ```bash
    kubectl logs -f -n shop checkout-0
    kubectl get pods -n shop
    ```

Use instead:

    ```bash
    kubectl logs --tail=200 -n shop checkout-0
    kubectl get pods -n shop
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View, first_line, join, shorten
from tocsin.words import Level, Tag

CODE = "PB104"
LEVEL = Level.WARNING
_MAX_NAMED = 6


def check(view: View) -> Iterator[Finding]:
    for fence in view.shells:
        for index, statement in enumerate(fence.statements[:-1]):
            if Tag.ENDLESS in statement.tags and not statement.text.rstrip().endswith("&"):
                below = [later.line for later in fence.statements[index + 1 :]]
                yield Finding(
                    statement.line,
                    f"`{shorten(statement.text, 50)}` never ends, so {_named(below)} not reached.",
                    "Bound it (a number of lines, --no-stream, timeout 30), or put it last in a fence of its own.",
                    tuple(below),
                    mark=first_line(statement.text),
                )
                break


def _named(lines: list[int]) -> str:
    """The lines as the subject of a sentence with its verb: "line 3 below it is", "lines 3 and 4 below it are"."""
    if len(lines) == 1:
        return f"line {lines[0]} below it is"
    if len(lines) > _MAX_NAMED:
        return f"the {len(lines)} commands below it (lines {lines[0]} to {lines[-1]}) are"
    return f"lines {join(lines)} below it are"
