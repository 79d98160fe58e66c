"""The people of an incident as they are shown: who is being called, who is next, and who plays which role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tocsin.incident.calling import Call
from tocsin.incident.escalating import Matter, find_matters
from tocsin.incident.known import find_answer
from tocsin.incident.obligation import ROLE
from tocsin.page.clocks import read_clocks
from tocsin.page.ladder import Demand, find_demands
from tocsin.page.plan import CALLING
from tocsin.playbook.model import Remark, Role
from tocsin.web.views.scene import Cite, Scene, View, Who, clean

MOST_DUTIES = 8
MOST_TICKS = 30


class CallView(View, frozen=True, kw_only=True):
    """The calling of one responder.

    `answered_at` ends it; `answered_by` did that, often somebody else than `who`, and nobody where the incident ended.
    `withheld` says why a page that was decided did not go out; one that is put off waits `until` quiet hours end.
    """

    who: Who
    channel: str
    round: int
    state: str
    reached: str = ""
    first_at: datetime
    last_at: datetime
    answered_at: datetime | None = None
    answered_by: Who | None = None
    withheld: str = ""
    until: datetime | None = None
    cite: Cite | None = None


class NextCall(View, frozen=True, kw_only=True):
    """Who is called next if nothing changes: `names` as the ladder or the playbook has them, `who` they are then.

    `unless` is what keeps them from being called: that it is `acknowledged`, or only that it is `resolved`.
    """

    names: tuple[str, ...]
    who: tuple[Who, ...]
    at: datetime
    why: str
    unless: str
    cite: Cite | None = None


class TickView(View, frozen=True, kw_only=True):
    """A duty of a role on its line; `by` and `at` are of whoever did it; the timeline may show it by itself."""

    line: int
    text: str
    done: bool = False
    by: Who | None = None
    at: datetime | None = None
    cite: Cite | None = None


class RoleView(View, frozen=True, kw_only=True):
    """A role, its duties as the playbook writes them, who plays it, and, of a role of several, who does so beside.

    `demands` is what the playbook asks of whoever does, `eligible` those whom the settings allow (empty: anybody).
    `due_at` is until when somebody must, if the playbook wants it filled and nobody does.
    """

    title: str
    abbr: str
    who: Who | None = None
    others: tuple[Who, ...] = ()
    cite: Cite | None = None
    duties: tuple[str, ...] = ()
    checklist: tuple[TickView, ...] = ()
    demands: tuple[str, ...] = ()
    eligible: tuple[Who, ...] = ()
    due_at: datetime | None = None


class QuestionView(View, frozen=True, kw_only=True):
    """What speaks for calling somebody: a condition of the playbook, or a level and the matters that it is there for.

    `line` is what the answer names; `condition` is empty where the level names no matter. `holds` is the last answer,
    null while nobody has given one, and `corrects` whose yes it takes back; `raises` the severity that a yes sets.
    `called_at` is when those people were called, by an answer or by a clock.
    """

    line: int
    condition: str
    who: tuple[str, ...]
    is_question: bool
    holds: bool | None = None
    by: Who | None = None
    answered_at: datetime | None = None
    corrects: Who | None = None
    reason: str = ""
    called_at: datetime | None = None
    asked_at: datetime | None = None
    raises: str = ""
    cite: Cite | None = None


def show_calls(scene: Scene) -> tuple[CallView, ...]:
    """Everybody who has been called, those who have not answered first."""
    calls = sorted(scene.incident.calls.values(), key=lambda call: (call.answered_at is not None, call.first_at))
    return tuple(_show_call(call, scene) for call in calls)


def _show_call(call: Call, scene: Scene) -> CallView:
    return CallView(
        who=Who(id=call.responder, name=scene.name(call.responder)),
        channel=call.channel,
        round=call.round,
        state=call.state,
        reached=scene.incident.reached.get(call.intent, ""),
        first_at=call.first_at,
        last_at=call.last_at,
        answered_at=call.answered_at,
        answered_by=scene.who(call.answered_by),
        withheld=clean(call.withheld, 200),
        until=call.until,
        cite=scene.cite(call.line),
    )


def find_next_call(scene: Scene) -> NextCall | None:
    """The next demand ahead; null where nobody would be called by time alone."""
    if scene.incident.status not in CALLING or scene.incident.is_hushed:
        return None
    clocks = read_clocks(scene.incident, scene.book)
    demands = find_demands(scene.incident, scene.book, scene.rota.staffing, clocks)
    ahead = [each for each in demands if each.key not in scene.incident.joined and each.due > scene.now]
    return _show_next(ahead[0], scene) if ahead else None


def _show_next(demand: Demand, scene: Scene) -> NextCall:
    found = scene.rota.answer_all(demand.who, demand.due)
    return NextCall(
        names=tuple(clean(each, 100) for each in demand.who),
        who=tuple(Who(id=each, name=scene.name(each)) for each in found),
        at=demand.due,
        why=clean(demand.why, 200),
        unless="resolved" if demand.is_escalation else "acknowledged",
        cite=scene.cite(demand.line),
    )


def show_roles(scene: Scene) -> tuple[RoleView, ...]:
    """The playbook's roles, then those that somebody took beside them; a commander is always among them."""
    taken = {role.casefold(): who for role, who in scene.incident.roles.items()}
    beside_them = {role.casefold(): others for role, others in scene.incident.beside.items()}
    roles = [
        RoleView(
            title=clean(role.title, 100),
            abbr=role.abbr or "",
            who=scene.who(next((taken[name] for name in _names(role) if name in taken), None)),
            others=_list_others(role, beside_them, scene),
            cite=scene.cite(role.line),
            duties=tuple(clean(duty.text, 200) for duty in role.duties[:MOST_DUTIES]),
            checklist=tuple(_show_tick(each, scene) for each in (*role.duties, *role.checklist)[:MOST_TICKS]),
            demands=tuple(clean(each.text, 200) for each in role.demands[:MOST_DUTIES]),
            eligible=tuple(Who(id=each, name=scene.name(each)) for each in _find_eligible(role, scene)),
            due_at=_find_due(role, scene),
        )
        for role in scene.book.playbook.roles
    ]
    known = {name for role in scene.book.playbook.roles for name in _names(role)}
    beside = [
        RoleView(title=clean(role, 100), abbr="", who=scene.who(who))
        for role, who in scene.incident.roles.items()
        if role.casefold() not in known
    ]
    return (*_with_commander([*roles, *beside]),)


def _list_others(role: Role, beside: Mapping[str, Sequence[str]], scene: Scene) -> tuple[Who, ...]:
    found = dict.fromkeys(each for name in _names(role) for each in beside.get(name, ()))
    return tuple(Who(id=each, name=scene.name(each)) for each in found)


def _show_tick(duty: Remark, scene: Scene) -> TickView:
    """What somebody ticked, or what the timeline shows by itself."""
    said = scene.incident.ticked.get(duty.line)
    seen = find_answer(duty.text, scene.incident) if said is None else None
    return TickView(
        line=duty.line,
        text=clean(duty.text, 200),
        done=said.holds if said is not None else seen is not None,
        by=scene.who(said.by) if said is not None else None,
        at=said.at if said is not None else seen,
        cite=scene.cite(duty.line),
    )


def _find_eligible(role: Role, scene: Scene) -> tuple[str, ...]:
    known = scene.book.policy.eligible.items()
    return next((who for name, who in known if name.casefold() == role.title.casefold()), ())


def _find_due(role: Role, scene: Scene) -> datetime | None:
    duty = scene.incident.obligations.get(f"{ROLE}:{role.title}")
    return duty.due_at if duty is not None and duty.is_open else None


def _names(role: Role) -> tuple[str, ...]:
    """What a role may be called when somebody takes it, in small letters."""
    title, abbr = role.title.casefold(), (role.abbr or role.title).casefold()
    return title, abbr, f"{title} ({abbr})"


def _with_commander(roles: list[RoleView]) -> list[RoleView]:
    if any("commander" in role.title.casefold() for role in roles):
        return roles
    return [RoleView(title="Incident commander", abbr="IC"), *roles]


def show_questions(scene: Scene) -> tuple[QuestionView, ...]:
    """The escalations that people answer for, questions first, of the whole playbook and of what is being done."""
    matters = sorted(find_matters(scene.incident, scene.book), key=lambda each: not each.is_condition)
    return tuple(_show_question(each, scene) for each in matters)


def _show_question(matter: Matter, scene: Scene) -> QuestionView:
    said = scene.incident.answered.get(matter.line)
    return QuestionView(
        line=matter.line,
        condition=clean(matter.text, 300),
        who=tuple(clean(name, 100) for name in matter.escalation.who),
        is_question=matter.is_condition,
        holds=said.holds if said else None,
        by=scene.who(said.by) if said else None,
        answered_at=said.at if said else None,
        corrects=scene.who(said.corrects) if said and said.corrects else None,
        reason=clean(said.reason, 300) if said and said.corrects else "",
        called_at=scene.incident.joined.get(f"line:{matter.escalation.line}"),
        asked_at=said.at if said and said.holds else None,
        raises=matter.raises,
        cite=scene.cite(matter.line),
    )
