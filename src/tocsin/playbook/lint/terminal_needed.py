"""A command in a container asks for a terminal that it does not need.

Why: without one it fails ("the input device is not a TTY"): from a pipe, a timer, over ssh, or when a program runs it
for you. ``docker-compose exec`` of the first version asks unless told otherwise.

Example:

    ```bash
    docker exec -it db psql -U shop -c "SELECT 1"
    ```

Use instead:

    ```bash
    docker exec db psql -U shop -c "SELECT 1"
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.words import Level, Tag

CODE = "PB122"
LEVEL = Level.REMARK
_SHELL = compile_late(r"\b(?:ba|z|da|a)?sh\s*$")
_FLAG = compile_late(r"\b(?:docker|podman)\s+(?:container\s+)?(?:exec|run)\s+(?:-\S+\s+){0,12}?(?:-\w*t\w*|--tty)\s")
_FIRST_VERSION = compile_late(
    r"\bdocker-compose\b(?:\s+-\S+(?:\s+[^-\s]\S*)?){0,8}?\s+(?:exec|run)\s+(?!.{0,300}(?:^|\s)-T\b)"
)


def check(view: View) -> Iterator[Finding]:
    asking: list[tuple[int, str]] = []
    for statement in view.playbook.statements if view.runs("docker", "podman") else ():
        if "exec" not in statement.text and " run " not in statement.text:
            continue
        match = _FLAG.search(statement.text) or _FIRST_VERSION.search(statement.text)
        if match and Tag.INTERACTIVE not in statement.tags and not _SHELL.search(statement.text):
            asking.append((statement.line, match.group().strip()))
    if asking:
        line, mark = asking[0]
        flagged = any(not mark.startswith("docker-compose") for _, mark in asking)
        legacy = any(mark.startswith("docker-compose") for _, mark in asking)
        count = "1 command asks" if len(asking) == 1 else f"{len(asking)} commands ask"
        ways = (["leave out -t"] if flagged else []) + (["add -T (docker-compose exec -T …)"] if legacy else [])
        yield Finding(
            line,
            f"{count} for a terminal and may fail where there is none.",
            f"{ways[0][0].upper()}{' or '.join(ways)[1:]}.",
            tuple(line for line, _ in asking),
            mark=mark,
            subject=str(len(asking)),
        )
