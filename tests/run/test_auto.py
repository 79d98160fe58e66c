"""What runs without anybody asking: only what looks, only where one looks, only while everything allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.incident.state import StepRecord
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Staffing
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Approval, Forbids, Prohibition
from tocsin.run.auto import find_reads
from tocsin.run.plan import plan
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import LOOKING, Effect, Mode, SectionKind, Status, StepState

from .scene import HEAD, KNOWLEDGE, NOW, SCENARIO, TARGET, Scene, seen

ROTA = Rota(staffing=Staffing(), people={})


def fence(*lines: str) -> str:
    return "\n```bash\n" + "\n".join(lines) + "\n```\n"


def alone(scene: Scene) -> list[str]:
    """The statements that may run by themselves."""
    return [task.statement.text for task in find_reads(scene.incident, scene.book)]


def requested(scene: Scene) -> list[str]:
    """The statements that the planner asks for now."""
    events = plan(scene.incident, scene.book, ROTA, NOW).events
    return [event.text for event in events if isinstance(event, e.StepRequested)]


# ── which statements ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "df -h",
        "kubectl get pods",
        "docker ps | grep web",
        "curl -s http://localhost:9090/health",
        "echo looking",
        "date",
    ],
)
def test_what_only_looks_runs(text: str) -> None:
    assert alone(Scene("\n### Diagnosis\n" + fence(text))) == [text]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("docker restart web", "it changes something"),
        ("rm -rf /tmp/x", "it deletes"),
        ("./scripts/look.sh", "nobody knows what it does"),
        ("cat /srv/app/.env", "it may show secrets"),
        ("sudo dmesg", "it asks for root"),
        ("tail -f /var/log/syslog", "it never ends"),
        ("watch df -h", "it never ends"),
        ("kubectl edit deployment web", "it waits for a person"),
        ("psql", "it waits for a person"),
        ("df -h > /tmp/out", "it writes a file"),
        ("curl -sT /etc/hosts http://example.org/", "it sends something out"),
        ("df -h <folder>", "a blank is open"),
        ("cd /srv", "alone it means nothing"),
        ("export A=1", "alone it means nothing"),
        ("cat <<EOF\n<host>\nEOF", "no value can be put there"),
    ],
)
def test_what_does_more_or_cannot_end_well_waits_for_a_person(text: str, why: str) -> None:
    scene = Scene("\n### Diagnosis\n" + fence("df -h", text, "date"), alerts={"f": seen(host="web-1")})
    assert text not in alone(scene), why
    assert alone(scene)[0] == "df -h"


def test_a_blank_that_a_label_fills_is_no_obstacle() -> None:
    scene = Scene("\n### Diagnosis\n" + fence("df -h <folder>"), alerts={"f": seen(folder="srv")})
    assert alone(scene) == ["df -h <folder>"]
    assert requested(scene) == ['df -h "${TOCSIN_P_FOLDER}"']


@pytest.mark.parametrize("value", ["-rf", "a b", "$(touch PWN)", "a/../../etc"])
def test_a_blank_that_a_hostile_label_would_fill_stays_open(value: str) -> None:
    assert alone(Scene("\n### Diagnosis\n" + fence("cat <folder>"), alerts={"f": seen(folder=value)})) == []


@pytest.mark.parametrize(
    ("text", "allow"),
    [
        ("cat /srv/app/.env", "read_sensitive"),
        ("sudo dmesg", "privileged"),
    ],
)
def test_a_target_may_allow_more_looks_but_one_at_a_time(text: str, allow: str) -> None:
    scene = Scene("\n### Diagnosis\n" + fence(text, "df -h", "./scripts/look.sh"))
    for allowed, expected in ((allow, [text, "df -h"]), ({"read_sensitive", "privileged"} - {allow}, ["df -h"])):
        scene.allow(*([allowed] if isinstance(allowed, str) else allowed))
        assert alone(scene) == expected


def test_what_a_line_needs_of_the_lines_above_it_counts_for_it() -> None:
    scene = Scene("\n### Diagnosis\n" + fence("cd /srv", "ls -l", "TOKEN=$(./login.sh)", "du -sh $TOKEN"))
    assert alone(scene) == ["ls -l"], "what `du` stands behind is not known"
    assert requested(scene) == ["cd /srv &&\n{\nls -l\n}"]


# ── in which sections ──────────────────────────────────────────────────────────────────────────────────────────────

SECTIONS = {
    "Symptoms": SectionKind.SYMPTOMS,
    "Detection": SectionKind.DETECTION,
    "Triage": SectionKind.TRIAGE,
    "Diagnosis": SectionKind.DIAGNOSIS,
    "Investigation": SectionKind.INVESTIGATION,
    "Immediate Actions": SectionKind.IMMEDIATE,
    "Containment": SectionKind.CONTAINMENT,
    "Mitigation": SectionKind.MITIGATION,
    "Resolution": SectionKind.RESOLUTION,
    "Recovery": SectionKind.RECOVERY,
    "Verification": SectionKind.VERIFICATION,
}


@pytest.mark.parametrize("title", SECTIONS)
def test_only_sections_for_looking_are_looked_through(title: str) -> None:
    other = "Triage" if title == "Diagnosis" else "Diagnosis"
    scene = Scene(f"\n### {other}\n" + fence("df -h") + f"\n### {title}\n" + fence("date"))
    kinds = {section.title: section.kind for section in scene.scenario.sections}
    assert kinds[title] is SECTIONS[title]
    assert ("date" in alone(scene)) is (kinds[title] in LOOKING)


def test_without_such_a_section_the_reads_before_the_first_change_run() -> None:
    scene = Scene("\n### Resolution\n" + fence("df -h", "echo x", "date", "docker restart web", "uptime"))
    assert alone(scene) == ["df -h", "echo x", "date"]
    scene = Scene("\n### Resolution\n" + fence("docker restart web", "uptime"))
    assert alone(scene) == []


def test_a_secret_before_the_first_change_ends_it_too() -> None:
    assert alone(Scene("\n### Resolution\n" + fence("df -h", "cat /srv/app/.env", "date"))) == ["df -h"]


@pytest.mark.parametrize(
    ("chooses", "look"),
    [
        ("kubectl config use-context eu", "kubectl get pods"),
        ("kubectl config use-context eu", "helm list"),
        ("kubectl config set-context --current --namespace shop", "kubectl get pods | grep web"),
        ("kubectx eu", "kubectl get nodes"),
        ("gcloud config set project eu", "gcloud compute instances list"),
        ("az account set --subscription eu", "az vm list"),
        ("docker context use eu", "docker ps"),
    ],
)
def test_a_look_waits_for_the_line_that_chooses_where_it_looks(chooses: str, look: str) -> None:
    """Before it was done the look would be at another cluster than the playbook means."""
    scene = Scene("\n### Diagnosis\n" + fence("uptime", chooses, look, "df -h"))
    assert alone(scene) == ["uptime", "df -h"]
    chooser = scene.lines()[chooses]
    for state, looks in ((StepState.FAILED, False), (StepState.OK, True), (StepState.SKIPPED, True)):
        scene.incident = replace(scene.incident, steps={chooser: StepRecord(step=chooser, state=state)})
        assert (look in alone(scene)) is looks


def test_a_look_that_says_where_or_stands_above_waits_for_no_choice() -> None:
    lines = ("kubectl get nodes", "kubectl config use-context eu", "kubectl --context eu get pods", "docker ps")
    assert alone(Scene("\n### Diagnosis\n" + fence(*lines))) == [lines[0], *lines[2:]]


def test_nothing_runs_under_a_condition() -> None:
    text = "\n### Diagnosis\n" + fence("df -h", "# If the disk is full", "du -sh /srv", "# Otherwise", "uptime")
    assert alone(Scene(text)) == ["df -h"]
    text = "\n### Diagnosis\n\n1. **If the disk is full**:\n\n   ```bash\n   du -sh /srv\n   ```\n"
    assert alone(Scene(text)) == []


def test_general_procedures_do_not_run_by_themselves() -> None:
    inner = Scene("\n### Diagnosis\n" + fence("date")).scenario
    process = replace(inner, title="Response", line=500, end_line=520, alerts=())
    scene = Scene("\n### Diagnosis\n" + fence("df -h"))
    scene.rule_all(processes=(process,))
    assert alone(scene) == ["df -h"]


def test_an_incident_without_a_scenario_runs_nothing() -> None:
    assert alone(Scene(scenario=None, scenario_line=None)) == []


def test_what_is_forbidden_or_gated_does_not_run() -> None:
    scene = Scene("\n### Diagnosis\n" + fence("df -h", "date"))
    line = scene.task("date").step.line  # type: ignore[union-attr]
    scene.rule(approvals=(Approval(line=line, text="Ask", scope="step", by="security"),))
    assert alone(scene) == ["df -h"]
    rule = Prohibition(line=99, text="Touch nothing", scope="scenario", forbids=Forbids(effects=(Effect.READ,)))
    scene.rule(prohibitions=(rule,))
    assert alone(scene) == []


# ── when ───────────────────────────────────────────────────────────────────────────────────────────────────────────

MANY = "\n### Diagnosis\n" + fence("df -h", "date", "uptime", "free -h")


@pytest.mark.parametrize("status", Status)
def test_only_while_it_goes_on_and_nobody_has_fixed_it(status: Status) -> None:
    scene = Scene(MANY, status=status)
    assert bool(requested(scene)) is (status in (Status.ACTIVE, Status.ACKNOWLEDGED))


@pytest.mark.parametrize(
    "change", [{"activated": False}, {"frozen": True}, {"no_isolation": "Install bubblewrap."}], ids=str
)
def test_not_while_the_book_says_no(change: dict[str, Any]) -> None:
    scene = Scene(MANY)
    assert requested(scene)
    scene.book = replace(scene.book, **change)
    assert requested(scene) == []


def test_not_without_a_target() -> None:
    scene = Scene(MANY)
    scene.settle(targets=())
    assert requested(scene) == []


def test_at_most_two_at_a_time_in_the_order_of_the_document() -> None:
    scene = Scene(MANY)
    assert requested(scene) == ["df -h", "date"]
    ids = scene.lines()

    def ran(*states: StepState) -> list[str]:
        records = {
            ids[text]: StepRecord(step=ids[text], state=state)
            for text, state in zip(("df -h", "date"), states, strict=False)
        }
        scene.incident = replace(scene.incident, steps=records)
        return requested(scene)

    assert ran(StepState.RUNNING, StepState.RUNNING) == []
    assert ran(StepState.OK, StepState.RUNNING) == ["uptime"]
    assert ran(StepState.FAILED, StepState.OK) == ["uptime", "free -h"]
    assert ran(StepState.SKIPPED) == ["date", "uptime"], "what somebody left out does not run by itself"


def test_what_ran_once_is_not_run_again_by_itself() -> None:
    scene = Scene("\n### Diagnosis\n" + fence("df -h"))
    step = scene.lines()["df -h"]
    for state in StepState:
        scene.incident = replace(scene.incident, steps={step: StepRecord(step=step, state=state)})
        assert requested(scene) == []


def test_the_request_says_what_it_is() -> None:
    scene = Scene("\n### Diagnosis\n" + fence("df -h"))
    (event,) = plan(scene.incident, scene.book, ROTA, NOW).events
    assert isinstance(event, e.StepRequested)
    assert (event.target, event.effect, event.by, event.changes) == (TARGET, Effect.READ, "tocsin", False)
    assert event.digest == scene.task("df -h").digest


# ── an approved step ───────────────────────────────────────────────────────────────────────────────────────────────

FIX = "\n### Mitigation\n" + fence("docker restart web", "docker restart <container>")


def approved(scene: Scene, statement: str, **record: Any) -> None:
    task = scene.task(statement, record.get("bindings"))
    told = {"step": task.id, "state": StepState.WAITING, "approved_by": "ana", "digest": task.digest, **record}
    scene.incident = replace(scene.incident, steps={task.id: StepRecord(**told)})


def test_what_a_person_approved_runs_with_their_values() -> None:
    scene = Scene(FIX)
    approved(scene, "docker restart <container>", bindings={"container": "web"})
    (event,) = plan(scene.incident, scene.book, ROTA, NOW).events
    assert isinstance(event, e.StepRequested)
    assert (event.by, event.changes, event.bindings) == ("ana", True, {"TOCSIN_P_CONTAINER": "web"})


@pytest.mark.parametrize(
    "change", [{"digest": "other"}, {"approved_by": None}, {"state": StepState.SKIPPED}, {"state": StepState.FORBIDDEN}]
)
def test_nothing_else_runs_in_its_name(change: dict[str, Any]) -> None:
    scene = Scene(FIX)
    approved(scene, "docker restart web", **change)
    assert requested(scene) == []


def test_an_approval_survives_a_freeze_and_a_changed_playbook() -> None:
    """Those stop what runs by itself; a person has looked at this one."""
    scene = Scene(FIX)
    approved(scene, "docker restart web")
    scene.book = replace(scene.book, frozen=True, activated=False)
    assert requested(scene) == ["docker restart web"]


# ── in a story ─────────────────────────────────────────────────────────────────────────────────────────────────────


def cast(text: str = MANY, **changes: Any) -> Cast:
    return Cast(playbook=(HEAD + SCENARIO + text).encode(), **changes)


def ran(story: Story) -> list[str]:
    return [step.text for step in story.recorder.steps]


async def test_all_reads_run_one_after_another_before_anybody_has_looked() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        assert sorted(ran(story)) == ["date", "df -h", "free -h", "uptime"]


async def test_a_shadow_decides_and_shows_and_runs_nothing() -> None:
    async with Story(cast(mode=Mode.SHADOW)) as story:
        await story.alert("DiskFull")
        assert (ran(story), story.pages()) == ([], [])
        assert await story.events(e.StepRequested)
        withheld = [entry.event for entry in await story.events(e.StepNotRun)]
        assert all(isinstance(event, e.StepNotRun) and "Shadow" in event.why for event in withheld)


async def test_an_assistant_reads() -> None:
    async with Story(cast(mode=Mode.ASSIST)) as story:
        await story.alert("DiskFull")
        assert len(ran(story)) == 4


@pytest.mark.parametrize(
    ("stop", "go"),
    [
        (e.FreezeSet(on=True, by="ana"), lambda digest: e.FreezeSet(on=False, by="ana")),
        (e.PlaybookActivated(digest="older", by="ana"), lambda digest: e.PlaybookActivated(digest=digest, by="ana")),
    ],
    ids=["freeze", "activation"],
)
async def test_what_was_held_back_runs_once_it_may(stop: e.Event, go: Callable[[str], e.Event]) -> None:
    async with Story(cast()) as story:
        await story.journal.change_team("team", stop)
        await story.alert("DiskFull")
        assert ran(story) == []
        await story.journal.change_team("team", go((await story.incident()).playbook))
        await story.settle()
        assert len(ran(story)) == 4


async def test_a_changed_playbook_runs_nothing_until_a_person_has_read_it() -> None:
    """The new document has another digest than the one that was activated."""
    async with Story(cast()) as story:
        text = HEAD + SCENARIO + MANY.replace("df -h", "df -i")
        changed = compile_playbook(text.encode(), "team.md", KNOWLEDGE, today=NOW.date())
        team = replace(story.shelf.settings.teams["team"], playbook=changed, source=text.encode())
        story.shelf.settings = replace(story.shelf.settings, teams={"team": team})
        await story.shelf.keep_playbooks()
        await story.alert("DiskFull")
        assert ran(story) == []
        await story.journal.change_team("team", e.PlaybookActivated(digest=changed.digest, by="ana"))
        await story.settle()
        assert "df -i" in ran(story)


async def test_a_read_that_fails_is_not_tried_again_and_holds_up_nothing() -> None:
    async with Story(cast()) as story:
        story.recorder.answer = lambda text: Answer(exit_code=1)
        await story.alert("DiskFull")
        await story.advance("1h")
        assert len(ran(story)) == 4
        states = {record.state for record in (await story.incident()).steps.values()}
        assert states == {StepState.FAILED}
