"""A directory is copied to a path that exists: the copy lands in a directory below it.

Why: the service goes on with the old data, and the restored data lies where nothing looks for it.

Example:

    ```bash
    du -sh /var/lib/shop
    cp -r /backup/latest /var/lib/shop
    ```

Use instead:

    ```bash
    du -sh /var/lib/shop
    mv /var/lib/shop /var/lib/shop.broken
    cp -r /backup/latest /var/lib/shop
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, first_line
from tocsin.playbook.model import Statement
from tocsin.words import Level, Tag

CODE = "PB124"
LEVEL = Level.WARNING
_COPY = compile_late(
    r"^(?:sudo\s+)?cp\s+(?P<flags>(?:-{1,2}[\w=-]+\s+)+)(?P<source>[^\s;|&-]\S*)\s+(?P<target>[/~][^\s;|&*]*)$"
)
_RECURSIVE = compile_late(r"(?:^|\s)(?:-\w*[rRa]\w*|--recursive|--archive)(?=\s)")
_AS_IT_IS = compile_late(r"(?:^|\s)(?:-\w*T\w*|--no-target-directory)(?=\s)")
_PATH = compile_late(r"(?<![\w.$])[/~][\w./~-]*\w")
_MOVES = compile_late(r"(?:sudo\s+)?(?:cp|mv|rm|mkdir|rsync|tar)\b")
_ELSEWHERE = {Tag.REMOTE, Tag.IN_CONTAINER}
_MOST_ABOVE = 50
_GONE = compile_late(r"^(?:sudo\s+)?(?:mv|rm)\b")


def check(view: View) -> Iterator[Finding]:
    known: dict[str, int] | None = None
    for fence in view.shells if view.runs("cp -") else ():
        for index, statement in enumerate(fence.statements):
            match = _target(statement)
            if match is None:
                continue
            known = _paths_in_use(view.playbook.statements) if known is None else known
            target = match["target"].rstrip("/")
            above = fence.statements[max(0, index - _MOST_ABOVE) : index]
            gone = any(target in found.text and _GONE.match(found.text) for found in above)
            if target in known and not gone:
                yield _report(statement, match["source"].rstrip("/"), target, known[target])


def _report(statement: Statement, source: str, target: str, seen: int) -> Finding:
    name = source.rpartition("/")[2]
    return Finding(
        statement.line,
        f"{target} exists (line {seen} uses it), so the copy lands in {target}/{name} and replaces nothing.",
        f"Move the old directory aside first, or copy what is inside it ({source}/. {target}/).",
        (seen,),
        mark=first_line(statement.text),
    )


def _target(statement: Statement) -> re.Match[str] | None:
    """A recursive copy of a whole directory to a path, or None."""
    match = _COPY.match(statement.text)
    if match is None or not _RECURSIVE.search(" " + match["flags"]) or _AS_IT_IS.search(" " + match["flags"]):
        return None
    whole = not match["source"].endswith(("/.", "*")) and "." not in match["source"].rpartition("/")[2][1:]
    return match if whole else None


def _paths_in_use(statements: tuple[Statement, ...]) -> dict[str, int]:
    """The directories that other commands use as if they existed, each with the first line that does.

    What copies, moves and what runs on another machine or in a container say nothing of this one.
    """
    found: dict[str, int] = {}
    for statement in statements:
        if "/" in statement.text and not _MOVES.match(statement.text) and not _ELSEWHERE & set(statement.tags):
            for path in _PATH.findall(statement.text):
                while path and path not in found:
                    found[path] = statement.line
                    path = path.rpartition("/")[0]
    return found
