"""The same fleet is written with different sizes.

Why: one of the two loops misses machines, or asks for machines that do not exist.

Example:

    ```bash
    for host in web-{1..4}; do ssh $host uptime; done
    for host in web-{1..5}; do ssh $host df -h; done
    ```

Use instead:

    ```bash
    for host in web-{1..5}; do ssh $host uptime; done
    for host in web-{1..5}; do ssh $host df -h; done
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, join
from tocsin.words import Level

CODE = "PB118"
LEVEL = Level.WARNING
_RANGE = compile_late(r"(?P<name>[A-Za-z][\w.-]*?)[-_]?\{(?P<low>\d+)\.\.(?P<high>\d+)\}")
_MAX_NAMED = 4


def check(view: View) -> Iterator[Finding]:
    seen: dict[str, dict[str, list[int]]] = {}
    for statement in view.playbook.statements if view.runs("..") else ():
        for match in _RANGE.finditer(statement.text) if ".." in statement.text else ():
            sizes = seen.setdefault(match["name"], {})
            sizes.setdefault(f"{{{match['low']}..{match['high']}}}", []).append(statement.line)
    for name, sizes in seen.items():
        if len(sizes) > 1:
            parts = [
                f"{size} (line{'s' if len(lines) > 1 else ''} {join(lines[:_MAX_NAMED])})"
                for size, lines in sizes.items()
            ]
            lines = tuple(sorted(line for found in sizes.values() for line in found))
            yield Finding(
                lines[0],
                f"The machines {name}… are counted differently: {' and '.join(parts)}.",
                "Name the fleet once, in the inventory, and let every command take it from there.",
                lines,
                mark=name,
            )
