"""What a playbook forbids: where each rule holds, until when, and in whose incidents."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tocsin.errors import Prohibited
from tocsin.incident.book import InForce
from tocsin.incident.commands import LiftProhibition, Resolve
from tocsin.playbook.model import Forbids, Procedure
from tocsin.run.guard import Allowed, Forbidden, NeedsApproval, judge
from tocsin.testing.story import Cast, Story

from .guarded import (
    ANYTHING,
    DELETE,
    DELETIONS,
    RESTART,
    RESTART_ANY,
    UNKNOWN,
    ask,
    ban,
    forbidden,
    section_of,
)
from .scene import HEAD, Scene

# ── what is forbidden, and where ───────────────────────────────────────────────────────────────────────────────────


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
