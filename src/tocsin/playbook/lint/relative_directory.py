"""A fence changes into a relative directory: into one that another fence enters too, or that others rely on.

Why: in one shell the second ``cd`` fails; in a new shell the fences without it run in the wrong place.

Example:

    ```bash
    cd deploy
    docker compose up -d
    ```

    ```bash
    cd deploy
    git pull
    ```

Use instead:

    ```bash
    docker compose -f /srv/shop/deploy/compose.yaml up -d
    ```

    ```bash
    git -C /srv/shop/deploy pull
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, join
from tocsin.playbook.model import Statement
from tocsin.playbook.procedure.fence import FenceReading
from tocsin.words import Level

CODE = "PB112"
LEVEL = Level.WARNING
_CD = compile_late(r"^cd\s+(?P<path>[^/~$\s<{\"'-][^\s;&|]*)")
_MAX_NAMED = 6


def check(view: View) -> Iterator[Finding]:
    places: dict[str, list[int]] = {}
    fences = set()
    for index, fence in enumerate(view.shells if view.runs("cd ") else ()):
        for path, statement in _entered(fence):
            places.setdefault(path, []).append(statement.line)
            fences.add(index)
    for path, lines in places.items() if len(fences) > 1 else ():
        again = f" and again in line{'s' if len(lines) > 2 else ''} {join(lines[1:_MAX_NAMED])}" if lines[1:] else ""
        yield Finding(
            lines[0],
            f"`cd {path}` is relative{again}: it works only from one directory, and only once in a shell.",
            "Write the full path, or name the directory in each command (docker compose -f …, git -C …, make -C …).",
            tuple(lines),
            mark=f"cd {path}",
        )


def _entered(fence: FenceReading) -> Iterator[tuple[str, Statement]]:
    """The relative directories that a fence changes into and has not just made itself (a clone, an archive)."""
    for index, statement in enumerate(fence.statements):
        match = _CD.match(statement.text)
        name = match["path"].strip("./") if match else ""
        if match and name and not any(name.split("/")[0] in made.text for made in fence.statements[:index]):
            yield match["path"], statement
