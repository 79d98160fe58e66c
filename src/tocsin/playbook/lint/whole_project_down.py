"""``docker-compose down`` is given the name of a service.

Why: ``down`` was made for whole projects. Many versions of the tool refuse the name or pay no heed to it: then nothing
happens, or every other container goes down too.

Example:

    ```bash
    docker-compose down checkout
    docker-compose up -d checkout
    ```

Use instead:

    ```bash
    docker-compose stop checkout
    docker-compose rm -f checkout
    docker-compose up -d checkout
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB111"
LEVEL = Level.ERROR
_DOWN = compile_late(
    r"\bdocker(?:-| )compose\b(?:\s+-\S+(?:\s+[^-\s]\S*)?){0,8}?\s+down(?:\s+-\S+(?:\s+\d+)?){0,8}\s+"
    r"(?P<service>[A-Za-z][\w.<{$-]*)"
)


def check(view: View) -> Iterator[Finding]:
    for statement in view.playbook.statements if view.runs("compose") else ():
        match = _DOWN.search(statement.text) if " down" in statement.text else None
        if match:
            service = match["service"]
            yield Finding(
                statement.line,
                f"`down {service}` may take down the whole project, not only {service}.",
                f"Use `stop {service}` and `rm -f {service}`, or `up -d --force-recreate {service}`.",
                mark=f"down {service}",
            )
