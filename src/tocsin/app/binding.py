"""Whether what a team says of its blanks (`[teams.ID.bindings.NAME]`) and of its Prometheus can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.app.tables import TeamTable
from tocsin.config import Problems, Source
from tocsin.incident.blank import Rule
from tocsin.integrations.doors import spell_destination
from tocsin.run.binding import LABEL
from tocsin.run.kinds import describe, fits
from tocsin.run.query import URL


def check_bindings(source: Source, team: str, table: TeamTable, problems: Problems) -> None:
    """Note every rule that would never let a value in, or that says two things, and an address that is none."""
    if table.prometheus is not None and not _is_address(table.prometheus.url):
        text = "it must be an address without name and password, such as http://prometheus:9090."
        problems.append(source.problem(("teams", team, "prometheus", "url"), text))
    for name, rule in table.bindings.items():
        for field, text in _find_faults(name, rule):
            problems.append(source.problem(("teams", team, "bindings", name, field), text))


def _is_address(url: str) -> bool:
    try:
        spell_destination(url)
    except ValueError:
        return False
    return URL.fullmatch(url) is not None


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
