"""A fence for commands holds comments only: the step has no command yet.

Why: the responder finds out in the middle of the incident that this step was never worked out.

Example:

    ```bash
    # Fail over to the second region
    ```

Use instead:

    ```bash
    # Fail over to the second region
    aws route53 change-resource-record-sets --hosted-zone-id Z1 --change-batch file://second-region.json
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View, shorten
from tocsin.words import Level

CODE = "PB116"
LEVEL = Level.WARNING


_PURE = frozenset({"bash", "sh", "shell", "zsh", "ksh", "dash", "fish"})
"""Labels that promise commands alone; a "#" in a pasted session may be the prompt of root."""


def check(view: View) -> Iterator[Finding]:
    for fence in view.fences:
        if fence.statements or (fence.block.lang or "") not in _PURE:
            continue
        lines = [line for line in fence.block.body if line.strip()]
        if all(line.lstrip().startswith("#") for line in lines) and not any(step.statement for step in fence.steps):
            about = f" (“{shorten(lines[0].lstrip(' #'), 50)}”)" if lines else ""
            yield Finding(
                fence.block.line,
                f"This fence holds no command{about}.",
                "Write the command, or say in words what to do and who knows how.",
            )
