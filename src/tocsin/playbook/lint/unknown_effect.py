"""Commands whose effect no general knowledge tells.

Why: each asks a person before it runs, every time. A verdict in the team's catalogue settles it once.

Example:

    ```bash
    shopctl rebalance --all
    ```

Use instead:

    ```bash
    # commands.toml says what shopctl does, who looked, and when
    kubectl get pods -n shop
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.model import Statement
from tocsin.words import Effect, Level

CODE = "PB119"
LEVEL = Level.REMARK
_MAX_NAMED = 6
_TICKED = compile_late(r"`([^`]+)`")


def check(view: View) -> Iterator[Finding]:
    unknown = [statement for statement in view.playbook.statements if statement.effect is Effect.UNKNOWN]
    if not unknown:
        return
    heads: dict[str, int] = {}
    for statement in unknown:
        head = _head(statement)
        heads[head] = heads.get(head, 0) + 1
    named = [f"{head} ×{count}" if count > 1 else head for head, count in heads.items()]
    rest = f" and {len(named) - _MAX_NAMED} more" if len(named) > _MAX_NAMED else ""
    many = len(unknown) > 1
    yield Finding(
        unknown[0].line,
        f"Nothing general says what {f'{len(unknown)} commands' if many else 'this command'} "
        f"{'do' if many else 'does'}: {', '.join(named[:_MAX_NAMED])}{rest}.",
        "Give each a verdict in commands.toml (reads, changes or destroys); until then a person must approve it.",
        tuple(statement.line for statement in unknown),
        subject=" ".join(sorted(heads)),
    )


def _head(statement: Statement) -> str:
    """The program and its first word, which is what a verdict is usually given for."""
    ticked = _TICKED.match(statement.why)
    words = (ticked.group(1) if ticked else statement.text).split() or [statement.text]
    return words[0] if "/" in words[0] else " ".join(words[:2])
