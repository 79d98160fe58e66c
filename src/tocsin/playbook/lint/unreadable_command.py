"""A shell cannot read a command as it is written.

Why: it fails when it is run, and nothing can be said beforehand of what it would do.

Example:

    ```bash
    kubectl get pods -n "shop
    ```

Use instead:

    ```bash
    kubectl get pods -n "shop"
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View, first_line, shorten
from tocsin.playbook.procedure.fence import FenceReading
from tocsin.playbook.statement import PROGRAMS, SHELLS, FenceItem
from tocsin.words import Level

CODE = "PB108"
LEVEL = Level.WARNING


_PURE = SHELLS - {"console", "shell-session", "shellsession", "shell_session", "terminal", "session", "bash-session"}
"""Labels that promise commands alone; the others are also given to output."""


def check(view: View) -> Iterator[Finding]:
    for fence in view.fences:
        item = next((item for item in fence.items if _is_unreadable(item, fence)), None)
        if item is not None:
            yield Finding(
                item.line,
                f"A shell cannot read `{shorten(item.text, 50)}`.",
                "Close quotes and brackets; put output and prose outside the fence, or label the fence `text`.",
                mark=first_line(item.text),
            )


def _is_unreadable(item: FenceItem, fence: FenceReading) -> bool:
    """Whether a shell refuses it, and it is meant for one: by the fence's label, or by the program that it names."""
    if not item.fault or "URL" in item.fault:
        return False
    words = item.text.removeprefix("sudo ").split()
    return (fence.block.lang or "") in _PURE or (bool(words) and words[0] in PROGRAMS)
