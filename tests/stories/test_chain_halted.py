"""VirtEngine's chain halts at 03:00: from the first alert to the post-mortem, each thing at its second."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.incident.commands import Acknowledge, IdentifyCause, Mitigate, Resolve
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Audience, ObligationState, Status, StepState

PUBLIC = (Audience.RESPONDERS, Audience.PUBLIC)
Casting = Callable[..., Cast]

PAGED_AT_ONCE, RESPONSE, STATUS_PAGE, CADENCE, LEAD, ALL_HANDS = 58, 57, 60, 166, 288, 289
"""Lines of the playbook."""


@pytest.mark.duty("VIR-04")
async def test_the_first_second(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted", instance="validator-1")
        incident = await story.incident()
        assert (incident.scenario, incident.severity, incident.status) == ("Chain Halted", "SEV-1", Status.ACTIVE)
        assert incident.number == "INC-20260302-001"
        story.expect_page("ana", at="0s")
        story.expect_page("bo", at="0s", line=PAGED_AT_ONCE)
        story.expect_page("lea", at="0s", line=PAGED_AT_ONCE)
        assert {page.channel for page in story.pages()} == {"mail"}


@pytest.mark.duty("VIR-04")
async def test_nobody_answers(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.advance("31m")
        repeats = [(story.since(page.at), page.channel) for page in story.pages("ana")][:4]
        assert repeats == [(0, "mail"), (60, "phone"), (120, "phone"), (180, "phone")]
        joined = {entry.event.key: story.since(entry.at) for entry in await story.events(e.LevelJoined)}  # type: ignore[attr-defined]
        assert joined["level:2"] == 100, "the second level joins at a third of the response time"
        assert joined["level:3"] == 200
        story.expect_page("max", at="200s")
        late = {entry.event.key: story.since(entry.at) for entry in await story.events(e.ObligationLate)}  # type: ignore[attr-defined]
        assert late["acknowledge"] == 300, "late at exactly five minutes"
        texts = [tell(entry.event, str) for entry in await story.events(e.ObligationLate)]
        assert texts[0] == f"Late: Acknowledge it (line {RESPONSE}), due 03:05"
        assert f"Late: Post the next update (line {CADENCE}), due 03:15" in texts


@pytest.mark.duty("VIR-04", "VIR-11")
async def test_what_is_owed_and_because_of_which_line(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        acknowledge = await story.expect_obligation("acknowledge", ObligationState.PENDING, due="5m")
        status_page = await story.expect_obligation("status_page", ObligationState.PENDING, due="15m")
        update = await story.expect_obligation("update:1", ObligationState.PENDING, due="15m")
        assert (acknowledge.line, status_page.line, update.line) == (RESPONSE, STATUS_PAGE, CADENCE)


@pytest.mark.duty("VIR-18")
async def test_not_resolved_calls_the_lead_and_then_all_hands_though_it_is_acknowledged(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.advance("90s")
        await story.do(Acknowledge(by="ana"))
        await story.advance("30m")
        story.expect_page("lea", at="15m", line=LEAD)
        everybody = {page.responder for page in story.pages() if page.line == ALL_HANDS and page.at > story.start}
        assert everybody >= {"bo", "lea", "max", "sec"}
        assert "ana" not in everybody, "whoever has taken it is left in peace"
        assert min(story.since(page.at) for page in story.pages() if page.line == ALL_HANDS) == 1800


@pytest.mark.parametrize("ending", ["mitigate", "resolve"])
async def test_a_chain_that_moves_again_wakes_nobody_more(cast: Casting, ending: str) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.do(Acknowledge(by="ana"))
        await story.advance("10m")
        await story.do(Mitigate(by="ana") if ending == "mitigate" else Resolve(by="ana"))
        before = len(story.pages())
        await story.advance("2h")
        after = story.pages()[before:]
        assert all(page.duties and page.channel == "mail" for page in after), (
            "what is still owed is told, and wakes nobody"
        )


async def test_reads_run_by_themselves_and_the_restart_waits_for_a_person(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        story.recorder.answer = lambda text: Answer(stdout="2026-03-02T02:58:11Z\n")
        await story.alert("ChainHalted")
        ran = [step.text for step in story.recorder.steps]
        assert ran[0].startswith("curl -s http://localhost:26657/status")
        assert not any("restart" in text or "stop" in text or "rollback" in text for text in ran)
        before = len(story.recorder.steps)
        await story.approve("L250", "ana")
        assert [step.text for step in story.recorder.steps[before:]] == ["sudo -n systemctl restart virtengine"]
        assert (await story.incident()).steps["L250"].state is StepState.OK
        kinds = [entry.event.kind for entry in await story.journal.entries(story.stream)]
        order = [kinds.index(kind) for kind in ("step_approved", "step_started")]
        assert order == sorted(order), "the start is on disk before anything is spawned"


async def test_the_page_carries_the_first_evidence(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        story.recorder.answer = lambda text: Answer(stdout="stale\n")
        await story.alert("ChainHalted")
        finished = (await story.events(e.StepFinished))[0]
        delivered = (await story.events(e.PageDelivered))[0]
        assert finished.seq < delivered.seq
        assert delivered.at == story.start


@pytest.mark.duty("VIR-11")
async def test_updates_every_fifteen_minutes_unless_one_is_promised_sooner(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.advance("10m")
        await story.do(PostUpdate(by="ana", text="Validators are being counted.", audiences=PUBLIC))
        await story.expect_obligation("status_page", ObligationState.MET)
        await story.expect_obligation("update:1", ObligationState.MET)
        await story.expect_obligation("update:2", ObligationState.PENDING, due="25m")
        await story.advance("5m")
        await story.do(PostUpdate(by="ana", text="A third is gone. Next update in 5 minutes.", audiences=PUBLIC))
        await story.expect_obligation("update:3", ObligationState.PENDING, due="20m")
        await story.advance("6m")
        await story.expect_obligation("update:3", ObligationState.LATE)


@pytest.mark.duty("VIR-13", "VIR-30", "VIR-31", "VIR-33")
async def test_from_firing_to_the_reviews(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.alert("ChainHalted")
        await story.advance("2m")
        await story.do(Acknowledge(by="ana"))
        await story.advance("18m")
        await story.do(PostUpdate(by="ana", text="We are looking into it.", audiences=PUBLIC))
        await story.do(IdentifyCause(by="ana", text="a third of the validators lost power"))
        await story.approve("L250", "ana")
        await story.do(Mitigate(by="ana"))
        await story.advance("10m")
        await story.alert("ChainHalted", resolved=True)
        await story.do(Resolve(by="ana"))
        incident = await story.incident()
        assert incident.resolved_at is not None
        assert story.since(incident.resolved_at) == 1800
        late = [each for each in incident.obligations.values() if each.state is ObligationState.LATE]
        assert {each.key for each in late} == {
            *("status_page", "update:1", "bridge", "phase:143", "verify"),
            *(f"role:{title}" for title in ("Incident Commander", "Technical Lead", "Communications Lead")),
        }
        reviews = {
            each.line: story.since(each.due_at) - 1800
            for each in incident.obligations.values()
            if each.duty == "review"
        }
        assert reviews == {180: 172800, 800: 7200, 807: 172800, 853: 604800}
