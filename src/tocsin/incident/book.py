"""Everything written that binds an incident: its pinned playbook, its team's policy, and what others forbid it.

The book is an argument of every decision and plan. What changes from hour to hour without being an event of the
incident itself (is the playbook activated, is the team frozen, what is silenced, which prohibitions of other open
incidents hold on the same targets, can steps be isolated here at all) is looked up by the engine and handed in with it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, Literal

import msgspec

from tocsin.incident.afterwards import list_afterwards
from tocsin.incident.blank import Rule
from tocsin.incident.inhibition import Inhibitions
from tocsin.incident.predicate import Check, Predicate
from tocsin.incident.privacy import PrivateWhen
from tocsin.incident.readers import Readers
from tocsin.incident.reminders import Reminders
from tocsin.incident.silence import Silence
from tocsin.incident.state import Incident
from tocsin.oncall.outsider import Outsider
from tocsin.playbook.model import Playbook, Procedure, Prohibition, Response, Severity, Statement, Step
from tocsin.timeline.events import Order
from tocsin.words import Calendar, Means, Mode, Urgency

HOUR = 3600
QUIET_AFTER_S = 24 * HOUR


class TargetPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a target lets run. `name` is ``team/target``; `allow` may hold `read_sensitive` and `privileged`.

    `timeout_s` bounds one statement. `kind` is `local`, or what it is reached by; `called` is what playbooks call it;
    `changes` whether anybody is named who may change something there. Of a group, `members` are its targets by name,
    `order`, `at_once` and `stops` how a step goes through them, `operators` and `countdown_s` what comes before a step
    that is done everywhere at the same moment. `tmp` is what a step has as its `/tmp`: what the incident's steps on
    this target have left (``kept``), an empty one that ends with it (``own``), or the machine's (``shared``).
    `inventory` is what is known of it, from which blanks of the same name are filled. `place` is what it really
    is: targets of two teams with the same one are the same (empty: nobody else's). `declared` are the hosts that its
    settings let it reach.
    """

    name: str
    allow: tuple[str, ...] = ()
    timeout_s: int = 60
    tmp: Literal["kept", "own", "shared"] = "kept"
    inventory: dict[str, str] = {}
    kind: Literal["local", "ssh", "container", "cluster", "group"] = "local"
    called: tuple[str, ...] = ()
    changes: bool = True
    members: tuple[str, ...] = ()
    order: Order = "parallel"
    at_once: int = 10
    stops: bool = True
    operators: tuple[str, ...] = ()
    countdown_s: int = 10
    place: str = ""
    declared: tuple[str, ...] = ()


class TeamPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How far tocsin goes for a team.

    `severity_map` turns a label's value into a severity; `evidence_wait_s` is how long a first page may wait for the
    first evidence to travel with it; `responders` are those who may act in its incidents (null:
    anybody, as in a story without people). Alerts of one scenario that differ in a label of `group_by` are incidents of
    their own; an alert that fires again more than `flap_times` times within `flap_within_s` seconds flaps (0: none
    does). The first page waits `group_wait_s` for more of its group, repeats keep `group_interval_s` between them.
    `bindings` says of blanks, by name, what they take and where it comes from; `prometheus` is where PromQL is asked.
    What was approved must begin within `approval_good_for_s` seconds. `assistants` are no people: they may propose.
    By `mail_channel` mailboxes are written to that the playbook gives. `war_room` is the chat in which incidents have a
    room of their own, `tickets` the tracker of the team; empty: none. `sharing` are the channels behind
    which another pager is told what becomes of an incident. `permissions` maps grants to people (`authority.py`).
    """

    team: str
    name: str
    mode: Mode = Mode.SHADOW
    severity_map: dict[str, str] = {}
    severity_label: str = "severity"
    evidence_wait_s: float = 2.0
    targets: tuple[TargetPolicy, ...] = ()
    responders: tuple[str, ...] | None = ()
    group_by: tuple[str, ...] = ()
    group_wait_s: float = 0.0
    group_interval_s: float = 0.0
    flap_times: int = 5
    flap_within_s: float = 600.0
    bindings: dict[str, Rule] = {}
    approval_good_for_s: float = 600.0
    assistants: tuple[str, ...] = ()
    mail_channel: str = ""
    sharing: tuple[str, ...] = ()
    eligible: dict[str, tuple[str, ...]] = {}
    """Who may play a role, by its title; whoever wants, where it does not stand here."""
    roles: tuple[str, ...] = ()
    """The names of the roles that the settings have people for."""
    bridge: str = ""
    """The team's conference; it may hold what lets people in, so it goes out in messages only."""
    means: dict[str, Means] = {}
    """How channels reach people, where their name does not tell."""
    acknowledgement_good_for_s: float = 0.0
    """After so long without a sign of life an acknowledgement has expired while an alert fires; 0: none does."""
    handoff_summary: bool = False
    """Whether hand-offs are summed up, whatever the playbook says of it."""
    shadow_readers: tuple[str, ...] = ()
    """Who is told what the shadow mode would have done."""
    media: tuple[str, ...] = ()
    prometheus: str = ""
    predicates: dict[str, Predicate] = {}
    checks: dict[str, Check] = {}
    war_room: str = ""
    tickets: str = ""
    permissions: dict[str, tuple[str, ...]] = {}
    contacts: dict[str, Outsider] = {}
    """People and organisations outside, by their name in the settings."""
    urgency: dict[str, Urgency] = {}
    """How urgent a severity is to people, where its response time does not tell."""
    automatic_status: bool = True
    """Whether the status page speaks by itself where the playbook says that it does."""
    audiences: dict[str, Readers] = {}
    """Where words for an audience go, by its name."""
    reminders: Reminders = Reminders()
    """When whoever owes a duty is told of it, and who next."""
    private: PrivateWhen = PrivateWhen()
    security: tuple[str, ...] = ()
    """Which incidents are private by themselves, and who sees private ones since they answer for security."""

    @property
    def target(self) -> TargetPolicy | None:
        """Where this team's statements run that name no other target: the first that is no group."""
        return next((each for each in self.targets if each.kind != "group"), None)

    def find_target(self, name: str) -> TargetPolicy | None:
        """The target with this whole name."""
        return next((each for each in self.targets if each.name == name), None)


NONE = Inhibitions()


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """A prohibition of another open incident that holds here too, since both touch the same targets."""

    incident: str
    scenario: str
    prohibition: Prohibition
    private: bool = False

    def hide(self) -> InForce:
        """The same as it may be told to whoever does not see the incident: it holds, and that is all."""
        rule = msgspec.structs.replace(self.prohibition, line=0, text=HIDDEN, lifted_by=None, section=None)
        return InForce(incident="a private incident", scenario="", prohibition=rule, private=True)


HIDDEN = "A private incident that is open forbids this"


class Book(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The playbook and what goes with it. `classify` judges a statement that a person typed; `outputs` are the texts,
    by digest, of those outputs of the incident that the team's predicates are over.
    """

    playbook: Playbook
    policy: TeamPolicy
    classify: Callable[[str], Statement]
    activated: bool = True
    frozen: bool = False
    no_isolation: str = ""
    in_force: tuple[InForce, ...] = ()
    silences: tuple[Silence, ...] = ()
    inhibitions: Inhibitions = NONE
    outputs: dict[str, str] = {}

    @cached_property
    def remembered(self) -> dict[tuple[object, ...], Any]:
        """What a room has read out of this book: by the room's own mark, and all that it took from the incident. Only
        what the playbook bounds in number stands here: its severities, scenarios, and the few states of an incident.
        """
        return {}

    def scenario(self, incident: Incident) -> Procedure | None:
        """The scenario that the incident is an instance of."""
        return self._scenarios.get(incident.scenario_line)

    @cached_property
    def _scenarios(self) -> dict[int | None, Procedure]:
        """By line; of two on one line, the first."""
        return {each.line: each for each in reversed(self.playbook.scenarios)}

    def processes(self, incident: Incident) -> tuple[Procedure, ...]:
        """The general procedures that apply at the incident's severity, those for any severity included."""
        return tuple(
            each
            for each in self.playbook.processes
            if not each.severities or (incident.severity or self.top_id) in each.severities
        )

    def procedures(self, incident: Incident) -> tuple[Procedure, ...]:
        """Everything there is to do: the scenario first, those it led to, then the general procedures."""
        return (*self.scenarios(incident), *self.processes(incident))

    def afterwards(self, incident: Incident) -> tuple[Procedure, ...]:
        """What is to be done once it is over, as checklists; none before, and none for what never was real. What stands
        among the steps of this incident is done there.
        """
        if incident.resolved_at is None or incident.false_positive:
            return ()
        key = ("afterwards", incident.severity, incident.scenario_line, *sorted(incident.pursued))
        if key not in self.remembered:
            taken = frozenset(step.line for each in self.procedures(incident) for step in each.steps)
            self.remembered[key] = tuple(list_afterwards(self.playbook, incident.severity, taken))
        found: tuple[Procedure, ...] = self.remembered[key]
        return found

    def everything(self, incident: Incident) -> tuple[Procedure, ...]:
        """What there is to do, and what is to be done afterwards."""
        return (*self.procedures(incident), *self.afterwards(incident))

    def scenarios(self, incident: Incident) -> tuple[Procedure, ...]:
        """The incident's scenario and the further ones that it goes on in."""
        if incident.pursued:
            return find_scenarios(self.playbook, incident)
        scenario = self.scenario(incident)
        return (scenario,) if scenario is not None else ()

    def prohibitions(self, incident: Incident) -> tuple[Prohibition, ...]:
        """Everything that the playbook forbids in this incident: in what there is to do, then in the whole document."""
        own = (rule for procedure in self.procedures(incident) for rule in procedure.prohibitions)
        return (*own, *self.playbook.prohibitions)

    @property
    def top_id(self) -> str | None:
        """The id of the worst severity."""
        return self.playbook.severities[0].id if self.playbook.severities else None

    def severity(self, incident: Incident) -> Severity | None:
        """The incident's severity, null while it is unclassified."""
        return self._severities.get(incident.severity)

    @cached_property
    def _severities(self) -> dict[str | None, Severity]:
        """By id; of two with the same id, the first."""
        return {each.id: each for each in reversed(self.playbook.severities)}

    @cached_property
    def _worst(self) -> Severity | None:
        return min(self.playbook.severities, key=lambda each: each.rank, default=None)

    def paging_severity(self, incident: Incident) -> Severity | None:
        """The severity by which people are called: unclassified calls like the worst."""
        return self.severity(incident) or self._worst


def find_scenarios(playbook: Playbook, incident: Incident) -> tuple[Procedure, ...]:
    """The scenario that the incident is an instance of, and those that it goes on in, in the order of their joining."""
    if incident.scenario_line is None and not incident.pursued:
        return ()
    lines = dict.fromkeys((incident.scenario_line, *incident.pursued))
    found = (next((each for each in playbook.scenarios if each.line == line), None) for line in lines)
    return tuple(each for each in found if each is not None)


def within_s(severity: Severity | None, severities: tuple[Severity, ...]) -> int | None:
    """Seconds by which somebody must have taken it; null where only the calendar says (next business day).

    "Immediate" without a number takes the next level's number where there is one, at most 15 minutes (the bound that
    the playbooks which do state one agree on).
    """
    if severity is None:
        return 900
    response = severity.response
    if response.within_s is None and response.immediate:
        below = [s.response.within_s for s in severities if s.rank > severity.rank and s.response.within_s]
        return min([900, *below])
    return response.within_s


def is_quiet(response: Response) -> bool:
    """Whether a severity may wait for the day: nobody is woken for it."""
    return response.calendar is not Calendar.ELAPSED or (response.within_s or 0) >= QUIET_AFTER_S


def find_step(procedures: tuple[Procedure, ...], step_id: str) -> tuple[Procedure, Step] | None:
    """The step with this id, and the procedure that it belongs to."""
    for procedure in procedures:
        step = _index_steps(procedure).get(step_id)
        if step is not None:
            return procedure, step
    return None


@lru_cache(maxsize=256)
def number_steps(procedure: Procedure) -> tuple[tuple[str, Step], ...]:
    """The steps with their ids: ``L197`` for the step on line 197, ``L197.2`` for the second on that line.

    Remembered, since every plan and every screen asks for the steps of the same few procedures.
    """
    seen: dict[int, int] = {}
    numbered = []
    for step in procedure.steps:
        seen[step.line] = count = seen.get(step.line, 0) + 1
        numbered.append((f"L{step.line}" if count == 1 else f"L{step.line}.{count}", step))
    return tuple(numbered)


@lru_cache(maxsize=256)
def _index_steps(procedure: Procedure) -> dict[str, Step]:
    return dict(number_steps(procedure))
