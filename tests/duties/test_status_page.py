"""The status page as the playbooks want it: said when, by itself or by somebody, and locked when it must be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.comms.board import PublicBoard, Told, make_board
from tocsin.comms.commands import PostUpdate
from tocsin.comms.settings import StatusPage
from tocsin.incident.book import find_step
from tocsin.incident.commands import IdentifyCause, Mitigate, Resolve, TakeRole
from tocsin.run.commands import FinishStep
from tocsin.run.turns import TakeWay
from tocsin.testing.story import Cast, Story, seconds
from tocsin.words import Audience, ObligationState, PublicStatus, StepState

Casting = Callable[..., Cast]
PUBLIC = (Audience.PUBLIC,)


async def board(story: Story) -> PublicBoard:
    incident, book = await story.look()
    told = Told(incident=incident, book=book, entries=tuple(await story.journal.entries(story.stream)))
    return make_board(StatusPage(), "team", [told], {}, "UTC", story.start, story.clock.now())


async def status(story: Story) -> PublicStatus:
    (incident,) = (await board(story)).incidents
    return incident.status


async def text_of(story: Story, step: str) -> str:
    incident, book = await story.look()
    found = find_step(book.procedures(incident), step)
    assert found is not None, step
    return found[1].text


async def at(story: Story, moment: str) -> None:
    await story.advance(f"{seconds(moment) - story.since(story.clock.now()):g}s")


@pytest.mark.duty("MON-23")
async def test_the_page_follows_the_incident_to_the_second_once_somebody_has_spoken(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.expect_obligation("status_page", ObligationState.PENDING, due="5m")
        await at(story, "4m")
        await story.do(PostUpdate(by="ana", text="Orders fail; we look into it.", audiences=PUBLIC))
        met = await story.expect_obligation("status_page", ObligationState.MET)
        assert (met.line, await status(story)) == (253, PublicStatus.INVESTIGATING)
        for moment, act, said, key, line in (
            ("15m", IdentifyCause(by="ana", text="pool exhausted"), PublicStatus.IDENTIFIED, "identified", 254),
            ("30m", Mitigate(by="ana"), PublicStatus.MONITORING, "monitoring", 255),
        ):
            await at(story, moment)
            await story.do(act)
            duty = await story.expect_obligation(f"status_page_{key}", ObligationState.MET)
            assert (duty.line, story.since(duty.met_at or story.start)) == (line, seconds(moment))
            assert await status(story) is said
        await at(story, "60m")
        await story.do(TakeRole(by="ana", role="Incident Commander", responder="ana"))
        await story.do(Resolve(by="ana"))
        assert await status(story) is PublicStatus.RESOLVED
        told = [(story.since(moment), said.value) for moment, said in story.recorder.announced]
        assert told == [(240, "investigating"), (900, "identified"), (1800, "monitoring"), (3600, "resolved")]


@pytest.mark.duty("MON-23")
async def test_a_page_on_which_nobody_speaks_is_late_at_each_of_its_times(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await at(story, "10m")
        await story.expect_obligation("status_page", ObligationState.LATE, due="5m")
        await story.do(IdentifyCause(by="ana", text="x"))
        await story.expect_obligation("status_page_identified", ObligationState.PENDING, due="15m")
        await at(story, "20m")
        await story.do(Mitigate(by="ana"))
        await at(story, "26m")
        await story.expect_obligation("status_page_identified", ObligationState.LATE, due="15m")
        await story.expect_obligation("status_page_monitoring", ObligationState.LATE, due="25m")
        await story.do(PostUpdate(by="ana", text="It is fixed.", audiences=PUBLIC))
        for key in ("status_page", "status_page_identified", "status_page_monitoring"):
            late = await story.expect_obligation(key, ObligationState.LATE)
            assert story.since(late.met_at or story.start) == seconds("26m"), "said late is said"
        assert story.recorder.announced == [(story.clock.now(), PublicStatus.MONITORING)], "in one word, not in three"
        await story.do(TakeRole(by="ana", role="Incident Commander", responder="ana"))
        await story.do(Resolve(by="ana"))
        over = await story.expect_obligation("status_page_resolved", ObligationState.MET, due="31m")
        assert over.line == 256


@pytest.mark.duty("MON-08")
async def test_at_the_resolution_the_page_says_monitoring_and_the_step_is_there_to_be_checked(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        await at(story, "45m")
        await story.do(Mitigate(by="ana"))
        assert await status(story) is PublicStatus.MONITORING
        await story.do(FinishStep(by="ana", step="L132", note="it says so"))
        assert (await story.incident()).steps["L132"].state is StepState.OK
        assert "Monitoring" in await text_of(story, "L132")


@pytest.mark.duty("BIT-17")
async def test_an_outage_of_the_provider_is_waited_for_and_the_page_says_so(cast: Casting) -> None:
    async with Story(cast("bitcell")) as story:
        await story.declare("Regional Failure", severity="P0")
        await story.do(TakeWay(by="ana", line=168))
        await story.do(PostUpdate(by="ana", text="Our provider has an outage in this region.", audiences=PUBLIC))
        for step, words in (("L169", "Wait"), ("L170", "other regions"), ("L171", "status page"), ("L172", "failover")):
            await story.do(FinishStep(by="ana", step=step, note="done"))
            assert words in await text_of(story, step), step
        assert await status(story) is PublicStatus.INVESTIGATING
