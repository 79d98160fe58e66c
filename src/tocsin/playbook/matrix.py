"""Alert rules against scenarios, both ways: what an alert opens, and which alerts open a scenario.

A rule's link counts first, then the alert's name. Both are kept: where they disagree, that is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from tocsin.playbook import anchor
from tocsin.playbook.library import Library
from tocsin.playbook.links import Guide, Lead, Leads
from tocsin.playbook.rules import AlertRule, RuleFile, RunbookLink


class Match(StrEnum):
    """By what an alert finds its playbook, best first."""

    LINK = "link"
    NAME = "name"
    DOCUMENT = "document"
    NOTHING = "nothing"


class Followed(msgspec.Struct, frozen=True):
    """One link of a rule and where it leads."""

    link: RunbookLink
    lead: Lead


class Opened(msgspec.Struct, frozen=True):
    """A scenario that an alert opens."""

    path: str
    line: int
    title: str


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """One alert rule: its links, the scenarios named after it, and by what it is matched in the end."""

    path: str
    rule: AlertRule
    followed: tuple[Followed, ...]
    named: tuple[Opened, ...]
    match: Match
    opens: tuple[Opened, ...]


class ScenarioRow(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario: the rules that open it (path and line), and the alerts that it names but no rule has."""

    path: str
    line: int
    title: str
    opened_by: tuple[tuple[str, int, str], ...]
    unknown: tuple[str, ...]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How much is covered, in numbers. ``links`` counts one for each link of each rule; ``resolved`` those that lead to
    a document or section at all, ``family`` those among them that may mean several, ``dead`` the rest.
    """

    rules: int
    by_link: int
    by_name: int
    document_only: int
    uncovered: int
    links: int
    resolved: int
    family: int
    no_section: int
    dead: int
    scenarios: int
    scenarios_opened: int


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """All rules and all scenarios, and how they find each other."""

    files: tuple[RuleFile, ...]
    alerts: tuple[AlertRow, ...]
    scenarios: tuple[ScenarioRow, ...]
    figures: Figures


def match_rules(files: Sequence[RuleFile], library: Library) -> Matrix:
    """Lay rule files and playbooks side by side."""
    guide = Guide(library)
    alerts = tuple(_row(file.path, rule, guide) for file in files for rule in file.alerts)
    scenarios = tuple(_scenario_rows(library, alerts))
    return Matrix(files=tuple(files), alerts=alerts, scenarios=scenarios, figures=_count(alerts, scenarios))


def _row(path: str, rule: AlertRule, guide: Guide) -> AlertRow:
    followed = tuple(Followed(link, guide.follow(link.target, rule)) for link in rule.links)
    named = tuple(Opened(playbook.path, scenario.line, scenario.title) for playbook, scenario in guide.named(rule))
    linked = tuple(dict.fromkeys(opened for found in followed for opened in _opened(found.lead)))
    if linked:
        match, opens = Match.LINK, linked
    elif named:
        match, opens = Match.NAME, named
    else:
        leads = any(not found.lead.is_dead for found in followed)
        match, opens = (Match.DOCUMENT if leads else Match.NOTHING), ()
    return AlertRow(path=path, rule=rule, followed=followed, named=named, match=match, opens=opens)


def _opened(lead: Lead) -> Iterator[Opened]:
    if lead.leads is Leads.SCENARIO and lead.scenario is not None and lead.line is not None:
        yield Opened(lead.paths[0], lead.line, lead.scenario)


def _scenario_rows(library: Library, alerts: Sequence[AlertRow]) -> Iterator[ScenarioRow]:
    known = {anchor.fold(row.rule.name) for row in alerts}
    opened: dict[tuple[str, str], list[tuple[str, int, str]]] = {}
    for row in alerts:
        for scenario in row.opens:
            opened.setdefault((scenario.path, scenario.title), []).append((row.path, row.rule.line, row.rule.name))
    for playbook in library.playbooks:
        for found in playbook.scenarios:
            yield ScenarioRow(
                path=playbook.path,
                line=found.line,
                title=found.title,
                opened_by=tuple(opened.get((playbook.path, found.title), ())),
                unknown=tuple(name for name in found.alerts if anchor.fold(name) not in known),
            )


def _count(alerts: Sequence[AlertRow], scenarios: Sequence[ScenarioRow]) -> Figures:
    leads = [found.lead.leads for row in alerts for found in row.followed]
    matches = [row.match for row in alerts]
    return Figures(
        rules=len(alerts),
        by_link=matches.count(Match.LINK),
        by_name=matches.count(Match.NAME),
        document_only=matches.count(Match.DOCUMENT),
        uncovered=matches.count(Match.NOTHING),
        links=len(leads),
        resolved=len(leads) - leads.count(Leads.NOWHERE),
        family=leads.count(Leads.FAMILY),
        no_section=leads.count(Leads.NO_SECTION),
        dead=leads.count(Leads.NOWHERE),
        scenarios=len(scenarios),
        scenarios_opened=sum(bool(row.opened_by) for row in scenarios),
    )
