"""A command sends a text that still has a blank in it.

Why: a shell takes the blank for part of the text. At three in the morning the customers are told that there is an
incident called “[Description]”.

Example:

    ```bash
    ./scripts/send-alert.sh critical "Incident: [description]"
    ```

Use instead:

    ```bash
    ./scripts/send-alert.sh critical "Incident: ${SUMMARY:?}"
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, acts
from tocsin.words import Level

CODE = "PB222"
LEVEL = Level.WARNING
_SENDS = compile_late(
    r"send|notif|alert|announce|messag|status|mail|slack|chat|publish|post[-_]|page|sms|tweet|\bsay\b", re.IGNORECASE
)
_HOOK = compile_late(r"webhook|hooks\.|chat\.post", re.IGNORECASE)
_QUOTED = compile_late(r"\"(?:\\.|[^\"\\])*\"|'[^']*'", re.DOTALL)
_BLANK = compile_late(
    r"(?<![\w$.\])])\[[A-Za-z][A-Za-z /'’_-]{2,40}\](?![\w(\[])|<[a-z][a-z _-]{2,40}>|\bYYYY-?MM-?DD\b|\bHH:MM\b",
    re.IGNORECASE,
)
_MARKS = ("[", "<", "MM")
"""One of these is part of every blank."""

_WORDS = compile_late(r"[A-Za-z]{2,}\W+[A-Za-z]{2,}|\[")


def check(view: View) -> Iterator[Finding]:
    for statement in view.playbook.statements:
        text = statement.text
        if not acts(statement) or not any(mark in text for mark in _MARKS) or not _BLANK.search(text):
            continue
        if not _is_sending(text):
            continue
        for quoted in _QUOTED.finditer(text):
            blank = _BLANK.search(quoted.group())
            if blank and _WORDS.search(quoted.group()):
                yield Finding(
                    statement.line + text[: quoted.start() + blank.start()].count("\n"),
                    f"Run as it stands, this sends “{blank.group()}”: a shell takes the blank for part of the text.",
                    "Put a variable there that the shell insists on (${SUMMARY:?}), or keep the text as a template.",
                    mark=blank.group(),
                )
                break


def _is_sending(text: str) -> bool:
    """Whether the program or its verb says that it tells somebody something."""
    words = [word for word in _QUOTED.sub(" ", text).split() if not word.startswith("-")]
    return any(_SENDS.search(word.rpartition("/")[2]) for word in words[:2]) or _HOOK.search(text) is not None
