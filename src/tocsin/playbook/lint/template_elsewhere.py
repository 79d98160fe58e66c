"""A template or report form is only referred to by a file name.

Why: the file is not part of this document; when it is missing or has moved, the built-in form is used instead.

Example:

    1. Fill in the incident template `templates/incident.md`

Use instead:

    1. Fill in the template below

    ## Incident Report Template
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, Link, View
from tocsin.playbook.lint import dead_link
from tocsin.words import Level

CODE = "PB305"
LEVEL = Level.REMARK
_KINDS = r"(?:mdx?|docx?|txt|adoc)"
_FILE = compile_late(
    rf"\b(?:templates?|(?:report|incident|review) form|vorlage|modelo)\b.{{0,60}}?"
    rf"(?:`(?P<ticked>[\w./-]+\.{_KINDS})`|\]\((?P<linked>[^)\s#:]+\.{_KINDS})\))",
    re.IGNORECASE,
)


def check(view: View) -> Iterator[Finding]:
    for line, file in find_files(view):
        yield Finding(
            line,
            f"The template {file} is not part of this document.",
            "Put its text here under a heading “Template”, or keep both in the same folder of playbooks.",
            mark=file,
        )


def find_files(view: View) -> Iterator[tuple[int, str]]:
    """The files that lines outside fences name as templates, where the folder that was compiled does not hold them."""
    for number in view.lines_with(".md", ".doc", ".txt", ".adoc"):
        match = _FILE.search(view.line(number))
        if match is not None and number not in view.fenced:
            file = match["ticked"] or match["linked"]
            if not dead_link.is_answered(view, Link(number, "", file)):
                yield number, file
