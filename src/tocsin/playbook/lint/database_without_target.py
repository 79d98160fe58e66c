"""A database client is called without a host, a database or a container to run in.

Why: on the responder's own machine it reaches nothing, or the wrong database; worst where it changes something.

Example:

    ```bash
    psql -c "SELECT count(*) FROM orders"
    ```

Use instead:

    ```bash
    psql -h db-1 -d shop -c "SELECT count(*) FROM orders"
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, commands, mends
from tocsin.words import Level, Tag

CODE = "PB117"
LEVEL = Level.REMARK
_CLIENT = compile_late(
    r"^(?:sudo\s+(?:-u\s+\S+\s+)?)?(?P<program>psql|mysql|mongosh?|redis-cli)\b(?P<rest>.*)",
    re.DOTALL,
)
_TARGET = compile_late(
    r"(?:^|\s)(?:-h|--host|-d|--dbname|-D|--database|-U|-u|-S|--socket|-n|-p|--uri)(?:\s|=|\w)|://|\bservice=|\bhost=|\$"
)
_QUOTED = compile_late(r"\"[^\"]*\"|'[^']*'")
_ELSEWHERE = {Tag.REMOTE, Tag.IN_CONTAINER}


def check(view: View) -> Iterator[Finding]:
    for procedure in view.procedures if view.runs("psql", "mysql", "mongo", "redis-cli") else ():
        lines: list[int] = []
        changing: list[int] = []
        program = ""
        for _, statement in commands(procedure):
            match = _CLIENT.match(statement.text)
            if match and not _ELSEWHERE & set(statement.tags) and not _TARGET.search(_QUOTED.sub("", match["rest"])):
                lines.append(statement.line)
                changing += [statement.line] if mends(statement) else []
                program = match["program"]
        if lines:
            times = f" ({len(lines)} times in this procedure)" if len(lines) > 1 else ""
            hits = f"; line {changing[0]} changes whatever it reaches" if changing else ""
            yield Finding(
                changing[0] if changing else lines[0],
                f"`{program}` is called without a host or a database{times}{hits}.",
                "Name the host and the database, or the container or machine to run it on.",
                tuple(lines),
                Level.WARNING if changing else None,
                mark=program,
            )
