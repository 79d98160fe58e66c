"""A command puts data in a place, and a later one in the same fence deletes that place or a part of it.

Why: what was just restored is deleted again. Usually the two are alternatives, and the fence does not say so.

Example:

    ```bash
    cp -r /backup/shop /var/lib/shop
    rm -rf /var/lib/shop/data
    ```

Use instead:

    ```bash
    mv /var/lib/shop /var/lib/shop.broken
    cp -r /backup/shop /var/lib/shop
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, first_line
from tocsin.playbook.model import Statement
from tocsin.playbook.procedure.fence import FenceReading
from tocsin.words import Level

CODE = "PB102"
LEVEL = Level.ERROR
_MOST = 50
_PUTS = compile_late(r"^(?:sudo\s+)?(?:cp|rsync|mv|tar|unzip|restic|install)\b")
_DELETES = compile_late(r"^(?:sudo\s+)?rm\s+(?:-\w+\s+|--\w+\s+)*(?P<path>/\S+|~\S+|\$\S+)")
_UNPACKS = compile_late(r"\s-C\s*(\S+)")


def check(view: View) -> Iterator[Finding]:
    for fence in view.shells if view.runs("rm ") else ():
        for earlier, later, path in find_pairs(fence):
            yield Finding(
                later.line,
                f"This deletes {path}, where line {earlier.line} has just put data.",
                "Move the old data aside first, and give each of two alternatives a fence and a label of its own.",
                (earlier.line, later.line),
                mark=first_line(later.text),
            )


def find_pairs(fence: FenceReading) -> Iterator[tuple[Statement, Statement, str]]:
    """What puts data somewhere, what deletes it again, and the place that is deleted."""
    placed: list[tuple[Statement, str]] = []
    for statement in fence.statements if len(fence.statements) > 1 else ():
        target = _target(statement.text)
        if target:
            placed = [*placed[-_MOST:], (statement, target)]
        match = _DELETES.match(statement.text) if placed else None
        path = match["path"].rstrip("/") if match else ""
        for earlier, place in placed if path else []:
            if path == place or path.startswith(place + "/") or place.startswith(path + "/"):
                yield earlier, statement, path


def _target(text: str) -> str | None:
    """Where a copying command puts things: its last word, when that is a path."""
    if not _PUTS.match(text):
        return None
    unpacked = _UNPACKS.search(text)
    last = unpacked.group(1) if unpacked else text.split()[-1]
    return last.rstrip("/") if last.startswith(("/", "~", "$")) else None
