"""The number by which people call an incident, after the playbook's own pattern.

``INC-YYYYMMDD-XXX`` and ``INC-YYYY-MM-DD-##`` are such patterns: the date of the opening (UTC), then a counter that
starts anew each day for each team. Without a pattern it is ``INC-YYYYMMDD-NNN``.
"""

from __future__ import annotations

import re
from datetime import datetime

DEFAULT = "INC-YYYYMMDD-NNN"
_COUNTER = re.compile(r"(X+|#+|N+)$")


def spell_number(pattern: str | None, opened_at: datetime, count: int) -> str:
    """The `count`-th number (from 1) of the day; a counter that outgrows its digits gets longer, never repeats."""
    shape = pattern if pattern and _COUNTER.search(pattern) else DEFAULT
    dated = shape.replace("YYYY", f"{opened_at:%Y}").replace("MM", f"{opened_at:%m}").replace("DD", f"{opened_at:%d}")
    return _COUNTER.sub(lambda found: str(count).zfill(len(found.group())), dated)
