"""Which severity an unclassified incident may be: never chosen, only suggested, with the playbook's own lines.

A level's examples and symptoms are compared word by word with the scenario's title, its symptoms and the alert. A match
is worth more the more of the sign it covers; that something is down is not enough. Ties go to the worse severity.
"""

from __future__ import annotations

import re

import msgspec

from tocsin.incident.book import Book
from tocsin.incident.state import Incident

EMPTY_WORDS = frozenset(
    "a an and any are as at be been by for from has have in into is it its more no not of on or per some that the "
    "their this to was with all issue issues error errors system service".split()
)
SAME = dict.fromkeys("down unavailable unreachable outage offline fail failure crash dead lost gone".split(), "down")
"""Words by which people say that something does not work; they count as one."""

LEAST = 0.34
MOST = 3


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A severity that may fit, and the line of the playbook that says why."""

    severity: str
    line: int
    text: str
    score: float


def suggest_severities(incident: Incident, book: Book) -> tuple[Suggestion, ...]:
    """The best suggestions for an unclassified incident, one for each severity; the best first."""
    if incident.severity is not None:
        return ()
    title, around = _texts(incident, book)
    best: dict[str, Suggestion] = {}
    for severity in book.playbook.severities:
        for sign in severity.signs:
            for part in re.split(r"[,;]", sign.text):
                score = _score(_words(part), title, around)
                if score >= LEAST and score > (best[severity.id].score if severity.id in best else 0):
                    text = part.strip()
                    best[severity.id] = Suggestion(severity=severity.id, line=sign.line, text=text, score=score)
    rank = {severity.id: severity.rank for severity in book.playbook.severities}
    return tuple(sorted(best.values(), key=lambda each: (-each.score, rank[each.severity]))[:MOST])


def _texts(incident: Incident, book: Book) -> tuple[set[str], set[str]]:
    """The words of the title and the alerts' names, and those of everything else that is said."""
    scenario = book.scenario(incident)
    names = " ".join(alert.seen.name for alert in incident.alerts.values())
    title = _words(f"{incident.title} {names}")
    symptoms = " ".join(remark.text for remark in scenario.symptoms) if scenario else ""
    said = " ".join(text for alert in incident.alerts.values() for text in alert.seen.annotations.values())
    return title, _words(f"{symptoms} {said} {(scenario.impact or '') if scenario else ''}")


def _score(sign: set[str], title: set[str], around: set[str]) -> float:
    """The share of the sign's words that the incident has; a word of the title counts whole, another a third."""
    if not (sign - {"down"}) & (title | around):
        return 0.0
    return sum(1.0 if word in title else 0.34 if word in around else 0.0 for word in sign) / len(sign)


def _words(text: str) -> set[str]:
    """Words in a simple stem: ``NodeDown`` is node, down; ``nodes`` is node."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    words = re.findall(r"[a-z0-9]+", apart.lower())
    return {_stem(word) for word in words if word not in EMPTY_WORDS and len(word) > 1}


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return SAME.get(word, word)
