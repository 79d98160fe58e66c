"""A deletion has no bound: every row, every container, a whole bucket, or whatever an empty variable leaves.

Why: it takes more than was meant as soon as one thing is not as the author remembered it.

Example:

    ```bash
    rm -rf $CACHE_DIR/old
    docker rm -f $(docker ps -aq)
    ```

Use instead:

    ```bash
    rm -rf "${CACHE_DIR:?}/old"
    docker rm -f shop-cache
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, acts, first_line, shorten
from tocsin.playbook.model import Statement
from tocsin.words import Level

CODE = "PB126"
LEVEL = Level.WARNING
_RM = r"\brm\s+(?:-\S+\s+){0,6}?-(?:\w*[rR]\w*|-recursive)\s+(?:-\S+\s+){0,6}(?:\S+\s+){0,20}?"
_KINDS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        compile_late(_RM + r"\"?\$(?:(?P<bare>\w+)|\{(?P<braced>\w+)\})\"?/"),
        "where ${name} is empty this deletes from the root of the disk",
        "Write ${{name}:?}, so that the shell stops when it is empty.",
    ),
    (
        compile_late(_RM + r"(?:/\*|/(?:var|home|usr|etc|opt|data|srv|mnt)/?\*?|\*|\./?\*|~/?\*?)(?:\s|$)"),
        "it takes everything there is in that place",
        "Name what is to go.",
    ),
    (
        compile_late(r"\bDELETE\s+FROM\s+[\w.\"`]+\s*(?:;|[\"']|$)", re.IGNORECASE),
        "without WHERE it deletes every row",
        "Add a WHERE, look at the rows with SELECT first, and delete inside a transaction.",
    ),
    (
        compile_late(r"\bUPDATE\s+[\w.\"`]+\s+SET\b(?:(?!\bWHERE\b)[^;])*(?:;|$)", re.IGNORECASE),
        "without WHERE it changes every row",
        "Add a WHERE, and look at the rows with SELECT first.",
    ),
    (
        compile_late(r"\bFLUSH(?:ALL|DB)\b", re.IGNORECASE),
        "it empties the whole database",
        "Delete the keys that are at fault, by their prefix.",
    ),
    (
        compile_late(r"\bkubectl\b.{0,300}\bdelete\b.{0,300}\s--all\b(?!-)"),
        "it deletes all of that kind in the namespace",
        "Select by label (-l app=…) or by name.",
    ),
    (
        compile_late(r"\b(?:docker|podman)\s+(?:rmi?|kill|stop|volume\s+rm)\b.{0,300}\$\((?:sudo\s+)?(?:docker|podman)\s+"
                     r"(?:ps|images|volume\s+ls)\s+(?:-aq|-qa|-q|-a\s+-q)\s*\)"),
        "it takes everything on the machine, other teams' containers too",
        "Name them, or filter (docker ps -q --filter name=…).",
    ),
    (
        compile_late(r"\bfind\s+\S+\s+(?:-type\s+\w\s+)?-delete\b"),
        "no test bounds what is deleted",
        "Add a bound: -name, -mtime, -size, -maxdepth.",
    ),
    (
        compile_late(r"\b(?:aws\s+s3\s+rm\b.{0,300}--recursive|gsutil\b.{0,300}\brm\s+(?:-\w*[rR]\w*\s+))(?=.{0,300}\b(?:s3|gs)://[\w.-]+/?"
                     r"(?:\s|$|\*))"),
        "it deletes the whole bucket",
        "Name the prefix that is to go.",
    ),
)  # fmt: skip


_GIVEN = compile_late(r"(?:^|\s)(\w+)=[\"']?[\w/.~-]")
_MEANT = compile_late(r"\b(?:all|every|everything|entire|whole)\b", re.IGNORECASE)
_SUSPECTS = ("rm", "delete", "DELETE", "UPDATE", "update", "flush", "FLUSH", "$(")
"""One of these stands in each: most commands need no closer look."""


def check(view: View) -> Iterator[Finding]:
    for fence in view.shells:
        given: set[str] = set()
        for step in fence.steps:
            statement = step.statement
            if statement is None:
                continue
            given.update(_GIVEN.findall(statement.text) if "=" in statement.text else ())
            if acts(statement) and any(mark in statement.text for mark in _SUSPECTS):
                yield from _judge(statement, given, meant=_MEANT.search(step.title or "") is not None)


def _judge(statement: Statement, given: set[str], *, meant: bool) -> Iterator[Finding]:
    """The first fault of a statement.

    ``given`` are the variables that the fence has given a value that is written out; ``meant`` is true when the
    statement's comment says that everything shall go.
    """
    for pattern, fault, way_out in _KINDS:
        match = pattern.search(statement.text)
        if match is None:
            continue
        groups = match.groupdict()
        name = groups.get("bare") or groups.get("braced") or ""
        if name in given if name else meant:
            return
        yield Finding(
            statement.line + statement.text[: match.start()].count("\n"),
            f"`{shorten(statement.text, 50)}`: {fault.replace('{name}', name)}.",
            way_out.replace("{name}", name),
            mark=first_line(match.group().strip()),
        )
        return
