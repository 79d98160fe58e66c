"""The clocks of calling, and what a broken channel does: stories on a playbook of our own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tocsin.incident.commands import Acknowledge, Resolve, SetSeverity
from tocsin.incident.escalating import Escalate
from tocsin.oncall.settings import Person, Schedule
from tocsin.page.message import compose, spell
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.matcher import read_matchers
from tocsin.words import Mode, ObligationState, PageState

PLAYBOOK = b"""\
# Shop Playbook

## Severity Levels

- **P1 (Critical)**: Nobody can buy
- **P2 (High)**: Some cannot
- **P3 (Low)**: Looks odd

### Response Times

- **P1**: within 15 minutes
- **P2**: within 1 hour
- **P3**: within 24 hours

## Scenarios

### 1. Till Stuck (P1)

**Alert:** `TillStuck`

**Symptoms:**
- Customers queue
- Nobody pays

**Diagnosis:**
```bash
uptime
```

**Resolution:**
```bash
systemctl restart till
```

### 2. Sign Crooked (P3)

**Alert:** `SignCrooked`

**Diagnosis:**
```bash
df -h
```

## Escalation Procedures

### Level 1 Escalation
- **Trigger**: P1 not resolved in 1 hour
- **Action**: Notify store manager
"""


def cast(**changes: object) -> Cast:
    people = {
        "ana": Person(name="Ana", channels=("mail", "phone", "siren")),
        "bo": Person(name="Bo", channels=("mail",)),
        "boss": Person(name="Boss", channels=("phone",)),
    }
    fields: dict[str, object] = {
        "playbook": PLAYBOOK,
        "name": "shop",
        "people": people,
        "schedules": {"primary": Schedule(people=("ana",)), "night": Schedule(people=())},
        "levels": (("primary",), ("bo",)),
        "roles": {"store manager": ("boss",)},
        "last_resort": ("boss",),
    }
    return Cast(**(fields | changes))  # type: ignore[arg-type]


async def test_repeats_climb_from_weak_to_strong_every_two_minutes_at_the_top() -> None:
    async with Story(cast()) as story:
        await story.alert("TillStuck")
        await story.advance("7m")
        climbed = [(story.since(page.at), page.channel) for page in story.pages("ana")]
        assert climbed == [(0, "mail"), (120, "phone"), (240, "siren"), (360, "siren")]
        assert story.since(story.expect_page("bo").at) == 300, "five minutes, since a third of 15 is five"


async def test_a_level_with_a_time_of_its_own_joins_then_and_the_next_follows_it() -> None:
    levels = (("primary",), ("bo",), ("boss",))
    async with Story(cast(levels=levels, level_after_s={"2": 1200})) as story:
        await story.alert("TillStuck")
        await story.advance("30m")
        assert story.since(story.expect_page("bo").at) == 1200
        assert story.since(story.expect_page("boss").at) == 1500


async def test_a_broken_channel_falls_over_to_the_next_at_once() -> None:
    async with Story(cast()) as story:
        story.recorder.broken = {"mail"}
        await story.alert("TillStuck")
        assert [(story.since(page.at), page.channel) for page in story.pages("ana")] == [(0, "phone")]
        failed = (await story.events(e.PageFailed))[0].event
        assert isinstance(failed, e.PageFailed)
        assert "mail is broken" in failed.why


async def test_when_every_channel_is_down_the_page_waits_for_one_of_them() -> None:
    """Each has its turn once a minute; where it waits, it goes out within seconds of the recovery."""
    async with Story(cast()) as story:
        story.recorder.broken = {"mail", "phone", "siren"}
        await story.alert("TillStuck")
        await story.advance("4m")
        asked = [(story.since(entry.at), entry.event.channel) for entry in await _requests(story, "ana")]
        assert asked[:4] == [(0, "mail"), (0, "phone"), (0, "siren"), (1, "mail")]
        assert len(asked) < 20, "not a request for each attempt"
        assert {channel for _, channel in asked[4:]} == {"mail", "phone", "siren"}
        story.recorder.broken = set()
        await story.advance("5s")
        story.expect_page("ana")


async def test_a_channel_that_says_no_is_asked_ever_slower() -> None:
    async with Story(cast()) as story:
        story.recorder.refusing = {"mail", "phone", "siren"}
        await story.alert("TillStuck")
        await story.advance("4m")
        asked = [story.since(entry.at) for entry in await _requests(story, "ana")]
        assert asked[:7] == [0, 0, 0, 5, 15, 35, 75]
        story.recorder.refusing = set()
        await story.advance("3m")
        story.expect_page("ana")


async def _requests(story: Story, responder: str) -> list[Any]:
    found = await story.events(e.PageRequested)
    return [entry for entry in found if isinstance(entry.event, e.PageRequested) and entry.event.responder == responder]


async def test_nobody_on_duty_moves_on_at_once_and_tells_the_last_resort() -> None:
    async with Story(cast(levels=(("night",), ("bo",)))) as story:
        await story.alert("TillStuck")
        assert {page.responder for page in story.pages()} == {"boss", "bo"}
        empty = (await story.events(e.LevelJoined))[0].event
        assert isinstance(empty, e.LevelJoined)
        assert (empty.who, empty.responders) == (("night",), ())
        assert "nobody answers to night" in story.expect_page("boss", at="0s").why


async def test_a_level_that_can_wait_wakes_nobody_twice() -> None:
    async with Story(cast()) as story:
        await story.alert("SignCrooked")
        await story.advance("6h")
        assert [(page.responder, page.channel) for page in story.pages()] == [("ana", "mail")]
        await story.expect_obligation("acknowledge", ObligationState.PENDING, due="24h")


async def test_the_unresolved_clock_runs_though_it_is_acknowledged() -> None:
    async with Story(cast()) as story:
        await story.alert("TillStuck")
        await story.do(Acknowledge(by="ana"))
        await story.advance("59m")
        assert story.pages("boss") == []
        await story.advance("1m")
        assert story.expect_page("boss", at="1h").why == "not resolved after 1 h"
        await story.advance("2m")
        assert len(story.pages("boss")) == 2, "whoever is called later must answer for themselves"
        await story.do(Acknowledge(by="boss"))
        await story.advance("1h")
        assert len(story.pages("boss")) == 2


async def test_a_raised_severity_calls_whom_that_level_calls_and_says_nothing_is_late() -> None:
    async with Story(cast()) as story:
        await story.alert("SignCrooked")
        await story.do(Acknowledge(by="ana"))
        await story.advance("2h")
        await story.do(SetSeverity(by="ana", severity="p1", reason="it fell on somebody"))
        page = story.expect_page("boss")
        assert (story.since(page.at), page.late_s) == (7200, 0)
        await story.expect_obligation("acknowledge", ObligationState.MET)


async def test_resolving_ends_every_call() -> None:
    async with Story(cast()) as story:
        await story.alert("TillStuck")
        await story.do(Resolve(by="bo"))
        before = len(story.pages())
        await story.advance("3h")
        assert len(story.pages()) == before


async def test_shadow_decides_everything_and_calls_nobody() -> None:
    async with Story(cast(mode=Mode.SHADOW)) as story:
        await story.alert("TillStuck")
        await story.advance("10m")
        assert story.pages() == []
        assert story.recorder.steps == []
        withheld = await story.events(e.PageWithheld)
        assert [story.since(entry.at) for entry in withheld][:2] == [0, 120]
        assert set((await story.incident()).pages.values()) == {PageState.WITHHELD}


async def test_after_an_outage_each_level_is_called_once_and_told_how_late() -> None:
    async with Story(cast()) as story:
        await story.alert("TillStuck")
        story.clock.set(story.start.replace(minute=40))
        await story.settle()
        after = [page for page in story.pages() if page.at > story.start]
        assert sorted((page.responder, page.late_s) for page in after) == [("ana", 0), ("bo", 2100)]


async def test_what_a_page_says() -> None:
    async with Story(cast()) as story:
        story.recorder.answer = lambda text: Answer(stdout="up 3 days\n")
        await story.alert("TillStuck", till="7")
        incident, book = await story.look()
        intent = (await story.events(e.PageRequested))[0].event
        assert isinstance(intent, e.PageRequested)
        rota = story.shelf.rota(incident)
        page = compose(incident, book, rota, intent, now=story.start, link="L", room="R", repeat=False)
        assert (page.severity, page.scenario) == ("P1", "Till Stuck")
        assert [symptom.text for symptom in page.symptoms] == ["Customers queue", "Nobody pays"]
        assert page.first_command is not None
        assert page.first_command.text == "uptime"
        assert page.evidence[0].head == "up 3 days"
        assert page.next is not None
        assert (page.next.who, story.since(page.next.at)) == (("bo",), 300)
        text = spell(page)
        for said in (
            "[P1] Till Stuck",
            "Customers queue",
            "uptime",
            "up 3 days",
            "Acknowledge: L",
            "Next: bo at 03:05:00",
        ):
            assert said in text


async def test_an_escalation_that_asks_a_question_waits_for_the_answer() -> None:
    conditional = PLAYBOOK.replace(b"- **Trigger**: P1 not resolved in 1 hour", b"- **Trigger**: Unfamiliar situation")
    async with Story(cast(playbook=conditional)) as story:
        await story.alert("TillStuck")
        await story.advance("2h")
        escalation = story.shelf.settings.teams["shop"].playbook.escalation
        if not any(trigger.condition for trigger in escalation[0].triggers):
            pytest.skip("the compiler reads this trigger otherwise")
        assert story.pages("boss") == []
        await story.do(Escalate(by="ana", line=escalation[0].line))
        assert story.expect_page("boss").line == escalation[0].line


async def test_a_silence_holds_what_time_calls_and_not_whom_a_person_calls() -> None:
    conditional = PLAYBOOK.replace(b"- **Trigger**: P1 not resolved in 1 hour", b"- **Trigger**: Unfamiliar situation")
    async with Story(cast(playbook=conditional)) as story:
        await story.alert("TillStuck")
        await story.engine.silencing.put(
            "shop",
            "",
            matchers=read_matchers(['alertname="TillStuck"']),
            starts_at=story.clock.now(),
            ends_at=story.clock.now() + timedelta(hours=2),
            by="ana",
            comment="",
        )
        await story.settle()
        before = len(story.pages())
        await story.advance("1h")
        assert len(story.pages()) == before
        line = story.shelf.settings.teams["shop"].playbook.escalation[0].line
        await story.do(Escalate(by="ana", line=line))
        await story.advance("10m")
        assert {page.responder for page in story.pages()[before:]} == {"boss"}
        assert len(story.pages()) > before + 1, "who does not answer is called again"


async def test_whoever_a_line_calls_at_once_for_one_severity_is_told_for_which() -> None:
    at_once = PLAYBOOK.replace(b"P1 not resolved in 1 hour", b"any P1 incident")
    async with Story(cast(playbook=at_once)) as story:
        await story.alert("Unheard")
        assert story.pages("boss")[0].why == "the playbook calls them at once for P1", "nobody has classified it"
