"""Whether what a team says of its blanks (`[teams.ID.bindings.NAME]`) can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tocsin.config import Problems, Source
from tocsin.incident.blank import Rule
from tocsin.run.binding import LABEL
from tocsin.run.kinds import describe, fits


def check_bindings(source: Source, team: str, rules: Mapping[str, Rule], problems: Problems) -> None:
    """Note every rule that would never let a value in, or that says two things."""
    for name, rule in rules.items():
        for field, text in _find_faults(name, rule):
            problems.append(source.problem(("teams", team, "bindings", name, field), text))


def _find_faults(name: str, rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.pattern is not None and rule.type is not None:
        yield "pattern", "a blank has a `type` or a `pattern`, not both; leave one out."
    if rule.pattern is not None:
        try:
            re.compile(rule.pattern)
        except re.error as error:
            yield "pattern", f"it is no regular expression ({error}); mend it."
            return
    given = rule.source
    if given is not None and given != "inventory" and not given.startswith(LABEL) and not fits(given, name, rule):
        yield "from", f"it takes {describe(name, rule)}. Give such a value, `label:NAME` or `inventory`."
    if given == LABEL:
        yield "from", "name the label: `label:instance`."
