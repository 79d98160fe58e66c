"""What somebody asks for in a maintenance window waits for its end, whatever becomes of the alerts that it is over."""

from __future__ import annotations

import pytest

from tocsin.incident.escalating import Escalate
from tocsin.testing.story import Story

from .mill import cast
from .test_maintenance import maintain

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("asked", ["before", "after"])
@pytest.mark.parametrize("matchers", [(), ('alertname="WheelStuck"',)], ids=["team", "alert"])
async def test_an_escalation_waits_for_the_end_of_a_window_though_what_fired_has_cleared_meanwhile(
    matchers: tuple[str, ...], asked: str
) -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await story.advance("30s")
        before = len(story.pages())
        await maintain(story, *matchers, span="2h")
        (line,) = [each.line for each in (await story.look())[1].playbook.escalation]
        for what in ("cleared", "asked") if asked == "after" else ("asked", "cleared"):
            await story.advance("1m")
            if what == "asked":
                await story.do(Escalate(by="ana", line=line))
            else:
                await story.alert("WheelStuck", resolved=True)
        await story.advance("117m")
        assert len(story.pages()) == before
        await story.advance("2m")
        called = {page.responder for page in story.pages()[before:]}
        assert called == ({"boss"} if matchers else {"ana", "boss"}), "what was over an alert that has ended is over"


async def test_what_fires_again_in_a_window_is_held_by_what_is_over_it() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await maintain(story, 'alertname="WheelStuck"', span="1h")
        before = len(story.pages())
        (line,) = [each.line for each in (await story.look())[1].playbook.escalation]
        await story.do(Escalate(by="ana", line=line))
        for resolved in (True, False):
            await story.advance("1m")
            await story.alert("WheelStuck", resolved=resolved)
        await story.advance("57m")
        assert len(story.pages()) == before
        await story.advance("2m")
        assert {page.responder for page in story.pages()[before:]} == {"ana", "boss"}
