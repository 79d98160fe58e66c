"""A command waits for somebody at the keyboard: an editor, a confirmation, a session on another machine.

Why: it cannot be approved as it will run, since what is typed into it is not written down. And the lines below a bare
``ssh`` run on the responder's own machine.

Example:

    ```bash
    kubectl edit deployment checkout -n shop
    ```

Use instead:

    ```bash
    kubectl set resources deployment checkout -n shop --limits=memory=2Gi
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, first_line, shorten
from tocsin.playbook.model import Statement
from tocsin.words import Effect, Level, Tag

CODE = "PB121"
LEVEL = Level.REMARK
_SESSION = compile_late(r"^(?:sudo\s+)?ssh\s")
_SWITCH = compile_late(r"\bsudo\s+(?:-i|-s|su)\b|^su\b|\b(?:exec|rsh)\b.{0,300}\b(?:ba|z|da)?sh\s*$")


def check(view: View) -> Iterator[Finding]:
    for fence in view.shells:
        for index, statement in enumerate(fence.statements):
            if Tag.INTERACTIVE not in statement.tags or statement.effect is Effect.NOOP:
                continue
            last = index + 1 == len(fence.statements)
            if not last and (_SESSION.match(statement.text) or _SWITCH.search(statement.text)):
                yield _left_outside(statement, fence.statements[index + 1])
                break
            yield Finding(
                statement.line,
                f"`{shorten(statement.text, 50)}` needs somebody at the keyboard ({statement.why.rstrip('.')}).",
                "Use a form that carries what is meant on its own line (patch, set, -c, --yes), so that it can be "
                "reviewed before it runs.",
                mark=first_line(statement.text),
            )


def _left_outside(statement: Statement, below: Statement) -> Finding:
    return Finding(
        statement.line,
        f"`{shorten(statement.text, 50)}` opens a session; pasted as a whole, line {below.line} runs after it or is "
        f"taken for its input.",
        "Hand the commands over: ssh HOST 'COMMAND', exec … sh -c 'COMMAND'.",
        (below.line,),
        Level.WARNING,
        mark=first_line(statement.text),
    )
