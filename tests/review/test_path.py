"""An incident's path as spans: each has its times, what it was about, and why it came to nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.incident.commands import Acknowledge, Reopen, Resolve
from tocsin.oncall.settings import Person
from tocsin.review.path import ENDS, Span, find_spans
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story

pytestmark = pytest.mark.anyio

PLAYBOOK = b"""# Shop

## Scenario: Till stuck

**Alert:** `TillStuck`

### Diagnosis

```bash
cat till.log
```
"""


def make_team() -> Cast:
    people = {name: Person(name=name.title(), channels=("hook",)) for name in ("ana", "bo")}
    return Cast(playbook=PLAYBOOK, name="shop", people=people, levels=(("ana",), ("bo",)), last_resort=("bo",))


async def tell(story: Story) -> list[Span]:
    return list(find_spans(await story.journal.entries(story.stream)))


async def test_from_the_alert_to_the_end() -> None:
    async with Story(make_team()) as story:
        story.recorder.answer = lambda text: Answer(exit_code=3)
        await story.alert("TillStuck")
        await story.advance("2m")
        await story.do(Acknowledge(by="ana"))
        await story.advance("10m")
        await story.do(Resolve(by="ana"))
        spans = await tell(story)
        by_name = {span.name: span for span in spans}
        assert list(dict.fromkeys(span.name for span in spans)) == ["alert", "run", "page", "acknowledge", "incident"]
        assert by_name["incident"].end - by_name["incident"].start == timedelta(minutes=12)
        assert by_name["incident"].about["scenario"] == "Till stuck"
        assert by_name["acknowledge"].end - by_name["acknowledge"].start == timedelta(minutes=2)
        assert by_name["page"].about["responder"] == "ana"
        assert (by_name["run"].failed, by_name["run"].about["exit_code"]) == ("exit code 3", 3)
        assert {span.life for span in spans} == {0}


async def test_a_page_that_failed_says_why_and_how_long_it_took() -> None:
    async with Story(make_team()) as story:
        story.recorder.refusing = {"hook"}
        await story.alert("TillStuck")
        page = next(span for span in await tell(story) if span.name == "page")
        assert "says no" in page.failed
        assert page.about["result"] == "failed"


async def test_each_life_of_an_incident_is_a_span_of_its_own() -> None:
    async with Story(make_team()) as story:
        await story.alert("TillStuck")
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        await story.advance("1m")
        await story.do(Reopen(by="ana", reason="back"))
        await story.advance("1m")
        await story.do(Resolve(by="ana"))
        lives = [span for span in await tell(story) if span.name == "incident"]
        assert [(span.life, span.end - span.start) for span in lives] == [(0, timedelta()), (1, timedelta(minutes=1))]


async def test_a_span_ends_with_an_entry_that_is_known_to_end_spans_and_has_a_name_of_its_own() -> None:
    async with Story(make_team()) as story:
        await story.alert("TillStuck")
        await story.advance("30m")
        await story.do(Acknowledge(by="bo"))
        await story.do(Resolve(by="bo"))
        entries, spans = await story.journal.entries(story.stream), await tell(story)
        assert all(isinstance(entries[span.seq - 1].event, ENDS) for span in spans)
        assert len({(span.name, span.seq) for span in spans}) == len(spans)
        assert all(span.start <= span.end == entries[span.seq - 1].at for span in spans)
        for count in range(len(entries) + 1):
            assert list(find_spans(entries[:count])) == [span for span in spans if span.seq <= count]
