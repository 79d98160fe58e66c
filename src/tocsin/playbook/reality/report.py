"""What a reality check found, for a terminal: what is wrong first, each with its place; then one line for the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tocsin.playbook.reality.finding import Finding, Row, Verdict
from tocsin.playbook.visible import show

_TITLES = {
    Verdict.MISSING: "missing",
    Verdict.AMBIGUOUS: "look at",
    Verdict.NOT_CHECKABLE: "not checkable",
    Verdict.MATCHES: "matches",
}
_WRONG = (Verdict.MISSING, Verdict.AMBIGUOUS)
_LONGEST = 100


def report(rows: Sequence[Row], notes: Sequence[str], *, everything: bool = False) -> str:
    """The findings, the dangerous first. ``everything`` shows what matches and what could not be checked too."""
    order = (*_WRONG, Verdict.NOT_CHECKABLE, Verdict.MATCHES) if everything else _WRONG
    blocks = ["\n".join(_block(row, verdict)) for verdict in order for row in rows if row.verdict is verdict]
    return "\n\n".join([*blocks, *(f"note: {show(each)}" for each in notes), summary(rows)])


def _block(row: Row, verdict: Verdict) -> list[str]:
    said = show(" ".join(row.text.split()))
    lines = [f"{show(row.path)}:{row.line}: {_TITLES[verdict]}: {said[:_LONGEST]}{'…' if len(said) > _LONGEST else ''}"]
    shown = [found for found in row.findings if found.verdict is verdict] if verdict in _WRONG else row.findings
    lines += [f"    {_line(found)}" for found in shown] or [f"    {show(row.why)}"]
    return lines


def _line(found: Finding) -> str:
    mark = "" if found.verdict in _WRONG else f"{_TITLES[found.verdict]}: "
    near = f" Nearest: {show(found.nearest)}." if found.nearest else ""
    where = f" ({show(found.where)})" if found.where else ""
    return f"{mark}{show(found.what)}{': ' if found.why else ''}{show(found.why)}{near}{where}"


def summary(rows: Sequence[Row]) -> str:
    """How many of what, in one line."""
    found = Counter(row.verdict for row in rows)
    parts = [
        f"{found[verdict]} {verdict.replace('_', ' ')}" for verdict in (*_WRONG, Verdict.MATCHES, Verdict.NOT_CHECKABLE)
    ]
    return f"{len(rows)} statement{'' if len(rows) == 1 else 's'} checked: {', '.join(parts)}."
