"""A comment sets aside a finding that there is not.

Why: what it was about is mended or has moved. The next real finding at this place would vanish behind it.

Example:

    <!-- tocsin: allow PB113 until 2030-01-01: the cache is rebuilt by itself -->
    ```bash
    systemctl restart shop
    ```

Use instead:

    ```bash
    systemctl restart shop
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View, shorten
from tocsin.words import Level

CODE = "PB403"
LEVEL = Level.REMARK


def check(view: View) -> Iterator[Finding]:
    for found in view.suppressions.all if view.today is not None else ():
        if found.is_complete and not found.has_expired(view.today) and not found.used:
            yield Finding(
                found.line,
                f"Nothing is reported here that this comment could set aside ({', '.join(found.rules)}: "
                f"“{shorten(found.reason, 40)}”).",
                "Delete it, move it right above what it is about, or let it hold “in this document”.",
            )
