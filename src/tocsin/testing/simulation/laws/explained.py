"""When alerts explained others, which page nobody meanwhile: from what their sources said, and were answered.

Surely from the answer until the source says that it is over, or shortly before it breaks its promise (its last word may
not have come to the disk); maybe from its first word until everybody must have noticed that it is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.incident.inhibition import Rule
from tocsin.testing.simulation.laws.evidence import ERROR_S, Evidence
from tocsin.testing.simulation.laws.spell import NEVER, Spell
from tocsin.testing.simulation.record import Sent

TELLS_ITSELF_S = 5 * 86400.0
"""How long an alert fires whose source makes no promise."""
LAST_WORD_S = 1810.0
"""The last word before a promise that was broken may be lost with the server that heard it."""
NOTICED_S = 120.0
"""That what explains is over is noticed within half a minute, and what it explained is looked at a minute later."""

Name = tuple[str, tuple[tuple[str, str], ...]]


def list_explained(evidence: Evidence) -> Iterator[Spell]:
    """All such times of a month."""
    said: dict[Name, list[Sent]] = {}
    for sent in sorted(evidence.record.sent, key=lambda sent: sent.at):
        said.setdefault((sent.team, tuple(sorted(sent.labels.items()))), []).append(sent)
    for (team, labels), each in said.items():
        for rule in evidence.cast.settings.inhibitions:
            if rule.team == team and rule.is_source(dict(labels)):
                yield from _Run(evidence, team, rule, dict(labels)).follow(each)


class _Run:
    """An alert that explains others, word by word."""

    def __init__(self, evidence: Evidence, team: str, rule: Rule, labels: dict[str, str]) -> None:
        self._evidence, self._team = evidence, team
        matchers = [(each.name, each.value) for each in rule.target]
        self._matchers = (*matchers, *((name, re.escape(labels.get(name, ""))) for name in rule.equal))
        self._begin()

    def _begin(self) -> None:
        self._maybe = self._sure = NEVER
        self._promised = self._kept = 0.0

    def follow(self, said: list[Sent]) -> Iterator[Spell]:
        for sent in said:
            now = self._evidence.clock(sent.at)
            if self._maybe < NEVER and now > self._promised:
                yield self._end(self._kept - LAST_WORD_S, self._promised)
                self._begin()
            if sent.firing:
                self._go_on(sent, now)
            elif self._maybe < NEVER:
                answered = sent.answered_at is not None
                over = now if sent.answered_at is None else self._evidence.clock(sent.answered_at)
                yield self._end(min(now, self._kept - LAST_WORD_S), over)
                self._sure = NEVER
                if answered:
                    self._begin()
        if self._maybe < NEVER:
            yield self._end(self._kept - LAST_WORD_S, self._promised)

    def _go_on(self, sent: Sent, now: float) -> None:
        until = sent.until or now + TELLS_ITSELF_S
        self._maybe, self._promised = min(self._maybe, now), max(self._promised, until)
        if sent.answered_at is not None:
            self._kept = max(self._kept, until)
            if self._sure == NEVER:
                self._sure = self._evidence.clock(sent.answered_at) + ERROR_S

    def _end(self, sure: float, over: float) -> Spell:
        noticed = max(over + NOTICED_S, self._evidence.find_limit(over + NOTICED_S, 0.0))
        surely = (self._sure, sure) if self._sure < sure else (NEVER, NEVER)
        return Spell(self._team, self._matchers, surely, (self._maybe, noticed), window=False, explained=True)
