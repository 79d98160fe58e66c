"""A rule that denies everything is added before the rule that lets the responders in.

Why: in a firewall where the first match wins, the allow rule comes too late: whoever runs this is locked out.

Example:

    ```bash
    ufw deny from any
    ufw allow from 10.0.0.0/8
    ```

Use instead:

    ```bash
    ufw allow from 10.0.0.0/8
    ufw deny from any
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, first_line
from tocsin.words import Level, Tag

CODE = "PB103"
LEVEL = Level.ERROR
_FIREWALL = compile_late(r"\b(?:ufw|ip6?tables)\b")
_DENY_ALL = compile_late(
    r"\bufw\s+(?:deny|reject)\s+(?:(?:in|from|out)\s+)?(?:from\s+)?any\b|"
    r"\bip6?tables\b.{0,300}-A\s+INPUT\b(?!.{0,300}(?:-s|--source|--dport|-p|-i|-m)\s).{0,300}-j\s+(?:DROP|REJECT)",
    re.IGNORECASE,
)
_EVERYBODY = compile_late(r"\b(?:any|0\.0\.0\.0/0)\b")
_ALLOW = compile_late(r"\bufw\s+allow\b|\bip6?tables\b.{0,300}-A\s+INPUT\b.{0,300}-j\s+ACCEPT", re.IGNORECASE)


def check(view: View) -> Iterator[Finding]:
    for fence in view.shells if view.runs("ufw", "iptables", "ip6tables") else ():
        deny = None
        for statement in fence.statements:
            if not _FIREWALL.search(statement.text):
                continue
            cuts = Tag.LOCK_OUT in statement.tags and _EVERYBODY.search(statement.text) and "-I" not in statement.text
            if _DENY_ALL.search(statement.text) or cuts:
                deny = deny or statement
            elif deny is not None and _ALLOW.search(statement.text):
                yield Finding(
                    deny.line,
                    f"Everybody is denied here before line {statement.line} lets somebody in: the first match wins, so "
                    f"the responders lock themselves out.",
                    f"Add the allow rule first (line {statement.line}), then the deny rule, and keep a second session "
                    f"open.",
                    (deny.line, statement.line),
                    mark=first_line(deny.text),
                )
                break
