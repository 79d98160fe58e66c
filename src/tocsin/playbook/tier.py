"""Which turn of duty a name means: who is called first, second, third.

Playbooks say it in many ways (``Primary On-Call``, ``L2``, ``backup responder``, ``first line``), and often only in a
list of names or in a sentence. What says "on call" or "on duty" counts anywhere; a bare ``Backup`` only where the
heading above it speaks of people who are called, so that a backup of a database is no responder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.model import Playbook

FIRST, SECOND, THIRD = 1, 2, 3
_WORDS = {
    FIRST: {"primary", "first", "1st", "l1", "main"},
    SECOND: {"secondary", "second", "2nd", "backup", "standby", "fallback", "l2"},
    THIRD: {"tertiary", "third", "3rd", "l3"},
}
_RANKS = {word: tier for tier, words in _WORDS.items() for word in words}
_LEVELS = {"l1", "l2", "l3"}
"""These also name the levels of an escalation: alone they are no turn of duty."""
_DUTY = {"oncall", "duty", "responder", "responders"}
_NOISE = _DUTY | {"engineer", "engineers", "contact", "person", "sre", "sres", "dev", "developer", "the", "rotation"}
_NOISE |= {"schedule", "rota", "line", "operator", "support", "responds", "escalation", "role"}
_JOINED = (
    (compile_late(r"\bon[- ]?call\b"), "oncall"),
    (compile_late(r"\b(?:back|stand|fall)[- ](up|by|back)\b"), r"backup"),
    (compile_late(r"\b(?:level|tier|l)[- ]?(\d)\b"), r"l\1"),
    (compile_late(r"\([^()]*\)"), " "),
)
_LABEL = compile_late(r"^[\s>|*+_`-]*(?:\d{1,2}[.)]\s)?[*_`]*([^:|*_`\n]{2,60}?)[*_`]*\s*(?:[:|(]|[*_`]+|\s[–—-]\s|$)")
_SAID = compile_late(
    r"\b(secondary|backup|back-up|stand-?by|second[- ]line|tertiary|third[- ]line|[lL][23]|(?:[Ll]evel|[Tt]ier) [23])"
    r"(?= on[- ]?call\b)",
    re.IGNORECASE,
)
_PEOPLE = compile_late(r"\b(on[- ]?call|rotations?|rota|escalat\w+|responders?|contacts?|duty)\b", re.IGNORECASE)
_HEADING = compile_late(r"^\s{0,3}(?:#{1,6}\s+(.*)|\*\*([^*]+)\*\*:?\s*$)")
_FENCE = compile_late(r"^[\s>]*(?:```|~~~)")
_SPOKEN = compile_late(r"\w+")


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """A turn of duty that a playbook names: 1 is called first; ``line`` says so."""

    rank: int
    line: int


def rank(name: str, *, bare: bool = False) -> int | None:
    """Which turn of duty a name means; null where it means somebody else. ``bare``: a lone ``Backup`` will do."""
    words = _words(name)
    ranks = {_RANKS[word] for word in words if word in _RANKS}
    if len(ranks) > 1 or any(word not in _RANKS and word not in _NOISE for word in words):
        return None
    on_duty = any(word in _DUTY for word in words)
    if ranks:
        return ranks.pop() if on_duty or (bare and not _LEVELS.intersection(words)) else None
    return FIRST if on_duty and "responders" not in words else None


def _words(name: str) -> list[str]:
    folded = name.casefold()
    for pattern, text in _JOINED:
        folded = pattern.sub(text, folded)
    return _SPOKEN.findall(folded)


def find_tiers(playbook: Playbook, lines: Sequence[str]) -> dict[int, Tier]:
    """Every turn of duty that a playbook names, each with the first line that does; lines are those of the document."""
    found: dict[int, Tier] = {}
    for each in (*_modelled(playbook), *_written(lines)):
        found.setdefault(each.rank, each)
    return found


def _modelled(playbook: Playbook) -> Iterator[Tier]:
    named = [(each.title, each.line) for each in playbook.roles]
    named += [(name, each.line) for each in playbook.escalation for name in each.who]
    named += [(name, each.page_line or each.line) for each in playbook.severities for name in each.page]
    named += [(each.title, each.line) for each in playbook.contacts]
    bare = any(rank(name) for name, _ in named)
    for name, line in named:
        found = rank(name, bare=bare)
        if found is not None:
            yield Tier(rank=found, line=line)


def _written(lines: Sequence[str]) -> Iterator[Tier]:
    """What no table or list of the model holds: labels below a heading on people, and sentences."""
    about_people = fenced = False
    for line, text in enumerate(lines, start=1):
        if _FENCE.match(text):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(text)
        if heading:
            about_people = bool(_PEOPLE.search(heading[1] or heading[2]))
        if not fenced:
            yield from (Tier(rank=each, line=line) for each in _ranks_in(text, about_people=about_people))


def _ranks_in(text: str, *, about_people: bool) -> Iterator[int]:
    label = _LABEL.match(text.lstrip("#"))
    said = rank(label[1], bare=about_people) if label else None
    if said is not None and (said != FIRST or not text.startswith("#")):
        yield said
    for found in _SAID.finditer(text):
        each = rank(found[1], bare=True)
        if each is not None:
            yield each
