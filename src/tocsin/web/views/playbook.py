"""A compiled playbook as its authors see it: what it would do in an incident, and what is dangerous or missing in it.

The verdicts are those that an incident of each scenario would get: the same rules are asked, with an incident that does
not exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from tocsin.incident.book import Book, TargetPolicy, TeamPolicy
from tocsin.incident.standing import Standing
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Staffing
from tocsin.playbook.diagnostic import Diagnostic, SetAside
from tocsin.playbook.model import Playbook, Procedure, Response, Severity
from tocsin.web.views.scene import Cite, Scene, View, clean, quote
from tocsin.web.views.steps import ProcedureView, StepView, find_alone, show_procedure
from tocsin.words import Calendar, Level, Mode, Status

MOST_FINDINGS, MOST_SCENARIOS = 300, 200
LOUD = {Level.ERROR: 0, Level.WARNING: 1, Level.REMARK: 2}
CALENDARS = {
    Calendar.ELAPSED: "",
    Calendar.BUSINESS_HOURS: " in business hours",
    Calendar.NEXT_BUSINESS_DAY: "next business day",
}


class Finding(View, frozen=True, kw_only=True):
    """One diagnostic with the line that it speaks of, quoted."""

    code: str
    rule: str
    level: str
    line: int
    quote: str
    text: str
    help: str = ""


class ClockView(View, frozen=True, kw_only=True):
    """A duty with a time: `within_s` is null where the playbook says it in words only."""

    what: str
    text: str
    within_s: int | None = None
    cite: Cite | None = None


class LevelView(View, frozen=True, kw_only=True):
    """A severity with its clocks."""

    id: str
    name: str
    rank: int
    cite: Cite | None
    clocks: tuple[ClockView, ...]


class ScenarioView(View, frozen=True, kw_only=True):
    """A scenario: how many of its statements get which verdict, and all of its steps."""

    title: str
    label: str
    line: int
    severities: tuple[str, ...]
    alerts: tuple[str, ...]
    verdicts: dict[str, int]
    by_itself: tuple[StepView, ...]
    prohibitions: tuple[Cite, ...]
    procedure: ProcedureView
    steps: tuple[StepView, ...]


class AsideView(View, frozen=True, kw_only=True):
    """A finding that a comment in the playbook sets aside: the comment, its reason and its last day."""

    finding: Finding
    cite: Cite | None
    reason: str
    until: str


class PlaybookView(View, frozen=True, kw_only=True):
    """A whole playbook; `dangerous` findings are errors and warnings, all stand in `findings`: the loudest first,
    and what is dangerous to run before what is missing.
    """

    path: str
    title: str
    digest: str
    is_playbook: bool
    lines: int
    levels: tuple[LevelView, ...]
    scenarios: tuple[ScenarioView, ...]
    processes: tuple[Cite, ...]
    statements: int
    verdicts: dict[str, int]
    findings: tuple[Finding, ...]
    set_aside: tuple[AsideView, ...]
    loudness: dict[str, int]


def show_playbook(playbook: Playbook, book: Book, source: tuple[str, ...], now: datetime) -> PlaybookView:
    """The playbook; `book` lends the judge and the team's policy (live, with one target, where there is no team)."""
    book = _lend(playbook, book)
    scenarios = tuple(_show_scenario(each, book, source, now) for each in playbook.scenarios[:MOST_SCENARIOS])
    findings = sorted(playbook.diagnostics, key=lambda each: (LOUD[each.level], _is_calm(each), each.line))
    return PlaybookView(
        path=clean(playbook.path, 200),
        title=clean(playbook.document.title or playbook.path, 300),
        digest=playbook.digest,
        is_playbook=playbook.is_playbook,
        lines=len(source),
        levels=tuple(_show_level(each, source) for each in playbook.severities),
        scenarios=scenarios,
        processes=tuple(Cite(line=each.line, text=clean(each.title, 200)) for each in playbook.processes),
        statements=len(playbook.statements),
        verdicts=dict(sum((Counter(each.verdicts) for each in scenarios), Counter())),
        findings=tuple(_show_finding(each, source) for each in findings[:MOST_FINDINGS]),
        set_aside=tuple(_show_aside(each, source) for each in playbook.set_aside[:MOST_FINDINGS]),
        loudness=dict(Counter(each.level.value for each in playbook.diagnostics)),
    )


def _lend(playbook: Playbook, book: Book) -> Book:
    policy = book.policy
    if not policy.targets:
        policy = TeamPolicy(team="yours", name="your team", mode=Mode.LIVE, targets=(TargetPolicy(name="yours/here"),))
    return Book(playbook=playbook, policy=policy, classify=book.classify)


def _show_finding(each: Diagnostic, source: tuple[str, ...]) -> Finding:
    return Finding(
        code=each.code,
        rule=each.rule,
        level=each.level,
        line=each.line,
        quote=_quote(source, each.line),
        text=clean(each.text, 600),
        help=clean(each.help, 600),
    )


def _is_calm(each: Diagnostic) -> bool:
    """Whether a finding is about something else than what is run."""
    return not each.code.startswith("PB1")


def _show_aside(each: SetAside, source: tuple[str, ...]) -> AsideView:
    return AsideView(
        finding=_show_finding(each.diagnostic, source),
        cite=_cite(source, each.line),
        reason=clean(each.reason, 600),
        until=clean(each.until, 20),
    )


def _quote(source: tuple[str, ...], line: int | None) -> str:
    return clean(source[line - 1].strip(), 240) if line and 0 < line <= len(source) else ""


def _cite(source: tuple[str, ...], line: int | None) -> Cite | None:
    return Cite(line=line, text=quote(source[line - 1]) if line <= len(source) else "") if line else None


def _show_level(severity: Severity, source: tuple[str, ...]) -> LevelView:
    return LevelView(
        id=clean(severity.id, 40),
        name=clean(severity.name, 200),
        rank=severity.rank,
        cite=_cite(source, severity.line),
        clocks=tuple(_find_clocks(severity, source)),
    )


def _find_clocks(severity: Severity, source: tuple[str, ...]) -> Iterator[ClockView]:
    response = severity.response
    yield ClockView(
        what="Response",
        text=_spell_response(response),
        within_s=response.within_s,
        cite=_cite(source, severity.response_line),
    )
    timed = (
        ("Updates every", severity.update_every_s, severity.update_line),
        ("Status page within", severity.status_page_within_s, severity.status_page_line),
        ("Bridge within", severity.bridge_within_s, severity.bridge_line),
    )
    for what, within_s, line in timed:
        if within_s is not None:
            yield ClockView(what=what, text="" if within_s else "at once", within_s=within_s, cite=_cite(source, line))
    if severity.page:
        yield ClockView(what="Pages", text=clean(", ".join(severity.page), 200), cite=_cite(source, severity.page_line))


def _spell_response(response: Response) -> str:
    said = "at once" if response.immediate else ""
    if response.within_s is None:
        return said or CALENDARS[response.calendar] or "no time is stated"
    return f"{said}{CALENDARS[response.calendar]}".strip()


def _show_scenario(procedure: Procedure, book: Book, source: tuple[str, ...], now: datetime) -> ScenarioView:
    scene = _imagine(procedure, book, source, now)
    shown, steps = show_procedure(procedure, scene, find_alone(scene), is_scenario=True)
    return ScenarioView(
        title=shown.title,
        label=shown.label,
        line=shown.line,
        severities=procedure.severities,
        alerts=tuple(clean(each, 200) for each in procedure.alerts),
        verdicts=dict(Counter(step.verdict.kind for step in steps if step.kind == "statement")),
        by_itself=tuple(step for step in steps if step.verdict.kind == "by_itself"),
        prohibitions=tuple(Cite(line=each.line, text=clean(each.text, 300)) for each in procedure.prohibitions),
        procedure=shown,
        steps=steps,
    )


def _imagine(procedure: Procedure, book: Book, source: tuple[str, ...], now: datetime) -> Scene:
    """A scene in which an incident of this scenario has just begun."""
    incident = Incident(
        id="none-1",
        seq=0,
        team=book.policy.team,
        number="",
        title=procedure.title,
        origin="person",
        opened_at=now,
        status=Status.ACTIVE,
        scenario=procedure.title,
        scenario_line=procedure.line,
        severity=procedure.severities[0] if procedure.severities else None,
    )
    rota = Rota(staffing=Staffing(), people={})
    return Scene(incident=incident, book=book, rota=rota, standing=Standing(), people={}, source=source, now=now)
