"""Short lists of what a level or a breach wants done: each of their lines has something of its own come about."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.errors import Prohibited
from tocsin.incident.commands import Acknowledge, TakeRole
from tocsin.run.commands import ProposeStep
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import ObligationState, StepState

from .scenes import look_in, record, tick
from .test_paging import HERE, first_by, joined

Casting = Callable[..., Cast]
PENDING = ObligationState.PENDING


@pytest.mark.duty("BIT-07")
async def test_a_p1_is_taken_looked_into_said_and_escalated_after_an_hour(cast: Casting) -> None:
    async with Story(cast("bitcell", **HERE)) as story:
        await story.declare("Node Down", severity="P1")
        await story.expect_obligation("acknowledge", PENDING, due="30m")
        assert (await story.expect_obligation("status_page", PENDING, due="30m")).line == 67
        assert "L65" not in (await story.incident()).steps
        await story.do(Acknowledge(by="ana"))
        taken = (await story.incident()).steps["L65"]
        assert (taken.state, taken.approved_by) == (StepState.OK, "ana"), "to take it is to do the first line"
        await story.advance("1h")
        assert joined(story, await story.events(e.LevelJoined)) == {464: 3600}
        await record(story, {66: "the disk of node 3 is dying", 68: "the platform lead was called"})


@pytest.mark.duty("BIT-08")
async def test_a_p2_waits_for_working_hours(cast: Casting) -> None:
    async with Story(cast("bitcell", **HERE)) as story:
        await story.declare("Node Down", severity="P2")
        await story.expect_obligation("acknowledge", PENDING, due="8h")
        await story.advance("5h59m59s")
        assert story.pages() == [], "it is Monday, 03:00, and nobody is woken"
        await story.advance("1s")
        assert [(page.responder, story.since(page.at)) for page in story.pages()] == [("ana", 6 * 3600)]
        await story.do(Acknowledge(by="ana"))
        assert (await story.incident()).steps["L81"].approved_by == "ana"
        await record(story, {82: "looked at it after breakfast", 83: "a cable was loose"})


@pytest.mark.duty("BIT-18")
async def test_security_is_called_at_once_and_evidence_kept(cast: Casting) -> None:
    async with Story(cast("bitcell", **HERE)) as story:
        await story.declare("Security Incidents")
        assert first_by(story, "sec", 425)[0] == 0
        steps = {423: "a log is kept", 424: "node 3 is off the net", 426: "disk image 17", 427: "keys of two users"}
        await record(story, steps)


@pytest.mark.duty("MON-29")
async def test_a_breach_calls_security_and_the_ciso_at_once_and_keeps_the_container(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", **HERE)) as story:
        await story.declare("Security Breach", severity="P1")
        assert first_by(story, "sec", 465)[0] == 0
        assert first_by(story, "ciso", 467)[0] == 0
        for text in ("docker rm -f server", "sudo docker compose down", "docker container prune -f"):
            with pytest.raises(Prohibited) as refused:
                await story.do(ProposeStep(by="lea", text=text))
            assert refused.value.line == 466, text
        shown = [rule.cite.line for rule in (await look_in(story)).prohibitions]
        assert 466 in shown, "and the room says so before anybody tries"


RECORDED = [
    pytest.param("bitcell", "Node Down", "P3", {95: "as #12", 96: "on Sunday"}, marks=pytest.mark.duty("BIT-09")),
    pytest.param("bitcell", "Node Down", "P1", {138: "a bad cable"}, marks=pytest.mark.duty("BIT-11")),
    pytest.param("bitcell", "High Pending Transactions", "P2", {362: "no need"}, marks=pytest.mark.duty("BIT-16")),
    pytest.param(
        "bitcell",
        "Security Incidents",
        "P0",
        {445: "plan of May", 446: "on the bridge", 447: "not yet"},
        marks=pytest.mark.duty("BIT-20"),
    ),
    pytest.param(
        "virtengine",
        "Chain Halted",
        "SEV-1",
        {171: "new peers", 173: "for an hour", 174: "in the channel"},
        marks=pytest.mark.duty("VIR-12"),
    ),
    pytest.param("virtengine", "Chain Halted", "SEV-1", {160: "Bo writes"}, marks=pytest.mark.duty("VIR-10")),
]


@pytest.mark.parametrize(("playbook", "scenario", "severity", "lines"), RECORDED)
async def test_what_people_do_and_say_of_a_line_stands_in_the_record(
    cast: Casting, playbook: str, scenario: str, severity: str, lines: dict[int, str]
) -> None:
    async with Story(cast(playbook)) as story:
        await story.declare(scenario, severity=severity)
        await story.do(TakeRole(by="lea", role="Incident Commander", responder="lea"))
        await record(story, lines)


@pytest.mark.duty("VIR-10", "VIR-11")
async def test_mobilising_and_investigating_are_over_with_the_last_of_their_lines(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Chain Halted", severity="SEV-1")
        for phase, lines in ((143, (160, 147, 148, 159)), (162, (164, 165, 166, 167))):
            for line in lines:
                await story.expect_obligation(f"phase:{phase}", PENDING)
                await tick(story, line)
            await story.expect_obligation(f"phase:{phase}", ObligationState.MET)
