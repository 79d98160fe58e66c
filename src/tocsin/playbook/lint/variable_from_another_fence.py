"""A fence uses a shell variable that only another fence sets.

Why: whoever starts with this fence, or runs each in a shell of its own, gets an empty word in its place. In a path or
a selector that means everything.

Example:

    ```bash
    POD=$(kubectl get pod -n shop -o name | head -1)
    ```

    ```bash
    kubectl logs -n shop $POD --tail=200
    ```

Use instead:

    ```bash
    POD=$(kubectl get pod -n shop -o name | head -1)
    kubectl logs -n shop $POD --tail=200
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.memory import remember
from tocsin.playbook.procedure.fence import FenceReading
from tocsin.words import Level

CODE = "PB123"
LEVEL = Level.REMARK
_SETS = compile_late(
    r"(?:^|[;&|\n(]|\b(?:export|local|declare|readonly)\s)\s*(?:export\s+)?([A-Za-z_]\w*)=|\bread\s+(?:-\w+\s+)*(\w+)|"
    r"\bfor\s+(\w+)\s+in\b"
)
_EXPORTS = compile_late(r"^(?:export|declare\s+-x)\s+([A-Za-z_]\w*)=")
_USES = compile_late(r"\$\{?([A-Za-z_]\w*)(?![\w:])(?!:[?+-])")
_LITERAL = compile_late(r"'[^']*'")


def check(view: View) -> Iterator[Finding]:
    before: dict[str, int] = {}
    told: set[str] = set()
    for fence in view.shells:
        own = _set_in(fence)
        for name, line in _used_in(fence):
            if name in before and name not in own and name not in told:
                told.add(name)
                yield Finding(
                    line,
                    f"${name} is set in line {before[name]}, in another fence: in a shell of its own this one finds "
                    f"nothing there.",
                    "Set it in this fence too, or write ${" + name + ":?} so that the shell stops when it is empty.",
                    (before[name],),
                    mark=name,
                )
        before.update((name, line) for name, line in own.items() if name not in before)


def _set_in(fence: FenceReading) -> dict[str, int]:
    """The variables that a fence gives a value, each with the first line."""
    found: dict[str, int] = {}
    for statement in fence.statements:
        for name in _set_by(statement.text):
            found.setdefault(name, statement.line)
    return found


@remember
def _set_by(text: str) -> tuple[str, ...]:
    if "=" not in text and "read" not in text and "for" not in text:
        return ()
    return tuple(next(filter(None, groups)) for groups in _SETS.findall(text))


def _used_in(fence: FenceReading) -> Iterator[tuple[str, int]]:
    for statement in fence.statements:
        if "$" in statement.text:
            bare = _LITERAL.sub("", statement.text)
            for match in _USES.finditer(bare):
                yield match[1], statement.line + bare[: match.start()].count("\n")
