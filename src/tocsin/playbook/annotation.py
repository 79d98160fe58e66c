"""Findings as workflow commands of GitHub Actions: each becomes an annotation on its line of the change.

A playbook's text ends up in these lines. Percent signs and line ends are escaped, in properties also colons and commas,
so that nothing in a playbook can begin a command of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.visible import show
from tocsin.words import Level

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.REMARK: "notice"}


def annotate(path: str, found: Iterable[Diagnostic]) -> str:
    """One line for each finding of a file; ``path`` is relative to the root of the repository."""
    return "\n".join(_line(path, diagnostic) for diagnostic in found)


def _line(path: str, found: Diagnostic) -> str:
    places = {"file": path, "line": found.line, "col": found.column, "endColumn": found.end_column}
    properties = {name: str(value) for name, value in places.items() if value}
    properties["title"] = f"{found.code} {found.rule}"
    listed = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[found.level]} {listed}::{_escape(f'{found.text} {found.help}'.strip())}"


def _escape(text: str) -> str:
    """The text as a command's data; what a terminal would obey is made visible, for the log of a workflow is one."""
    return "%0A".join(show(line) for line in text.replace("%", "%25").splitlines())


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
