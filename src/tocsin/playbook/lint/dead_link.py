"""A link leads to a document of the same folder that does not exist, or to a section that it does not have.

Why: in an incident nobody has the time to search for what a link promised. Files are renamed, and links stay.

Example:

    2. Go on with [the database runbook](databases.md)

Use instead:

    2. Go on with [the database runbook](database.md)
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import anchor
from tocsin.playbook.finding import Finding, Link, View
from tocsin.playbook.shelf import Paper
from tocsin.words import Level

CODE = "PB309"
LEVEL = Level.WARNING
_DOCUMENT = compile_late(r"(?!https?:|mailto:|#|/)[^#]+\.(?:mdx?|markdown)(?:#.*)?", re.IGNORECASE)
_LINES = compile_late(r"l\d+(?:-l\d+)?", re.IGNORECASE)


def check(view: View) -> Iterator[Finding]:
    for link in view.links if view.shelf is not None else ():
        if not _DOCUMENT.fullmatch(link.target) or not is_answered(view, link):
            continue
        path, _, fragment = link.target.partition("#")
        paper = _find(view, path)
        if paper is None:
            yield Finding(
                link.line, f"There is no document {path} in the folder.", "Correct the link.", mark=link.target
            )
        elif fragment and paper.line_of(fragment) is None and not _LINES.fullmatch(fragment):
            yield Finding(
                link.line,
                f"{path} has no section #{fragment}.",
                "Correct the link, or give the section that name.",
                mark=link.target,
            )


def is_answered(view: View, link: Link) -> bool:
    """Whether the folder that was compiled can say if a link lives: its target lies there."""
    path = link.target.partition("#")[0]
    if view.shelf is None or not path.lower().endswith((".md", ".mdx", ".markdown")):
        return False
    return _find(view, path) is not None or view.shelf.holds(_beside(view, path))


def _find(view: View, path: str) -> Paper | None:
    return view.shelf.at(_beside(view, path)) if view.shelf is not None else None


def _beside(view: View, path: str) -> str:
    """The path of a link's target as the shelf has it."""
    folder = posixpath.dirname(view.draft.path.replace("\\", "/"))
    return posixpath.normpath(posixpath.join(folder, anchor.unescape(path)))
