"""Some commands name the compose file that they mean, others of the same document leave it out.

Why: without -f compose takes the file of the directory that one happens to stand in: another project, or none. The
services that the playbook means are then left as they are.

Example:

    ```bash
    docker compose -f deploy/compose.yaml restart web
    ```

    ```bash
    docker compose stop web
    ```

Use instead:

    ```bash
    docker compose -f deploy/compose.yaml restart web
    ```

    ```bash
    docker compose -f deploy/compose.yaml stop web
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, changes, join
from tocsin.words import Level

CODE = "PB129"
LEVEL = Level.WARNING
_COMPOSE = compile_late(
    r"^(?:sudo\s+)?(?P<call>docker-compose|docker\s+compose|podman-compose)\s+(?P<flags>(?:-\S+\s+)*)"
)
_NAMES_FILE = compile_late(
    r"^(?:sudo\s+)?\S*(?:\s+|-)compose\s+(?:-\S+\s+)*?(?:-f|--file|--project-directory)[\s=]+(\S+)"
)
_ELSEWHERE = ("COMPOSE_FILE", "cd ", "pushd ")
_MAX_NAMED = 6


def check(view: View) -> Iterator[Finding]:
    if not view.mentions("compose -f", "compose --file", "compose --project-directory") or view.mentions(*_ELSEWHERE):
        return
    called = [found for found in view.playbook.statements if _COMPOSE.match(found.text)]
    named = [(found, match[1]) for found in called for match in [_NAMES_FILE.match(found.text)] if match]
    bare = [found for found in called if not _NAMES_FILE.match(found.text)]
    if not named or not bare:
        return
    lines = [found.line for found in bare]
    many = len(lines) > 1
    where = f"Line{'s' if many else ''} {join(lines[:_MAX_NAMED])}{' and more' if len(lines) > _MAX_NAMED else ''}"
    match = _COMPOSE.match(bare[0].text)
    yield Finding(
        lines[0],
        f"{where} leave{'' if many else 's'} out which compose file is meant; line {named[0][0].line} names "
        f"{named[0][1]}.",
        f"Add -f {named[0][1]} to each, or set COMPOSE_FILE once.",
        (named[0][0].line, *lines),
        LEVEL if any(map(changes, bare)) else Level.REMARK,
        mark=match["call"] if match else "",
        subject=str(len(lines)),
    )
