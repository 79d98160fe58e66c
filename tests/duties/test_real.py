"""Is this real? Taking an incident and answering that: one test for each duty."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.errors import IllegalMove, NotAuthorised
from tocsin.incident.commands import Acknowledge, Close, Reopen, Resolve, TakeRole
from tocsin.review.metrics import measure
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Audience, ObligationState, Status, StepState

from .scenes import look_in, tick

Casting = Callable[..., Cast]


@pytest.mark.duty("VIR-15")
async def test_whoever_acknowledges_has_done_the_step_that_declares_it(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        story.stream = await story.alert("ChainHalted")
        await story.advance("40s")
        await story.do(Acknowledge(by="ana"))
        incident = await story.incident()
        assert incident.status is Status.ACKNOWLEDGED
        step = incident.steps["L204"]
        assert (step.state, step.approved_by) == (StepState.OK, "ana")
        assert (incident.opened_at, story.since(step.ended_at or story.start)) == (story.start, 40)
        await story.do(Acknowledge(by="bo"))
        assert len(await story.events(e.StepDone)) == 1, "nobody does it twice"


@pytest.mark.duty("MON-03")
async def test_what_is_not_real_ends_as_a_false_positive(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        story.stream = await story.declare("Complete Service Outage", severity="P1")
        first = await story.expect_obligation("phase:44", ObligationState.PENDING, due="5m")
        assert "Initial Response" in first.what
        await story.advance("3m")
        await story.do(Acknowledge(by="ana"))
        incident = await story.incident()
        assert incident.steps["L46"].approved_by == "ana"
        asked = next(step for step in (await look_in(story)).steps if step.line == 47)
        assert asked.kind == "question" and "L47" not in incident.steps
        with pytest.raises(NotAuthorised, match="line 185"):
            await story.do(Resolve(by="ana", note="a probe of the test range", false_positive=True))
        await story.do(TakeRole(by="lea", role="Incident Commander", responder="lea"))
        with pytest.raises(IllegalMove, match="needs a reason"):
            await story.do(Resolve(by="lea", note=" ", false_positive=True))
        told = await story.do(Resolve(by="lea", note="a probe of the test range", false_positive=True))
        over = next(entry.event for entry in told if isinstance(entry.event, e.Resolved))
        assert tell(over, str.title) == "Lea resolved it as a false positive: a probe of the test range"
        incident = await story.incident()
        answer = incident.steps["L47"]
        assert (answer.state, answer.approved_by, answer.why) == (StepState.FAILED, "lea", "a probe of the test range")
        assert not [duty for duty in incident.obligations.values() if duty.duty == "review" and duty.is_open]


@pytest.mark.duty("MON-03")
async def test_what_is_real_is_said_too_and_goes_on(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.do(Acknowledge(by="ana"))
        await story.do(TakeRole(by="lea", role="Incident Commander", responder="lea"))
        await tick(story, 47)
        await story.do(Resolve(by="lea", note="restarted"))
        incident = await story.incident()
        assert incident.steps["L47"].state is StepState.OK and not incident.false_positive
        assert [duty for duty in incident.obligations.values() if duty.duty == "review" and duty.is_open]


async def test_nobody_outside_is_owed_a_word_about_what_never_was_real_and_nobody_heard_of(cast: Casting) -> None:
    for heard in (False, True):
        async with Story(cast("monero-marketplace")) as story:
            await story.declare("Complete Service Outage", severity="P3")
            if heard:
                await story.do(PostUpdate(by="ana", text="Something may be wrong.", audiences=(Audience.PUBLIC,)))
            await story.do(Resolve(by="lea", note="a probe of the test range", false_positive=True))
            ledger = (await story.incident()).obligations
            owed = {duty.key for duty in ledger.values() if duty.is_open}
            assert "status_page_resolved" not in owed
            assert ("status_page_resolved" in ledger) is heard, "whoever heard of it hears that it is over"
            assert not {key for key in owed if key.startswith("tell:")}, "no release notes"
            if not heard:
                await story.do(Close(by="lea"))


async def test_a_false_positive_counts_in_no_time_to_resolve_until_it_is_reopened(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        story.stream = await story.alert("ChainHalted")
        await story.advance("2m")
        await story.do(Resolve(by="lea", note="a test", false_positive=True))
        figures = measure(await story.incident(), await story.journal.entries(story.stream))
        assert (figures.mitigate_s, figures.restore_s, figures.resolve_s) == (None, None, None)
        await story.do(Reopen(by="ana", reason="it was real"))
        await story.advance("3m")
        await story.do(Resolve(by="lea", note="restarted"))
        figures = measure(await story.incident(), await story.journal.entries(story.stream))
        assert figures.resolve_s == 300
