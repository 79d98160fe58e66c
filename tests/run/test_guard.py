"""May it run? What is forbidden comes before what is missing, and that before who may allow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from msgspec.structs import replace

from tocsin.engine.decide import decide
from tocsin.errors import Conflict, Denied, IllegalMove, NotAuthorised, Prohibited
from tocsin.incident.book import InForce, TargetPolicy
from tocsin.incident.commands import LiftProhibition, Resolve
from tocsin.incident.role import answers_for
from tocsin.incident.state import StepRecord
from tocsin.playbook.model import Approval, Forbids, Playbook, Procedure, Prohibition
from tocsin.run.commands import ApproveStep, ProposeStep
from tocsin.run.guard import Allowed, Forbidden, NeedsApproval, Refused, Verdict, judge
from tocsin.run.program import Task
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Effect, Mode, Status, StepState

from .scene import HEAD, NOW, TARGET, Scene, compile_text

RESPONSE = """
### Diagnosis

```bash
df -h
cat /srv/app/.env
du -sh <folder>
```

### Mitigation

1. Make room

   ```bash
   ./scripts/make_room.sh
   docker restart web
   ```

2. If that is not enough

   ```bash
   rm -rf /var/cache/web
   docker restart <container>
   ```
"""
LOOK, SENSITIVE, BLANK = "df -h", "cat /srv/app/.env", "du -sh <folder>"
UNKNOWN, RESTART, DELETE, RESTART_ANY = (
    "./scripts/make_room.sh", "docker restart web", "rm -rf /var/cache/web", "docker restart <container>",
)  # fmt: skip
CHANGES = (UNKNOWN, RESTART, DELETE)

RESTARTS = Forbids(verbs=("restart", "reboot"))
DELETIONS = Forbids(effects=(Effect.DESTROY,))
ANYTHING = Forbids(effects=tuple(Effect))


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return compile_text(RESPONSE)


@pytest.fixture
def scene(playbook: Playbook) -> Scene:
    return Scene(playbook)


def ask(scene: Scene, statement: str, **given: str) -> Verdict:
    return judge(scene.task(statement, given), scene.incident, scene.book)


def ban(forbids: Forbids = RESTARTS, line: int = 90, scope: str = "scenario", **more: object) -> Prohibition:
    return Prohibition(line=line, text=f"Do not ({line})", scope=scope, forbids=forbids, **more)  # type: ignore[arg-type]


def gate(line: int, scope: str = "scenario", by: str | None = "security", **more: object) -> Approval:
    return Approval(line=line, text=f"Ask ({line})", scope=scope, by=by, **more)  # type: ignore[arg-type]


def line_of(scene: Scene, statement: str) -> int:
    step = scene.task(statement).step
    assert step is not None
    return step.line


def section_of(scene: Scene, statement: str) -> int:
    step = scene.task(statement).step
    assert step is not None
    assert step.section is not None
    return step.section


# ── what a statement does ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("statement", "effect", "kind"),
    [
        (LOOK, Effect.READ, Allowed),
        (SENSITIVE, Effect.READ_SENSITIVE, Allowed),
        (UNKNOWN, Effect.UNKNOWN, NeedsApproval),
        (RESTART, Effect.MUTATE, NeedsApproval),
        (DELETE, Effect.DESTROY, NeedsApproval),
        (BLANK, Effect.READ, Refused),
    ],
)
def test_only_what_looks_may_run_when_somebody_asks(
    scene: Scene, statement: str, effect: Effect, kind: type[Verdict]
) -> None:
    assert scene.task(statement).effect is effect
    assert type(ask(scene, statement)) is kind


def test_the_verdict_says_why_a_person_must_allow_it(scene: Scene) -> None:
    words = {UNKNOWN: "not known", RESTART: "changes something", DELETE: "does not come back"}
    for statement, said in words.items():
        verdict = ask(scene, statement)
        assert isinstance(verdict, NeedsApproval)
        assert said in verdict.why
        assert (verdict.by, verdict.line) == (None, None)


def test_a_statement_that_somebody_types_is_judged_alike(scene: Scene) -> None:
    kinds = {text: type(judge(scene.typed(text), scene.incident, scene.book)) for text in (LOOK, RESTART, "noidea --x")}
    assert kinds == {LOOK: Allowed, RESTART: NeedsApproval, "noidea --x": NeedsApproval}


# ── the order ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_verdict_shows_the_next_once_it_is_dealt_with(scene: Scene) -> None:
    scene.rule(prohibitions=(ban(lifted_by="security"),), approvals=(gate(91),))
    assert ask(scene, RESTART_ANY) == Forbidden("Line 90 forbids it: Do not (90)", 90)
    assert ask(scene, RESTART_ANY, container="web") == Forbidden("Line 90 forbids it: Do not (90)", 90)
    scene.incident = replace(scene.incident, lifted={90: "sec"})
    assert ask(scene, RESTART_ANY) == Refused("Fill in first: container.", ("container",))
    assert isinstance(ask(scene, RESTART_ANY, container="a b"), Refused)
    gated = ask(scene, RESTART_ANY, container="web")
    assert isinstance(gated, NeedsApproval)
    assert (gated.by, gated.line) == ("security", 91)
    scene.rule(approvals=())
    free = ask(scene, RESTART_ANY, container="web")
    assert isinstance(free, NeedsApproval)
    assert (free.by, free.line) == (None, None)


def test_even_a_look_is_forbidden_where_everything_is(scene: Scene) -> None:
    scene.rule(prohibitions=(ban(ANYTHING),))
    assert all(isinstance(ask(scene, statement), Forbidden) for statement in (LOOK, BLANK, SENSITIVE, *CHANGES))


# ── what is forbidden, and where ───────────────────────────────────────────────────────────────────────────────────


def forbidden(scene: Scene) -> set[str]:
    """The statements that are forbidden now."""
    return {text for text in scene.lines() if isinstance(ask(scene, text), Forbidden)}


@pytest.mark.parametrize("scope", ["scenario", "document"])
def test_a_rule_covers_the_lines_above_it_and_below_it(scene: Scene, scope: str) -> None:
    for line in (1, 9999):
        if scope == "document":
            scene.rule_all(prohibitions=(ban(line=line, scope=scope),))
        else:
            scene.rule(prohibitions=(ban(line=line, scope=scope),))
        assert forbidden(scene) == {RESTART, RESTART_ANY}


def test_a_rule_of_a_section_covers_that_section_and_what_is_typed(scene: Scene) -> None:
    here = section_of(scene, RESTART)
    scene.rule(prohibitions=(ban(ANYTHING, scope="section", section=here),))
    assert forbidden(scene) == {RESTART, RESTART_ANY, UNKNOWN, DELETE}
    assert isinstance(judge(scene.typed("docker restart db"), scene.incident, scene.book), Forbidden)


@pytest.mark.parametrize(
    ("severities", "holds"), [((), True), (("SEV-1",), True), (("SEV-2",), False), (("SEV-1", "SEV-2"), True)]
)
def test_a_rule_of_a_general_procedure_holds_at_its_severities(
    scene: Scene, severities: tuple[str, ...], holds: bool
) -> None:
    process = Procedure(title="Always", line=200, end_line=210, severities=severities, prohibitions=(ban(line=205),))
    scene.rule_all(processes=(process,))
    assert forbidden(scene) == ({RESTART, RESTART_ANY} if holds else set())


def test_a_rule_of_another_scenario_holds_only_in_its_own(scene: Scene) -> None:
    other = Procedure(title="Breach", line=300, end_line=310, prohibitions=(ban(line=305),))
    scene.rule_all(scenarios=(*scene.playbook.scenarios, other))
    assert forbidden(scene) == set()
    scene.incident = replace(scene.incident, scenario="Breach", scenario_line=300)
    typed = judge(scene.typed("docker restart web"), scene.incident, scene.book)
    assert isinstance(typed, Forbidden)


def test_a_lifted_rule_is_gone_and_the_others_stay(scene: Scene) -> None:
    scene.rule(prohibitions=(ban(line=90), ban(DELETIONS, line=91)))
    assert forbidden(scene) == {RESTART, RESTART_ANY, DELETE}
    scene.incident = replace(scene.incident, lifted={90: "sec"})
    assert forbidden(scene) == {DELETE}
    scene.rule_all(prohibitions=(ban(line=95, scope="document"),))
    assert forbidden(scene) == {RESTART, RESTART_ANY, DELETE}
    scene.incident = replace(scene.incident, lifted={90: "sec", 91: "sec", 95: "sec"})
    assert forbidden(scene) == set()


def test_what_the_values_say_counts_too(scene: Scene) -> None:
    """``docker <action> web`` says nothing of a restart until the blank is filled."""
    scene = Scene("\n### Mitigation\n\n```bash\ndocker <action> web\n```\n")
    scene.rule(prohibitions=(ban(),))
    assert isinstance(ask(scene, "docker <action> web", action="start"), NeedsApproval)
    assert isinstance(ask(scene, "docker <action> web", action="restart"), Forbidden)


def test_a_rule_about_words_for_the_public_forbids_no_statement(scene: Scene) -> None:
    scene.rule(prohibitions=(ban(Forbids(comms=True)),))
    assert forbidden(scene) == set()


def test_what_only_speaks_of_it_is_not_forbidden(scene: Scene) -> None:
    scene.rule(prohibitions=(ban(),))
    for text in ("grep restart /var/log/syslog", "docker ps --filter name=restart", "echo 'will restart'"):
        assert isinstance(judge(scene.typed(text), scene.incident, scene.book), Allowed)


# ── what other open incidents forbid ───────────────────────────────────────────────────────────────────────────────


def test_what_another_open_incident_forbids_is_forbidden_here_and_says_whose_it_is(scene: Scene) -> None:
    force = InForce(incident="team-7", scenario="Breach", prohibition=ban(line=90))
    scene.book = replace(scene.book, in_force=(force,))
    verdict = ask(scene, RESTART)
    assert verdict == Forbidden("Line 90 forbids it while team-7 (Breach) is open: Do not (90)", 90, "team-7")
    scene.incident = replace(scene.incident, lifted={90: "sec"})
    assert isinstance(ask(scene, RESTART), Forbidden), "what is lifted here is not lifted there"
    assert not isinstance(ask(scene, DELETE), Forbidden)


def test_the_own_rule_is_named_before_another_incidents(scene: Scene) -> None:
    force = InForce(incident="team-7", scenario="Breach", prohibition=ban(line=90))
    scene.book = replace(scene.book, in_force=(force,))
    scene.rule(prohibitions=(ban(line=91),))
    verdict = ask(scene, RESTART)
    assert isinstance(verdict, Forbidden)
    assert (verdict.line, verdict.incident) == (91, "")


TWO = (
    HEAD
    + """
## Playbook 1: Disk Full

**Severity**: SEV-1

**Alert**: `DiskFull`

### Mitigation

```bash
docker restart web
```

## Playbook 2: Break In

**Severity**: SEV-1

**Alert**: `BreakIn`

### Diagnosis

1. Find out who is in

### Containment

- Do not restart anything before Security approval
"""
)


def cast(name: str = "team", **changes: object) -> Cast:
    told = {"playbook": TWO.encode(), "name": name, "roles": {"security": ("sec",)}}
    return Cast(**{**told, **changes})  # type: ignore[arg-type]


async def refusal(story: Story, stream: str) -> str:
    """Why the restart of a stream is refused; empty where it is not."""
    incident, book = await story.look(stream)
    step = next(step for procedure in book.procedures(incident) for step in procedure.steps if step.statement)
    try:
        await story.approve(f"L{step.line}", "ana", stream)
    except Prohibited as error:
        return str(error)
    return ""


async def test_a_break_in_stops_restarts_of_the_whole_team_until_it_is_over() -> None:
    async with Story(cast()) as story:
        disk = await story.alert("DiskFull")
        breach = await story.alert("BreakIn")
        assert f"while {breach}" in await refusal(story, disk)
        await story.do(Resolve(by="ana"), breach)
        assert await refusal(story, disk) == ""


async def test_a_rule_that_was_lifted_in_its_own_incident_binds_no_other() -> None:
    async with Story(cast()) as story:
        disk = await story.alert("DiskFull")
        breach = await story.alert("BreakIn")
        refused = await refusal(story, disk)
        line = int(refused.split()[1])
        await story.do(LiftProhibition(by="sec", line=line, roles=("security",)), breach)
        assert await refusal(story, disk) == ""


async def test_another_teams_break_in_binds_nobody_here() -> None:
    async with Story(cast(), cast("other")) as story:
        disk = await story.alert("DiskFull", team="team")
        await story.alert("BreakIn", team="other")
        assert await refusal(story, disk) == ""


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
    step = scene.task(RESTART).id
    record = StepRecord(step=step, state=state, **more)  # type: ignore[arg-type]
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


# ── as documents say it ────────────────────────────────────────────────────────────────────────────────────────────


WRITTEN = """# Incident Response Playbook

**Never delete customer data.**

## Severity Levels

| Severity | Description | Response Time |
|----------|-------------|---------------|
| SEV-1 | Down | 15 minutes |

## Playbook 1: Disk Full

**Severity**: SEV-1

**Alert**: `DiskFull`

### Mitigation

1. Restart it (with engineering lead approval)

   ```bash
   docker restart web
   ```

2. Start what is missing

   ```bash
   docker start db
   rm -rf /var/cache/web
   ```
"""


@pytest.mark.parametrize(
    ("statement", "test"),
    [
        ("rm -rf /var/cache/web", lambda verdict: isinstance(verdict, Forbidden) and verdict.line == 3),
        ("docker restart web", lambda verdict: isinstance(verdict, NeedsApproval) and verdict.by == "engineering lead"),
        ("docker start db", lambda verdict: isinstance(verdict, NeedsApproval) and verdict.by is None),
    ],
)
def test_rules_and_gates_as_a_document_words_them(statement: str, test: Callable[[Verdict], bool]) -> None:
    scene = Scene(compile_text(WRITTEN, head=""))
    assert test(ask(scene, statement))


def test_what_is_typed_in_an_incident_without_a_scenario_is_bound_by_the_document() -> None:
    scene = Scene(compile_text(WRITTEN, head=""), scenario=None, scenario_line=None)
    task: Task = scene.typed("rm -rf /var/lib/mysql")
    assert isinstance(judge(task, scene.incident, scene.book), Forbidden)


@pytest.mark.parametrize(("tmp", "said"), [
    ("kept", "later steps find it there."), ("own", "what must last belongs into its working directory."),
    ("shared", "which steps of other incidents see too."),
])  # fmt: skip
def test_who_approves_is_told_what_becomes_of_what_it_writes_to_tmp(
    tmp: Literal["kept", "own", "shared"], said: str
) -> None:
    kept = compile_text("\n### Mitigation\n\n```bash\ndocker logs web > /tmp/evidence-$(date +%s).log\n```\n")
    scene = Scene(kept)
    scene.settle(targets=(TargetPolicy(name=TARGET, tmp=tmp),))
    verdict = ask(scene, "docker logs web > /tmp/evidence-$(date +%s).log")
    assert isinstance(verdict, NeedsApproval)
    assert verdict.why.endswith(said)
    assert "`/tmp/evidence-$(date +%s).log`" in verdict.why
