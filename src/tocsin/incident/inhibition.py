"""Inhibition: while one alert fires, others page nobody, since it explains them. Alertmanager's rules and semantics.

An alert is inhibited if it fits a rule's target matchers while an alert fires that fits the source matchers and has the
same values for all labels of `equal`; a label that both lack counts as equal. An alert that fits both sides is not
inhibited by one that does too, so that none inhibits itself (`inhibit/inhibit.go`). An inhibiting alert may be silenced
or inhibited itself. Whether an alert is over is never held back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from tocsin.errors import BadInput
from tocsin.incident.silence import MOST_MATCHERS
from tocsin.timeline.matcher import Matcher, read_matchers

Labels = Mapping[str, str]


class Inhibit(msgspec.Struct, frozen=True, kw_only=True):
    """`[[inhibit]]`: a rule as Alertmanager writes it; with `team`, for alerts of that team alone, on both sides."""

    source_matchers: tuple[str, ...]
    target_matchers: tuple[str, ...]
    equal: tuple[str, ...] = ()
    team: str | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """The same, read."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]
    team: str | None

    def is_source(self, labels: Labels) -> bool:
        """Whether an alert inhibits others by this rule."""
        return all(each.fits(labels) for each in self.source)

    def is_target(self, labels: Labels) -> bool:
        """Whether an alert may be inhibited by this rule."""
        return all(each.fits(labels) for each in self.target)

    def key(self, labels: Labels) -> tuple[str, ...]:
        """What source and target must share."""
        return tuple(labels.get(name, "") for name in self.equal)


class Inhibitor(msgspec.Struct, frozen=True, kw_only=True):
    """An alert of `team` that fires and inhibits others, as it was noted at `at`."""

    team: str
    fingerprint: str
    name: str
    labels: dict[str, str]
    at: datetime

    @property
    def key(self) -> tuple[str, str]:
        """The alert it is."""
        return self.team, self.fingerprint


def read_rule(table: Inhibit) -> Rule:
    """The rule of a table. Raises `BadInput`."""
    if not table.source_matchers or not table.target_matchers:
        raise BadInput(
            "an inhibition needs `source_matchers` and `target_matchers`, or everything would inhibit itself."
        )
    if max(len(table.source_matchers), len(table.target_matchers)) > MOST_MATCHERS:
        raise BadInput(f"{MOST_MATCHERS} matchers on each side are the limit.")
    return Rule(
        source=read_matchers(table.source_matchers),
        target=read_matchers(table.target_matchers),
        equal=table.equal,
        team=table.team,
    )


class Inhibitions:
    """The rules that hold for a team, with the alerts that inhibit now."""

    def __init__(self, rules: Iterable[Rule] = (), inhibitors: Iterable[Inhibitor] = ()) -> None:
        self._rules = tuple(rules)
        self._sources: dict[tuple[int, tuple[str, ...]], list[Inhibitor]] = defaultdict(list)
        for inhibitor in inhibitors:
            for at, rule in enumerate(self._rules):
                if rule.team in (None, inhibitor.team) and rule.is_source(inhibitor.labels):
                    self._sources[at, rule.key(inhibitor.labels)].append(inhibitor)

    def __bool__(self) -> bool:
        return bool(self._sources)

    def find(self, labels: Labels) -> Inhibitor | None:
        """The alert that inhibits one with these labels; null if none does."""
        if not self._sources:
            return None
        for at, rule in enumerate(self._rules):
            sources = self._sources.get((at, rule.key(labels)))
            if not sources or not rule.is_target(labels):
                continue
            is_both = rule.is_source(labels)
            for each in sources:
                if not (is_both and rule.is_target(each.labels)):
                    return each
        return None
