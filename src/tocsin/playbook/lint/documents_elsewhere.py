"""The document relies on other documents by relative links.

Why: on the responder's screen they are not there, unless they are kept in the same folder of playbooks.

Example:

    1. See [the deployment guide](../deploy/README.md)

Use instead:

    1. Deploy the last good version: `make deploy VERSION=…`
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.lint import dead_link, template_elsewhere
from tocsin.words import Level

CODE = "PB308"
LEVEL = Level.REMARK
_DOCUMENT = compile_late(r"(?!https?:|mailto:|#|/)[^#]+\.(?:mdx?|markdown|rst|adoc|pdf|docx?)(?:#.*)?", re.IGNORECASE)
_MAX_NAMED = 4


def check(view: View) -> Iterator[Finding]:
    found: dict[str, int] = {}
    told = set(template_elsewhere.find_files(view)) if view.links else set()
    for link in view.links:
        elsewhere = _DOCUMENT.fullmatch(link.target) and not dead_link.is_answered(view, link)
        if elsewhere and (link.line, link.target) not in told:
            found.setdefault(link.target.partition("#")[0], link.line)
    if found:
        names = ", ".join(list(found)[:_MAX_NAMED])
        names += f" and {len(found) - _MAX_NAMED} more" if len(found) > _MAX_NAMED else ""
        verb = "is" if len(found) == 1 else "are"
        first = min(found, key=lambda path: found[path])
        yield Finding(
            found[first],
            f"{len(found)} linked document{'s' if len(found) > 1 else ''} {verb} not part of this one: {names}.",
            "Make sure that responders can open them during an incident, or bring in what is needed.",
            tuple(found.values()),
            mark=first,
            subject=" ".join(found),
        )
