"""A link within the document leads to no heading.

Why: in an incident nobody has the time to search for what a link promised.

Example:

    See [Contacts](#contacts)

Use instead:

    See [Contacts](#contacts)

    ## Contacts
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.memory import remember
from tocsin.playbook.shelf import read_paper
from tocsin.words import Level

CODE = "PB304"
LEVEL = Level.REMARK
_LETTERS = compile_late(r"[\W_]+")
_LINES = compile_late(r"l\d+(?:-l\d+)?|top", re.IGNORECASE)


def check(view: View) -> Iterator[Finding]:
    inside = [link for link in view.links if link.target.startswith("#") and len(link.target) > 1]
    if not inside:
        return
    plain = {_bare(block.title) for block in view.draft.headings}
    odd = [link for link in inside if _bare(link.target) not in plain]
    paper = read_paper(view.draft.path, view.draft.headings if odd else (), view.draft.outline.lines if odd else ())
    for link in odd:
        if paper.line_of(link.target[1:]) is None and not _LINES.fullmatch(link.target[1:]):
            yield Finding(
                link.line,
                f"The link {link.target} leads to no heading.",
                "Correct it, or add the heading.",
                mark=link.target,
            )


@remember
def _bare(name: str) -> str:
    return _LETTERS.sub("", name).lower()
