"""Check boxes stand in a fence that is labelled as shell.

Why: a shell takes every box for a command called ``-``; and nobody can tick them where they stand.

Example:

    ```bash
    - [ ] Status page says resolved
    - [ ] Customers told
    ```

Use instead:

    - [ ] Status page says resolved
    - [ ] Customers told
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View
from tocsin.playbook.statement import SHELLS
from tocsin.words import Level

CODE = "PB115"
LEVEL = Level.REMARK


def check(view: View) -> Iterator[Finding]:
    for fence in view.fences:
        boxes = [item.line for item in fence.items if item.kind == "checklist"]
        if boxes and (fence.block.lang or "") in SHELLS:
            count = "1 check box stands" if len(boxes) == 1 else f"{len(boxes)} check boxes stand"
            yield Finding(
                fence.block.line,
                f"{count} in a fence for commands.",
                "Take the list out of the fence; it is then a checklist that people can tick.",
                tuple(boxes),
            )
