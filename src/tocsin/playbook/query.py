"""A fence of SQL read into its statements: they are typed into a client, so a person does them.

A statement ends at a line that ends in a semicolon (not inside ``$$ … $$``) or with the fence; a ``--`` comment above
it is its title. Prompts of clients are taken off; what a client printed below is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tocsin.pattern import compile_late

_LABELS = frozenset(
    "sql psql pgsql postgres postgresql plpgsql mysql mariadb sqlite sqlite3 cql tsql clickhouse".split()
)
_VERB = compile_late(
    r"(?:select|with|insert\s+into|update|delete\s+from|alter|create|drop|truncate|explain|vacuum|analyze|reindex|show|"
    r"set|reset|begin|commit|rollback|grant|revoke|call|pragma|kill|lock|copy|refresh|checkpoint|cluster|optimize|"
    r"start\s+transaction|attach|describe|use|do\s+\$\w*\$|do\s+language)(?!\w)",
    re.IGNORECASE,
)
_PROMPT = compile_late(r"^\s*(?:[\w-]+=?[#>*]|mysql>|MariaDB \[[^\]]*\]>|sqlite>|->)\s+")
_PRINTED = compile_late(r"^\s*(?:\(\d+ rows?\)|[-+|=]{3,}.*|.*\s\|\s.*|(?:[A-Z]+ )?[A-Z]+ \d+|\w+ ?: .*)\s*$")


def is_sql(lines: Sequence[str], lang: str | None) -> bool:
    """Whether a fence says that it is SQL, or says nothing and holds whole statements of it."""
    label = (lang or "").strip().lower()
    full = [line.strip() for line in lines if line.strip() and not line.strip().startswith("--")]
    if label in _LABELS:
        return any(map(_begins, full))
    return not label and bool(full) and _begins(full[0]) and full[-1].endswith(";")


def split(lines: Sequence[str], first: int) -> Iterator[tuple[int, str, str | None]]:
    """The statements of a fence whose first line has the number ``first``: line, text, and the comment above it."""
    title: str | None = None
    held: list[str] = []
    start = first
    for number, raw in enumerate(lines, first):
        line = _PROMPT.sub("", raw).rstrip()
        words = line.strip()
        if not held:
            if words.startswith("--"):
                title = words.lstrip("- ") or title
            if not _begins(words) or _PRINTED.match(line):
                continue
            start = number
        held.append(line)
        if words.endswith(";") and "\n".join(held).count("$$") % 2 == 0:
            yield start, _dedent(held), title
            held, title = [], None
    if held:
        yield start, _dedent(held), title


def _begins(line: str) -> bool:
    return _VERB.match(_PROMPT.sub("", line).strip()) is not None


def _dedent(lines: list[str]) -> str:
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[indent:] for line in lines).strip()
