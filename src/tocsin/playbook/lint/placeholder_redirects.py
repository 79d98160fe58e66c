"""A blank in angle brackets is legal shell: it reads from one file and overwrites another.

Why: nothing refuses it when it is pasted as it stands. Where a file goes by the blank's name, the shell runs the
command without it and empties a file that is named like the next word.

Example:

    ```bash
    kubectl scale deployment <name> --replicas=3
    ```

Use instead:

    ```bash
    kubectl scale deployment ${NAME:?} --replicas=3
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import shell
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Statement
from tocsin.words import Level

CODE = "PB106"
LEVEL = Level.ERROR
_ANGLE = compile_late(r"<[^<>\s]+>")
_QUOTED = compile_late(r"\"[^\"]*\"|'[^']*'")
_TAKEN = compile_late(r"\s*(?:\\\n\s*)?(?P<word>[^\s;&|<>()]+)")


def check(view: View) -> Iterator[Finding]:
    for fence in view.shells:
        for statement in fence.statements:
            if statement.placeholders and "<" in statement.text:
                yield from _report(statement)


def _report(statement: Statement) -> Iterator[Finding]:
    """The first blank that a shell would take for redirections in a line that it accepts."""
    unquoted = _QUOTED.sub("", statement.text)
    for blank in (found.text for found in statement.placeholders if _ANGLE.fullmatch(found.text)):
        at = unquoted.find(blank)
        taken = _TAKEN.match(unquoted, at + len(blank)) if at >= 0 else None
        if taken is not None:
            if _is_accepted(statement.text):
                where = statement.line + statement.text[: statement.text.find(blank)].count("\n")
                yield Finding(
                    where,
                    f"A shell takes {blank} for redirections: it reads the file {blank[1:-1]}, if there is one, and "
                    f"overwrites {taken['word']}.",
                    "Write the blank so that a shell refuses it, for example ${NAME:?}.",
                    mark=blank,
                )
            return


@remember
def _is_accepted(text: str) -> bool:
    """Whether a shell can read a text as it is written."""
    return not shell.parse_as_written(text).has_error
