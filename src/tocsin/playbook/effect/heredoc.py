"""Here-documents taken out of a text before its tree is walked.

The grammar loses its way where more than a word follows ``<<EOF`` on the line. So each body is cut out, line for line
as bash would, and the operator replaced with a redirection from a name that stands for the body.
"""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook import shell


class Heredoc(NamedTuple):
    """A body, and whether it is literal: a quoted delimiter forbids expansion."""

    body: str
    literal: bool


PREFIX = "/dev/here-document-"
_START = compile_late(r"<<(-?)[ \t]*(\\?[\w.-]+|'[\w.-]+'|\"[\w.-]+\")(?=[\s;&|<>()]|$)")
_MOST = 20


def cut(text: str) -> tuple[str, dict[str, Heredoc]]:
    """Return ``text`` with its here-documents replaced, and their bodies by name; what is unclear is left in place."""
    bodies: dict[str, Heredoc] = {}
    while "<<" in text and len(bodies) < _MOST:
        place = _first(text)
        if place is None:
            break
        name = f"{PREFIX}{len(bodies)}"
        taken = _take(text, place, name)
        if taken is None:
            break
        text, bodies[name] = taken
    return text, bodies


def _first(text: str) -> int | None:
    """Return where the first here-document's operator stands, or None."""
    found: Node | None = None
    stack = [shell.parse_as_written(text)]
    while stack:
        node = stack.pop()
        if node.type == "heredoc_redirect":
            operator = next((child for child in node.children if child.type in ("<<", "<<-")), None)
            if operator is not None and (found is None or operator.start_byte < found.start_byte):
                found = operator
        stack += node.children
    return None if found is None else found.start_byte


def _take(text: str, place: int, name: str) -> tuple[str, Heredoc] | None:
    start = _START.match(text, place)
    if start is None:
        return None
    line_end = text.find("\n", start.end())
    rest = text[start.end() : line_end if line_end >= 0 else len(text)]
    if line_end < 0 or rest.endswith("\\") or shell.has_open_quote(rest):
        return None
    delimiter = start[2].strip("\\'\"")
    body: list[str] = []
    position = line_end + 1
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end]
        if start[1]:
            line = line.lstrip("\t")
        if line == delimiter:
            literal = start[2] != delimiter
            kept = f"{text[:place]}< {name}{text[start.end() : line_end]}{text[end:]}"
            return kept, Heredoc("\n".join(body) + "\n", literal)
        body.append(line)
        position = end + 1
    return None
