"""A fence sets a shell variable and does nothing else that could see it.

Why: it ends with the shell that ran it. A running service never learns of it, although the text offers it as a remedy.

Example:

    ```bash
    export CACHE_SIZE=512
    ```

Use instead:

    ```bash
    kubectl set env deployment/shop CACHE_SIZE=512
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, first_line
from tocsin.playbook.model import Statement
from tocsin.words import Level

CODE = "PB105"
LEVEL = Level.WARNING
_USE = compile_late(r"\$\{?(\w+)")
_EXPORT = compile_late(r"^(?:export|setenv)\s+(?P<name>[A-Za-z_]\w*)(?:=|\s)|^set\s+-x\s+(?P<fish>[A-Za-z_]\w*)\s")


def check(view: View) -> Iterator[Finding]:
    used: frozenset[str] | None = None
    for fence in view.shells if view.runs("export ", "setenv ", "set -x ") else ():
        matches = [_EXPORT.match(statement.text) for statement in fence.statements]
        if all(matches):
            used = _find_used(view.playbook.statements) if used is None else used
            names = [match["name"] or match["fish"] for match in matches if match]
            lone = [name for name in names if name not in used]
            if lone:
                yield Finding(
                    fence.statements[0].line,
                    f"Setting {', '.join(lone)} here reaches no running service: it ends with the shell.",
                    "Say where the setting belongs (file, deployment, feature flag) and how the service takes it over.",
                    tuple(statement.line for statement in fence.statements),
                    mark=first_line(fence.statements[0].text),
                )


def _find_used(statements: tuple[Statement, ...]) -> frozenset[str]:
    """The variables that any command of the document uses: those were set for the responder's own shell."""
    return frozenset(name for found in statements if "$" in found.text for name in _USE.findall(found.text))
