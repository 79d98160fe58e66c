"""Where a Python program waits for somebody to type."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tocsin.playbook.reality.program import Prompt


def find_asking(calls: Iterable[ast.Call]) -> Iterator[Prompt]:
    """The calls that wait for somebody to type; flags of the usual names keep them from it."""
    for call in calls:
        said = ast.unparse(call.func)
        if said in (
            "input",
            "getpass.getpass",
            "getpass",
            "click.confirm",
            "click.prompt",
            "typer.confirm",
            "Confirm.ask",
        ):
            yield Prompt(
                line=call.lineno, how=f"{said}()", unless=frozenset({"--yes", "-y", "--force", "-f", "--no-input"})
            )
