"""What a team's open incidents forbid one another: kept by rule, since very many may be open of one scenario.

Of all incidents that forbid something by the same line of the same playbook, two are enough to know: for every incident
one of them is another one. So a thousandth incident of a scenario changes nothing for those that are open.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

Mark = tuple[object, int]


class Rule(NamedTuple):
    """A line of a playbook (by the digest of its model) that forbids something; of an incident that was not read yet
    its name stands for whatever it may forbid.
    """

    source: str
    line: int


class Forbidding:
    """Who forbids what. `mark` is another one whenever that may make a difference to anybody."""

    def __init__(self) -> None:
        self._rules: dict[str, frozenset[Rule]] = {}
        self._holders: dict[Rule, dict[str, None]] = {}
        self._changes = 0

    @property
    def mark(self) -> Mark:
        """The same for as long as `find` finds the same, and for the same reasons."""
        return self, self._changes

    def put(self, stream: str, rules: frozenset[Rule]) -> None:
        """What an incident forbids now."""
        before = self._rules.pop(stream, frozenset())
        if rules:
            self._rules[stream] = rules
        if rules == before:
            return
        spoke = self._speaks(stream, before)
        for rule in before - rules:
            holders = self._holders[rule]
            del holders[stream]
            if not holders:
                del self._holders[rule]
        for rule in rules - before:
            self._holders.setdefault(rule, {})[stream] = None
        self._changes += spoke or self._speaks(stream, rules)

    def _speaks(self, stream: str, rules: Iterable[Rule]) -> bool:
        return any(stream in self._speakers(rule) for rule in rules)

    def _speakers(self, rule: Rule) -> list[str]:
        """The first two that hold it."""
        return [stream for stream, _ in zip(self._holders[rule], range(2), strict=False)]

    def find(self) -> dict[str, None]:
        """Incidents among which each finds another one for each rule that others hold."""
        return dict.fromkeys(sorted(stream for rule in self._holders for stream in self._speakers(rule)))


def name_rules(model: str, lines: frozenset[int]) -> frozenset[Rule]:
    """The rules of an incident that was opened with a playbook."""
    return frozenset(Rule(model, line) for line in lines)


def name_unread(stream: str) -> frozenset[Rule]:
    """What stands for the rules of an incident of which only its card is known."""
    return frozenset((Rule(stream, 0),))
