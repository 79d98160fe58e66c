"""Who may allow it: the gates that a playbook names, and the approvals that pass them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tocsin.engine.decide import decide
from tocsin.errors import Conflict, Denied, IllegalMove, NotAuthorised, Prohibited
from tocsin.incident.role import answers_for
from tocsin.incident.state import StepRecord
from tocsin.run.commands import ApproveStep, ProposeStep
from tocsin.run.guard import NeedsApproval, judge
from tocsin.timeline import events as e
from tocsin.words import Mode, Status, StepState

from .guarded import (
    CHANGES,
    DELETE,
    LOOK,
    RESTART,
    RESTART_ANY,
    SENSITIVE,
    UNKNOWN,
    ask,
    ban,
    forbidden,
    gate,
    line_of,
    section_of,
)
from .scene import NOW, Scene

# ── approval gates ─────────────────────────────────────────────────────────────────────────────────────────────────


def gated(scene: Scene) -> dict[str, int]:
    """Statement → line of the gate that it stands behind."""
    verdicts = {text: ask(scene, text, container="web", folder="srv") for text in scene.lines()}
    return {text: each.line for text, each in verdicts.items() if isinstance(each, NeedsApproval) and each.line}


def test_a_gate_on_a_scenario_or_document_holds_for_every_change_in_it(scene: Scene) -> None:
    scene.rule(approvals=(gate(90),))
    assert gated(scene) == dict.fromkeys((*CHANGES, RESTART_ANY), 90)
    scene.rule(approvals=())
    scene.rule_all(approvals=(gate(5, "document"),))
    assert gated(scene) == dict.fromkeys((*CHANGES, RESTART_ANY), 5)


def test_a_gate_on_a_section_holds_for_the_changes_of_that_section(scene: Scene) -> None:
    scene.rule(approvals=(gate(90, "section", section=section_of(scene, LOOK)),))
    assert gated(scene) == {}
    scene.rule(approvals=(gate(90, "section", section=section_of(scene, RESTART)),))
    assert gated(scene) == dict.fromkeys((*CHANGES, RESTART_ANY), 90)


def test_a_gate_on_a_step_holds_for_its_lines_whatever_they_do(scene: Scene) -> None:
    first, last = line_of(scene, UNKNOWN), line_of(scene, RESTART)
    scene.rule(approvals=(gate(first - 3, "step", end_line=last + 1),))
    assert gated(scene) == {UNKNOWN: first - 3, RESTART: first - 3}
    look = line_of(scene, LOOK)
    scene.rule(approvals=(gate(look, "step"),))
    assert gated(scene) == {LOOK: look}, "a gate without an end is one line long"


def test_the_narrowest_gate_is_the_one_that_counts(scene: Scene) -> None:
    line = line_of(scene, RESTART)
    gates = (
        gate(1, "scenario", by="anybody"),
        gate(2, "section", by="lead", section=section_of(scene, RESTART)),
        gate(line, "step", by="security"),
    )
    for order in (gates, gates[::-1]):
        scene.rule(approvals=order)
        scene.rule_all(approvals=(gate(3, "document", by="boss"),))
        assert gated(scene) == {UNKNOWN: 2, DELETE: 2, RESTART_ANY: 2, RESTART: line}


def test_a_statement_that_somebody_types_stands_behind_the_gates_of_scenario_and_document(scene: Scene) -> None:
    def by(text: str) -> str | None:
        verdict = judge(scene.typed(text), scene.incident, scene.book)
        return verdict.by if isinstance(verdict, NeedsApproval) else "allowed"

    scene.rule_all(approvals=(gate(3, "document", by="boss"),))
    assert (by(RESTART), by(LOOK)) == ("boss", "allowed")
    scene.rule(approvals=(gate(90, by="security"),))
    assert by(RESTART) == "security"
    scene.rule(approvals=(gate(line_of(scene, RESTART), "step"),))
    scene.rule_all(approvals=())
    assert by(RESTART) is None


def test_do_not_without_approval_is_no_gate_on_everything_around_it(scene: Scene) -> None:
    """The line forbids, and says who lifts it; whatever it does not forbid needs nobody's approval for it."""
    scene.rule(prohibitions=(ban(line=90, lifted_by="security"),), approvals=(gate(90),))
    assert gated(scene) == {}
    assert forbidden(scene) == {RESTART, RESTART_ANY}


@pytest.mark.parametrize(
    ("held", "wanted", "may"),
    [
        ("security", "security", True),
        ("Security Team", "security", True),
        ("security", "Security Team", True),
        ("security team lead", "Security Team", True),
        ("Incident Commander", "incident commander", True),
        ("Engineering Leads", "engineering lead", True),
        ("IC", "IC or security lead", True),
        ("IC", "technical lead", False),
        ("IC", "Public Relations", False),
        ("ops", "DevOps", False),
        ("team lead", "Security Team", False),
        ("team", "Security Team", False),
        ("the lead", "engineering lead", False),
        ("security", "engineering lead", False),
        ("", "security", False),
        ("security", "", False),
        ("", "", False),
    ],
)
def test_who_answers_for_a_role(held: str, wanted: str, may: bool) -> None:
    assert answers_for(held, wanted) is may


# ── from the verdict to the approval ───────────────────────────────────────────────────────────────────────────────


def approve(scene: Scene, statement: str, **changes: object) -> tuple[e.Event, ...]:
    task = scene.task(statement)
    told = {"by": "ana", "step": task.id, "digest": task.digest}
    command = ApproveStep(**{**told, **changes})  # type: ignore[arg-type]
    return decide(scene.incident, scene.book, command, NOW)


def test_an_approval_is_of_one_digest_by_one_person(scene: Scene) -> None:
    task = scene.task(RESTART)
    assert approve(scene, RESTART) == (e.StepApproved(step=task.id, digest=task.digest, by="ana"),)
    with pytest.raises(Conflict, match="Look again"):
        approve(scene, RESTART, digest=scene.task(DELETE).digest)
    with pytest.raises(Conflict):
        approve(scene, RESTART_ANY, bindings={"container": "web"}), "the digest was of the unfilled blank"


def test_only_the_role_that_the_gate_names_may_allow_it(scene: Scene) -> None:
    scene.rule(approvals=(gate(90, by="technical lead"),))
    for roles in ((), ("IC",), ("security", "lead")):
        with pytest.raises(NotAuthorised, match="technical lead") as refused:
            approve(scene, RESTART, roles=roles)
        assert refused.value.line == 90
    assert approve(scene, RESTART, roles=("Technical Lead",))
    scene.rule(approvals=(gate(90, by=None),))
    assert approve(scene, RESTART), "a gate that names nobody is anybody's"


def test_what_is_forbidden_leaves_a_record_of_who_tried(scene: Scene) -> None:
    scene.rule(prohibitions=(ban(),))
    with pytest.raises(Prohibited, match="Line 90") as refused:
        approve(scene, RESTART, roles=("security",))
    (record,) = refused.value.record
    assert (record.step, record.line, record.by) == (scene.task(RESTART).id, 90, "ana")


@pytest.mark.parametrize(
    ("state", "more", "said"),
    [
        (StepState.RUNNING, {"intent": 3}, "already running"),
        (StepState.WAITING, {"approved_by": "bo"}, "already running, approved by bo"),
        (StepState.IN_DOUBT, {"intent": 3}, "in doubt"),
    ],
)
def test_what_is_on_its_way_or_in_doubt_is_not_allowed_again(
    scene: Scene, state: StepState, more: dict[str, object], said: str
) -> None:
    task = scene.task(RESTART)
    step = task.id
    record = StepRecord(step=step, state=state, digest=task.digest, **more)  # type: ignore[arg-type]
    scene.incident = replace(scene.incident, steps={step: record})
    with pytest.raises(IllegalMove, match=said):
        approve(scene, RESTART)


def test_nothing_runs_for_a_closed_incident(scene: Scene) -> None:
    scene.incident = replace(scene.incident, status=Status.CLOSED)
    with pytest.raises(IllegalMove, match="closed"):
        approve(scene, LOOK)


@pytest.mark.parametrize(
    ("mode", "statement", "may"),
    [
        (Mode.SHADOW, LOOK, False),
        (Mode.SHADOW, RESTART, False),
        (Mode.ASSIST, LOOK, True),
        (Mode.ASSIST, SENSITIVE, True),
        (Mode.ASSIST, UNKNOWN, False),
        (Mode.ASSIST, RESTART, False),
        (Mode.LIVE, DELETE, True),
    ],
)
def test_a_mode_bounds_what_anybody_may_allow(scene: Scene, mode: Mode, statement: str, may: bool) -> None:
    scene.settle(mode=mode)
    if may:
        assert approve(scene, statement)
    else:
        with pytest.raises(Denied, match=f"{mode} mode"):
            approve(scene, statement)


def test_nothing_runs_where_nothing_can_be_isolated(scene: Scene) -> None:
    scene.book = replace(scene.book, no_isolation="Install bubblewrap.")
    with pytest.raises(Denied, match="bubblewrap"):
        approve(scene, LOOK)


def test_lines_that_a_browser_sends_are_lines_of_a_shell(scene: Scene) -> None:
    (proposed,) = decide(scene.incident, scene.book, ProposeStep(by="ana", text=" df -h\r\ndate\r\n"), NOW)
    assert isinstance(proposed, e.StepProposed)
    assert proposed.text == "df -h\ndate"


def test_a_forbidden_statement_is_not_even_taken_down(scene: Scene) -> None:
    scene.rule_all(prohibitions=(ban(scope="document"),))
    with pytest.raises(Prohibited) as refused:
        decide(scene.incident, scene.book, ProposeStep(by="ana", text="sudo systemctl restart nginx"), NOW)
    assert [type(each) for each in refused.value.record] == [e.StepProposed, e.StepForbidden]
