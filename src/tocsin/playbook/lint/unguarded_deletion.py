"""A command that deletes for good stands without a condition, a caution or an approval.

Why: at three in the morning it is run like any other line, and what it deletes does not come back.

Example:

    ```bash
    rm -rf /var/lib/shop/cache
    ```

Use instead:

    **If the cache is broken:**

    ```bash
    rm -rf /var/lib/shop/cache
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View, commands, first_line, is_guarded, shorten
from tocsin.words import Effect, Level, Tag

CODE = "PB113"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    for procedure in view.procedures:
        for step, statement in commands(procedure):
            gone = statement.effect is Effect.DESTROY and Tag.IRREVERSIBLE in statement.tags
            if gone and not is_guarded(procedure, step):
                yield Finding(
                    statement.line,
                    f"`{shorten(statement.text, 60)}` deletes for good, and nothing says when to and when not to.",
                    "Put it under a condition, say what must be saved first, or whose approval it needs.",
                    mark=first_line(statement.text),
                )
