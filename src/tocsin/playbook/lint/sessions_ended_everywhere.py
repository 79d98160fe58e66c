"""Database sessions are ended by their age or state alone, whosever they are.

Why: backups, replication, migrations and the other databases of the server have long-running sessions too. They are
ended in the same stroke.

Example:

    ```sql
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE now() - query_start > interval '5 minutes';
    ```

Use instead:

    ```sql
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = 'shop' AND usename = 'web'
    AND now() - query_start > interval '5 minutes';
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, first_line
from tocsin.words import Level

CODE = "PB128"
LEVEL = Level.WARNING
_ENDS = compile_late(r"\bpg_(?P<how>terminate|cancel)_backend\s*\(\s*(?:\w+\.)?(?:pid|procpid)\s*\)", re.IGNORECASE)
_FROM_ALL = compile_late(r"\bpg_stat_activity\b", re.IGNORECASE)
_WHOSE = compile_late(
    r"\b(?:datname|datid|usename|usesysid|application_name|client_addr|client_hostname|backend_type|"
    r"query\s+(?:NOT\s+)?I?LIKE|query\s*[=~]|pid\s*=|pid\s+IN)",
    re.IGNORECASE,
)


def check(view: View) -> Iterator[Finding]:
    for procedure in view.procedures if view.mentions("_backend", "_BACKEND") else ():
        for step in procedure.steps:
            match = _ENDS.search(step.text)
            own = re.sub(r"pid\s*(?:<>|!=)\s*pg_backend_pid\(\)", "", step.text)
            if match and _FROM_ALL.search(own) and not _WHOSE.search(own):
                done = "ends" if match["how"].lower() == "terminate" else "cancels"
                yield Finding(
                    step.line + step.text[: match.start()].count("\n"),
                    f"This {done} what anybody runs on the server, in every database: backups and replication too.",
                    "Bound it: WHERE datname = … AND usename = …, and look at the sessions with SELECT first.",
                    mark=first_line(match.group()),
                )
