"""A rule that shuts one sender out is added behind the firewall's other rules.

Why: the first match wins, so a rule further up that lets everybody in still lets this one in; the attack goes on, and
the responders believe that it is blocked.

Example:

    ```bash
    ufw deny from ATTACKER_IP
    ```

Use instead:

    ```bash
    ufw insert 1 deny from ATTACKER_IP
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, commands, first_line
from tocsin.words import Level

CODE = "PB127"
LEVEL = Level.WARNING
_UFW = compile_late(r"\bufw\s+(?:deny|reject|drop)\s+(?:in\s+)?(?:from\s+)(?!any\b|0\.0\.0\.0/0)(?P<who>\S+)")
_TABLES = compile_late(
    r"\bip6?tables\b(?:\s+-t\s+filter)?\s+-A\s+INPUT\s+(?=.{0,300}-j\s+(?:DROP|REJECT)\b)"
    r".{0,200}?(?:-s|--source)\s+(?!0\.0\.0\.0/0)(?P<who>\S+)"
)
_INSERT = {"ufw": "ufw insert 1 deny from …", "iptables": "iptables -I INPUT 1 …"}


def check(view: View) -> Iterator[Finding]:
    for procedure in view.procedures if view.mentions("ufw", "tables") else ():
        for _, statement in commands(procedure):
            match = _UFW.search(statement.text) or _TABLES.search(statement.text)
            if match:
                program = "ufw" if match.re is _UFW else "iptables"
                yield Finding(
                    statement.line + statement.text[: match.start()].count("\n"),
                    f"This rule against {match['who']} is added behind all others: one above it that lets everybody "
                    f"in wins.",
                    f"Put it first ({_INSERT[program]}), and look at the order afterwards.",
                    mark=first_line(match.group()),
                )
