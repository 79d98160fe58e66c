"""What was found out about a statement: one finding for each thing that it needs, one row for the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from tocsin.playbook.reality.names import WILD


def _show(text: str) -> str:
    """As people read it: a gap is an ellipsis."""
    return text.replace(WILD, "…")


class Verdict(StrEnum):
    """How a thing that a statement needs stands to the system."""

    MATCHES = "matches"
    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    NOT_CHECKABLE = "not_checkable"


_WEIGHT = (Verdict.MISSING, Verdict.AMBIGUOUS, Verdict.MATCHES, Verdict.NOT_CHECKABLE)
"""Which finding speaks for the statement: what is wrong, else what was confirmed, else what could not be asked."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the running system can be asked, without changing it: a command line, or an address.

    ``expects`` is a line or word that the answer must hold; without it the exit code is the answer. ``url`` is fetched
    instead of running ``argv``.
    """

    argv: tuple[str, ...] = ()
    url: str = ""
    expects: str = ""
    names: bool = False


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a statement needs. ``where`` is ``path`` or ``path:line`` in the checkout."""

    verdict: Verdict
    kind: str
    what: str
    why: str = ""
    nearest: str | None = None
    where: str | None = None
    ask: Question | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A statement with its verdict; ``what``, ``nearest`` and ``where`` are those of the findings that decided it."""

    path: str
    line: int
    text: str
    verdict: Verdict
    what: str
    nearest: str | None = None
    where: str | None = None
    why: str = ""
    findings: tuple[Finding, ...] = ()


def matches(kind: str, what: str, where: str | None = None, why: str = "") -> Finding:
    """The thing is there."""
    return Finding(verdict=Verdict.MATCHES, kind=kind, what=_show(what), where=where, why=_show(why))


def missing(kind: str, what: str, why: str, nearest: str | None = None, where: str | None = None,
            ask: Question | None = None) -> Finding:  # fmt: skip
    """The thing is surely not there."""
    return Finding(
        verdict=Verdict.MISSING,
        kind=kind,
        what=_show(what),
        why=_show(why),
        nearest=nearest and _show(nearest),
        where=where,
        ask=ask,
    )


def ambiguous(kind: str, what: str, why: str, nearest: str | None = None, where: str | None = None) -> Finding:
    """Something is there, but a person has to look whether it is what the statement means."""
    return Finding(
        verdict=Verdict.AMBIGUOUS,
        kind=kind,
        what=_show(what),
        why=_show(why),
        nearest=nearest and _show(nearest),
        where=where,
    )


def unknown(kind: str, what: str, why: str, ask: Question | None = None) -> Finding:
    """Nobody can say from here."""
    return Finding(verdict=Verdict.NOT_CHECKABLE, kind=kind, what=_show(what), why=_show(why), ask=ask)


def make_row(path: str, line: int, text: str, findings: Iterable[Finding]) -> Row:
    """Sum up the findings of a statement; the same thing found twice counts once."""
    distinct = _settle(list(dict.fromkeys(findings)))
    verdict = next((each for each in _WEIGHT if any(found.verdict is each for found in distinct)), None)
    if verdict is None:
        nothing = "It names nothing that a checkout could hold."
        return Row(path=path, line=line, text=text, verdict=Verdict.NOT_CHECKABLE, what="", why=nothing)
    deciding = [found for found in distinct if found.verdict is verdict]
    return Row(
        path=path,
        line=line,
        text=text,
        verdict=verdict,
        what=_join(found.what for found in deciding),
        why=_join(found.why for found in deciding),
        nearest=next((found.nearest for found in deciding if found.nearest), None),
        where=next((found.where for found in deciding if found.where), None),
        findings=tuple(distinct),
    )


def _settle(found: Sequence[Finding]) -> list[Finding]:
    """A thing that was confirmed is not in doubt as well."""
    sure = {each.what for each in found if each.verdict is not Verdict.NOT_CHECKABLE}
    return [each for each in found if each.verdict is not Verdict.NOT_CHECKABLE or each.what not in sure]


def _join(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
