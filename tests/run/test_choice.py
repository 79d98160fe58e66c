"""Several ways in a playbook: taking one leaves the others to a person who says so."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.run.scene import NOW, Scene

from tocsin.engine.decide import decide
from tocsin.errors import Denied, NotFound
from tocsin.incident.book import number_steps
from tocsin.incident.evolve import evolve
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Staffing
from tocsin.run.barrier import CallBarrier, TellReady
from tocsin.run.choice import find_choices, find_way
from tocsin.run.commands import ApproveStep, FinishStep
from tocsin.run.guard import Allowed, NeedsApproval, Refused, judge
from tocsin.run.plan import plan
from tocsin.run.turns import TakeWay
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import StepKind

ROTA = Rota(staffing=Staffing(), people={})


def fence(*lines: str) -> str:
    return "\n".join(["```bash", *lines, "```", ""])


RESTORE = "\n### Resolution\n\n" + fence(
    "# Stop node",
    "docker stop web",
    "# Restore from backup",
    "cp -r /backups/latest /data/web",
    "# Or resync from network",
    "rm -rf /data/web/db",
    "docker start web",
)
OPTIONS = "\n### Resolution\n\n**Option A: Restart**\n" + fence("docker restart web") + "\n**Option B: Roll back**\n"
OPTIONS += fence("git checkout v1") + "\n**Option C: Fail over**\n\n- Promote the replica by hand\n"
CASES = "\n### Resolution\n\n**If the disk is full:**\n" + fence("docker restart logs")
CASES += "\n**If the database is corrupt:**\n" + fence("docker restart db", "docker ps")


def do(scene: Scene, command: Any) -> list[e.Event]:
    """Decide, and take the events over; the kinds that came of it."""
    events = decide(scene.incident, scene.book, command, NOW)
    for event in events:
        entry = Entry(stream="team-1", seq=scene.incident.seq + 1, at=NOW, recorded_at=NOW, event=event)
        scene.incident = evolve(scene.incident, entry)
    return list(events)


def approve(scene: Scene, text: str) -> list[e.Event]:
    """Approve the step that has this statement; with somebody else too, where it takes two."""
    task = scene.task(text)
    events = do(scene, ApproveStep(by="ana", step=task.id, digest=task.digest))
    if not isinstance(events[-1], e.ApprovalGiven):
        return events
    return do(scene, ApproveStep(by="bob", step=task.id, digest=task.digest))


def requested(scene: Scene) -> list[e.StepRequested]:
    """What the planner lets run now."""
    planned = plan(scene.incident, scene.book, ROTA, NOW).events
    return [event for event in planned if isinstance(event, e.StepRequested)]


def line_of(scene: Scene, words: str) -> int:
    """The line of the way that is called so."""
    ways = [way for choice in find_choices(scene.scenario) for way in choice.ways]
    return next(way.line for way in ways if words in way.words)


@pytest.mark.parametrize(
    ("text", "first", "other"),
    [
        (RESTORE, "cp -r /backups/latest /data/web", "rm -rf /data/web/db"),
        (RESTORE, "rm -rf /data/web/db", "cp -r /backups/latest /data/web"),
        (OPTIONS, "docker restart web", "git checkout v1"),
        (OPTIONS, "git checkout v1", "docker restart web"),
        (CASES, "docker restart logs", "docker restart db"),
        (CASES, "docker restart db", "docker restart logs"),
    ],
)
def test_a_way_that_was_taken_shuts_the_others(text: str, first: str, other: str) -> None:
    scene = Scene(text)
    assert isinstance(judge(scene.task(other), scene.incident, scene.book), NeedsApproval)
    took = approve(scene, first)
    assert [type(event) for event in took] == [e.WayTaken, e.StepApproved]
    verdict = judge(scene.task(other), scene.incident, scene.book)
    assert isinstance(verdict, Refused)
    assert "took line" in verdict.why and "tocsin take team-1" in verdict.why
    with pytest.raises(Denied, match=r"(ana|bob) took line"):
        approve(scene, other)
    asked = {each.step.partition(".before")[0] for each in requested(scene)}
    assert asked == {scene.task(first).id}, "it, or what saves first what it may destroy"


def test_the_other_way_needs_a_person_who_says_why() -> None:
    scene = Scene(RESTORE)
    approve(scene, "cp -r /backups/latest /data/web")
    line = line_of(scene, "Or resync")
    with pytest.raises(Denied, match="say with --reason why"):
        do(scene, TakeWay(by="bob", line=line))
    (took,) = do(scene, TakeWay(by="bob", line=line, reason="the backup is broken"))
    assert isinstance(took, e.WayTaken)
    assert took.instead == (line_of(scene, "Restore"),)
    assert isinstance(judge(scene.task("rm -rf /data/web/db"), scene.incident, scene.book), NeedsApproval)
    closed = judge(scene.task("cp -r /backups/latest /data/web"), scene.incident, scene.book)
    assert isinstance(closed, Refused) and "bob took line" in closed.why


def test_what_was_approved_on_a_way_that_is_left_before_it_ran_does_not_run() -> None:
    scene = Scene(RESTORE)
    approve(scene, "cp -r /backups/latest /data/web")
    do(scene, TakeWay(by="bob", line=line_of(scene, "Or resync"), reason="the backup is broken"))
    assert requested(scene) == []


def test_conditions_may_hold_together_if_somebody_says_so() -> None:
    scene = Scene(CASES)
    approve(scene, "docker restart logs")
    (took,) = do(scene, TakeWay(by="bob", line=line_of(scene, "corrupt"), reason="both hold"))
    assert isinstance(took, e.WayTaken) and took.instead == ()
    for text in ("docker restart logs", "docker restart db"):
        assert not isinstance(judge(scene.task(text), scene.incident, scene.book), Refused)


def test_a_look_takes_no_way_and_none_is_shut_to_it() -> None:
    scene = Scene(CASES)
    assert [type(event) for event in approve(scene, "docker ps")] == [e.StepApproved]
    approve(scene, "docker restart logs")
    assert isinstance(judge(scene.task("docker ps"), scene.incident, scene.book), Allowed)


def test_nobody_is_called_together_for_a_way_that_was_not_taken() -> None:
    scene = Scene(OPTIONS)
    by_hand = next(i for i, step in number_steps(scene.scenario) if "Promote" in step.text)
    together = CallBarrier(by="ana", step=by_hand, operators=("ana",), countdown_s=5)
    scene.settle(responders=None)
    do(scene, together)
    do(scene, TellReady(by="ana", step=by_hand))
    approve(scene, "docker restart web")
    held = [each for each in plan(scene.incident, scene.book, ROTA, NOW).events if isinstance(each, e.BarrierHeld)]
    assert [(each.step, "only one of the two is meant" in each.reason) for each in held] == [(by_hand, True)]
    with pytest.raises(Denied, match="tocsin take"):
        do(scene, together)
    do(scene, TakeWay(by="ana", line=line_of(scene, "Option C"), reason="the restart did not help"))
    assert do(scene, together)


def test_what_stands_on_no_way_takes_none() -> None:
    scene = Scene(RESTORE)
    assert [type(event) for event in approve(scene, "docker stop web")] == [e.StepApproved]
    assert scene.incident.taken == {}


def test_a_manual_option_that_was_done_is_the_way_that_was_taken() -> None:
    scene = Scene(OPTIONS)
    manual = next(step for step in scene.scenario.steps if step.kind is StepKind.MANUAL and "Promote" in step.text)
    took = do(scene, FinishStep(by="ana", step=f"L{manual.line}"))
    assert [type(event) for event in took] == [e.WayTaken, e.StepDone]
    assert isinstance(judge(scene.task("git checkout v1"), scene.incident, scene.book), Refused)


def test_a_line_where_no_way_begins_says_where_some_do() -> None:
    scene = Scene(OPTIONS)
    with pytest.raises(NotFound, match="ways begin on"):
        do(scene, TakeWay(by="ana", line=1))
    line = line_of(scene, "Option B")
    assert do(scene, TakeWay(by="ana", line=line)) != []
    assert do(scene, TakeWay(by="ana", line=line)) == [], "it is taken already"


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("# Restart\ndocker restart web\n# or scale\ndocker restart lb", (2, True)),
        ("# 1. Restart\ndocker restart web\n# 2. Alternatively, scale up\ndocker restart lb", (2, True)),
        ("# If OOM\ndocker restart web\n# Otherwise\ndocker restart lb", (2, True)),
        ("# If OOM\ndocker restart web\n# If slow\ndocker restart lb", (2, False)),
        ("# If OOM\ndocker restart web\n# If it still fails\ndocker restart lb", (1, False)),
        (
            "# Option 1: a\ndocker restart web\n# Option 2: b\ndocker restart lb\n# Option 3: c\ndocker restart db",
            (3, True),
        ),
        ("# Restart\ndocker restart web\n# Or scale\ndocker restart lb\n# Or both\ndocker restart db", (3, True)),
        ("# If OOM\ndocker restart web\n\n# Look\ndf -h\n\n# If full\ndocker restart lb", (1, False)),
    ],
)
def test_what_is_one_choice(text: str, ways: tuple[int, bool]) -> None:
    choices = find_choices(Scene("\n### Resolution\n\n" + fence(*text.splitlines())).scenario)
    assert (len(choices[0].ways), choices[0].exclusive) == ways


WAYS = {
    "headings": ("#### Option A: Restore\n\n{0}\n#### Option B: Rebuild\n\n{1}", 2, True),
    "headings of conditions": ("#### If disk full\n\n{0}\n#### If memory exhausted\n\n{1}", 2, False),
    "headings with another": ("#### If disk full\n\n{0}\n#### Otherwise\n\n{1}", 2, True),
    "labels": ("**Method 1 (preferred)**\n\n{0}\n**Method 2**\n\n{1}", 2, True),
    "words between": ("Restart it:\n\n{0}\nOr, if that is not possible, fail over:\n\n{1}", 2, True),
    "more words between": ("Restart it:\n\n{0}\nAlternatively, scale out:\n\n{1}", 2, True),
}


@pytest.mark.parametrize(("text", "ways", "exclusive"), WAYS.values(), ids=WAYS)
def test_ways_are_written_in_many_forms(text: str, ways: int, exclusive: bool) -> None:
    fences = (fence("docker restart web"), fence("docker restart lb"))
    scene = Scene("\n### Resolution\n\n" + text.format(*fences))
    (choice,) = find_choices(scene.scenario)
    assert (len(choice.ways), choice.exclusive) == (ways, exclusive)
    approve(scene, "docker restart web")
    assert isinstance(judge(scene.task("docker restart lb"), scene.incident, scene.book), Refused)


@pytest.mark.parametrize("second", ["b) or resync", "resync instead", "Fallback: resync", "2. Or resync", "OR: resync"])
def test_a_comment_can_begin_another_way(second: str) -> None:
    scene = Scene(
        "\n### Resolution\n\n" + fence("# a) restore", "docker restart web", f"# {second}", "docker restart lb")
    )
    approve(scene, "docker restart web")
    assert isinstance(judge(scene.task("docker restart lb"), scene.incident, scene.book), Refused)


def test_a_way_whose_words_stand_on_its_list_item_is_one_way() -> None:
    items = ("If the queue is stuck:", "If the disk is full:", "Otherwise:")
    indented = fence("docker restart {0}").rstrip().replace("\n", "\n   ")
    text = "\n".join(f"{at}. {item}\n\n   {indented.format(at)}\n" for at, item in enumerate(items, 1))
    (choice,) = find_choices(Scene("\n### Resolution\n\n" + text).scenario)
    assert (len(choice.ways), choice.exclusive) == (3, True)


def test_options_of_two_questions_are_two_choices() -> None:
    lines = [f"# Option {mark}\ndocker restart {at}{mark}" for at in ("x", "y") for mark in ("1", "2")]
    scene = Scene("\n### Resolution\n\n" + fence(*"\n".join(lines).splitlines()))
    assert [len(choice.ways) for choice in find_choices(scene.scenario)] == [2, 2]


@pytest.mark.parametrize("title", ["Or better: look first", "Ordinary restart", "Ifconfig", "Elsevier", "Options"])
def test_words_that_only_look_like_it_begin_no_way_of_their_own(title: str) -> None:
    scene = Scene(
        "\n### Resolution\n\n" + fence("# Restart", "docker restart web", "", f"# {title}", "docker restart lb")
    )
    found = any(len(choice.ways) > 1 for choice in find_choices(scene.scenario))
    assert found is title.startswith("Or ")


def test_another_scenario_takes_the_ways_along_only_in_the_same_playbook() -> None:
    scene = Scene(RESTORE)
    approve(scene, "cp -r /backups/latest /data/web")
    chosen = e.ScenarioChosen(team="team", scenario="x", by="ana", model="another")
    entry = Entry(stream="team-1", seq=9, at=NOW, recorded_at=NOW, event=chosen)
    assert evolve(scene.incident, entry).taken == {}
    assert evolve(scene.incident, replace(entry, event=replace(chosen, model=""))).taken == scene.incident.taken


def test_a_way_is_found_by_its_line() -> None:
    scene = Scene(RESTORE)
    found = find_way(scene.scenario, line_of(scene, "Or resync"))
    assert found is not None and [way.words for way in found[0].ways] == [
        "Restore from backup",
        "Or resync from network",
    ]


@pytest.mark.parametrize("way", ["cp -r /backups/latest /data/web", "rm -rf /data/web/db"])
def test_what_was_stopped_before_the_ways_may_be_started_after_either(way: str) -> None:
    scene = Scene(RESTORE)
    approve(scene, way)
    assert isinstance(judge(scene.task("docker start web"), scene.incident, scene.book), NeedsApproval)
