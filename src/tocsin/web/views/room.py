"""The incident room: everything that responders see of an incident, at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from tocsin.comms.report import find_forms
from tocsin.comms.silence import find_silence
from tocsin.incident.book import HIDDEN
from tocsin.incident.status import MOVES
from tocsin.incident.suggest import suggest_severities
from tocsin.run.guard import own_prohibitions
from tocsin.web.views.alarm import find_alarm
from tocsin.web.views.alerts import AlertView, HushView, find_hush, show_alerts, tell_uncleared
from tocsin.web.views.changes import ChangeView, show_changes
from tocsin.web.views.chat import BridgeView, ChatView, show_bridge, show_chat
from tocsin.web.views.duties import DutyView, find_next_duty, show_duties
from tocsin.web.views.people import (
    CallView,
    NextCall,
    QuestionView,
    RoleView,
    find_next_call,
    show_calls,
    show_questions,
    show_roles,
)
from tocsin.web.views.readers import PrivacyView, show_privacy
from tocsin.web.views.recovery import RecoveryView, show_recovery
from tocsin.web.views.scene import Cite, Scene, View, Who, clean
from tocsin.web.views.steps import ProcedureView, StepView, show_procedures, show_typed
from tocsin.web.views.ways import ChoiceView, JumpView, show_choices, show_jumps

ASKED = ("declare", "dismiss", "acknowledge", "mitigate", "resolve", "reopen", "close")
"""The moves of the status machine that a person asks for."""


class SeverityView(View, frozen=True, kw_only=True):
    """A severity as the playbook names it; `rank` 0 is the worst."""

    id: str
    name: str
    rank: int
    cite: Cite | None = None


class SuggestionView(View, frozen=True, kw_only=True):
    """A severity that may fit, with the line that says why."""

    severity: str
    line: int
    text: str


class ProhibitionView(View, frozen=True, kw_only=True):
    """What is forbidden now, or was until somebody lifted it; `incident` is the other incident that forbids it.

    On line 0 stands what a private one forbids, of which nothing else is told.
    """

    cite: Cite
    lifted_by: str = ""
    lifted: Who | None = None
    part: str = ""
    incident: str = ""


class UpdateView(View, frozen=True, kw_only=True):
    """What was said to whom."""

    at: datetime
    text: str
    by: Who
    audiences: tuple[str, ...]
    status: str


class FieldView(View, frozen=True, kw_only=True):
    """A blank of a form: what it asks, what stands there as a hint, and what somebody filled in."""

    label: str
    hint: str = ""
    value: str = ""


class ReportView(View, frozen=True, kw_only=True):
    """A form of the playbook; `by` and `at` are of its last filing."""

    line: int
    title: str
    fields: tuple[FieldView, ...]
    by: Who | None = None
    at: datetime | None = None


class SilenceView(View, frozen=True, kw_only=True):
    """The line that forbids words to the public, and the role that may lift it."""

    cite: Cite
    lifted_by: str = ""
    incident: str = ""


class Room(View, frozen=True, kw_only=True):
    """One incident. `moves` are the verbs that its status allows, `seq` the last entry that this view knows.

    `steps` are all of them; `procedures` say which belong where, in document order, by id. `uncleared` says as a
    sentence which alerts still fire. `hush` is why nobody is paged for now; `changes` what was changed on purpose about
    when it began. `choices` are the ways between which people choose, `jumps` the lines that lead into other scenarios.
    `chat` is its room in the team's chat, and its tickets, `bridge` the conference that is open; `privacy` who sees it,
    where that is not everybody.
    """

    id: str
    number: str
    title: str
    team: str
    team_name: str
    mode: str
    status: str
    public_status: str
    origin: str
    seq: int
    is_open: bool
    now: datetime
    opened_at: datetime
    started_at: datetime
    severity: str | None
    rank: int | None
    severities: tuple[SeverityView, ...]
    suggestions: tuple[SuggestionView, ...]
    scenario: Cite | None
    scenarios: tuple[Cite, ...]
    candidates: tuple[str, ...]
    moves: tuple[str, ...]
    commander: Who | None
    acknowledged_at: datetime | None
    acknowledged_by: Who | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    reopened: int
    cause: str
    merged_into: str
    has_postmortem: bool
    playbook: str
    is_activated: bool
    is_frozen: bool
    no_isolation: str
    silence: SilenceView | None
    prohibitions: tuple[ProhibitionView, ...]
    next_duty: DutyView | None
    obligations: tuple[DutyView, ...]
    calls: tuple[CallView, ...]
    next_call: NextCall | None
    roles: tuple[RoleView, ...]
    questions: tuple[QuestionView, ...]
    procedures: tuple[ProcedureView, ...]
    steps: tuple[StepView, ...]
    choices: tuple[ChoiceView, ...]
    jumps: tuple[JumpView, ...]
    alerts: tuple[AlertView, ...]
    uncleared: str
    hush: HushView | None
    changes: tuple[ChangeView, ...]
    updates: tuple[UpdateView, ...]
    reports: tuple[ReportView, ...] = ()
    recovery: RecoveryView | None = None
    alarm: Cite | None = None
    chat: ChatView = ChatView()
    bridge: BridgeView = BridgeView()
    privacy: PrivacyView = PrivacyView()


def show_room(scene: Scene) -> Room:
    """The room of an incident."""
    return msgspec.structs.replace(
        _show_room(scene),
        alarm=find_alarm(scene),
        chat=show_chat(scene),
        bridge=show_bridge(scene),
        privacy=show_privacy(scene),
        recovery=show_recovery(scene),
    )


def _show_room(scene: Scene) -> Room:
    incident, book, duties = scene.incident, scene.book, show_duties(scene)
    procedures = show_procedures(scene)
    severities = show_severities(scene)
    return Room(
        id=incident.id,
        number=clean(incident.number, 100),
        title=clean(incident.title, 300),
        team=incident.team,
        team_name=clean(book.policy.name, 100),
        mode=book.policy.mode,
        status=incident.status,
        public_status=incident.public_status,
        origin=incident.origin,
        seq=incident.seq,
        is_open=incident.is_open,
        now=scene.now,
        opened_at=incident.opened_at,
        started_at=incident.started_at,
        severity=incident.severity,
        rank=next((each.rank for each in severities if each.id == incident.severity), None),
        severities=severities,
        suggestions=_show_suggestions(scene),
        scenario=_show_scenario(scene),
        scenarios=tuple(Cite(line=each.line, text=clean(each.title, 200)) for each in book.playbook.scenarios),
        candidates=incident.candidates,
        moves=tuple(verb for verb in ASKED if incident.status in MOVES[verb]),
        commander=scene.who(incident.commander),
        acknowledged_at=incident.acknowledged_at,
        acknowledged_by=scene.who(incident.acknowledged_by),
        mitigated_at=incident.mitigated_at,
        resolved_at=incident.resolved_at,
        closed_at=incident.closed_at,
        reopened=incident.reopened,
        cause=clean(incident.cause or ""),
        merged_into=incident.merged_into or "",
        has_postmortem=incident.postmortem is not None,
        playbook=incident.playbook,
        is_activated=book.activated,
        is_frozen=book.frozen,
        no_isolation=book.no_isolation,
        silence=_show_silence(scene),
        prohibitions=tuple(_show_prohibitions(scene)),
        next_duty=find_next_duty(duties),
        obligations=duties,
        calls=show_calls(scene),
        next_call=find_next_call(scene),
        roles=show_roles(scene),
        questions=show_questions(scene),
        procedures=tuple(view for view, _ in procedures),
        steps=(*(step for _, steps in procedures for step in steps), *show_typed(scene)),
        choices=show_choices(scene),
        jumps=show_jumps(scene),
        alerts=show_alerts(scene),
        uncleared=tell_uncleared(scene),
        hush=find_hush(scene),
        changes=show_changes(scene),
        updates=_show_updates(scene),
        reports=tuple(_show_reports(scene)),
    )


def show_severities(scene: Scene) -> tuple[SeverityView, ...]:
    """The playbook's severities, the worst first."""
    ranked: Sequence[SeverityView] = [
        SeverityView(id=clean(each.id, 40), name=clean(each.name, 200), rank=each.rank, cite=scene.cite(each.line))
        for each in scene.book.playbook.severities
    ]
    return tuple(sorted(ranked, key=lambda each: each.rank))


def _show_suggestions(scene: Scene) -> tuple[SuggestionView, ...]:
    return tuple(
        SuggestionView(severity=each.severity, line=each.line, text=clean(each.text, 200))
        for each in suggest_severities(scene.incident, scene.book)
    )


def _show_scenario(scene: Scene) -> Cite | None:
    found = scene.book.scenario(scene.incident)
    return Cite(line=found.line, text=clean(found.title, 200)) if found else None


def _show_silence(scene: Scene) -> SilenceView | None:
    found = find_silence(scene.incident, scene.book)
    if found is None:
        return None
    cite = Cite(line=found.line, text=clean(found.text, 300))
    return SilenceView(cite=cite, lifted_by=clean(found.lifted_by or "", 100), incident=found.incident)


def _show_prohibitions(scene: Scene) -> Iterator[ProhibitionView]:
    """Those that hold, then those that other incidents hold, then those that were lifted."""
    incident, book = scene.incident, scene.book
    titles = {section.line: section.title for each in book.procedures(incident) for section in each.sections}
    for rule in own_prohibitions(incident, book):
        part = titles.get(rule.section or 0, "") if rule.scope == "section" else ""
        cite = Cite(line=rule.line, text=clean(rule.text, 400))
        yield ProhibitionView(cite=cite, lifted_by=clean(rule.lifted_by or "", 100), part=clean(part, 200))
    for force in dict.fromkeys(each for each in book.in_force if not each.private):
        cite = Cite(line=force.prohibition.line, text=clean(force.prohibition.text, 400))
        yield ProhibitionView(cite=cite, incident=force.incident)
    if any(force.private for force in book.in_force):
        yield ProhibitionView(cite=Cite(line=0, text=HIDDEN))
    rules = {rule.line: rule for rule in book.prohibitions(incident)}
    for line, who in incident.lifted.items():
        text = rules[line].text if line in rules else ""
        yield ProhibitionView(cite=Cite(line=line, text=clean(text, 400)), lifted=scene.who(who))


def _show_updates(scene: Scene) -> tuple[UpdateView, ...]:
    return tuple(
        UpdateView(
            at=each.at,
            text=clean(each.text, 4000),
            by=Who(id=each.by, name=scene.name(each.by)),
            audiences=tuple(audience.value for audience in each.audiences),
            status=each.status,
        )
        for each in reversed(scene.incident.updates)
    )


def _show_reports(scene: Scene) -> Iterator[ReportView]:
    for form in find_forms(scene.incident, scene.book):
        filed = scene.incident.reports.get(form.line)
        known = filed.fields if filed else {}
        yield ReportView(
            line=form.line,
            title=clean(form.title, 200),
            fields=tuple(
                FieldView(
                    label=clean(each.label, 200),
                    hint=clean(each.hint, 200),
                    value=clean(known.get(each.label, ""), 4000),
                )
                for each in form.fields
            ),
            by=scene.who(filed.by) if filed else None,
            at=filed.at if filed else None,
        )
