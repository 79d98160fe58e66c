"""Each incident answers why somebody was paged, and why not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.alert.signal import Signal
from tocsin.incident.commands import Acknowledge, Mitigate, Resolve
from tocsin.incident.escalating import Escalate
from tocsin.incident.inhibition import Inhibit
from tocsin.page.why import find_uncalled, tell_happened, tell_now
from tocsin.testing.story import Story
from tocsin.timeline.matcher import read_matchers
from tocsin.words import Hush, Mode

from .mill import cast

pytestmark = pytest.mark.anyio


async def ask(story: Story, person: str = "") -> tuple[str, list[str], list[str]]:
    """What holds now, what happened, who was not called."""
    incident, book = await story.look()
    entries = await story.journal.entries(story.stream)
    rota = story.shelf.rota(incident)
    uncalled = find_uncalled(incident, book, rota, person, str.title, story.clock.now())
    happened = [each.text for each in tell_happened(entries, person, str.title)]
    return tell_now(incident, book), happened, [each.text for each in uncalled]


async def hush(story: Story, kind: Hush, *matchers: str) -> None:
    now = story.clock.now()
    await story.engine.silencing.put(
        "mill", "", matchers=read_matchers(matchers), starts_at=now, ends_at=now + timedelta(hours=1),
        by="ana", comment="greasing", hush=kind,
    )  # fmt: skip
    await story.settle()


async def test_while_nobody_has_answered_it_says_who_comes_next_and_when() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        now, happened, uncalled = await ask(story)
        assert now.startswith("Nobody has acknowledged")
        assert happened[0].endswith("it went to team mill, scenario “Wheel Stuck”, SEV-1")
        assert any("Paging Ana by mail: level 1 of the ladder" in each for each in happened)
        assert uncalled == ["Bo (level 2 of the ladder): is called at 03:05:00, unless acknowledged"]


async def test_an_acknowledgement_is_why_the_next_was_not_called() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await story.advance("2m")
        await story.do(Acknowledge(by="ana"))
        await story.advance("1h")
        now, happened, uncalled = await ask(story, "bo")
        assert now.startswith("It is acknowledged")
        assert not any("Paging Ana" in each for each in happened), "only what concerns Bo"
        assert any(each.startswith("Ana acknowledged") for each in happened)
        assert uncalled == ["Bo (level 2 of the ladder): not called, since it was acknowledged at 03:02:00"]


@pytest.mark.parametrize(
    ("kind", "matchers", "says"),
    [
        (Hush.SILENCE, ('alertname="WheelStuck"',), "all that fires is silenced"),
        (Hush.MAINTENANCE, ('alertname="WheelStuck"',), "all that fires is under maintenance"),
        (Hush.MAINTENANCE, (), "all of it is under maintenance"),
    ],
)
async def test_what_hushes_is_why(kind: Hush, matchers: tuple[str, ...], says: str) -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await hush(story, kind, *matchers)
        await story.advance("10m")
        now, happened, uncalled = await ask(story, "bo")
        assert says in now
        assert any("greasing" in each and "Ana" in each for each in happened)
        assert uncalled == [f"Bo (level 2 of the ladder): not called, since {says}"]
        await story.advance("1h10m")
        assert (await ask(story, "bo"))[2] == []


async def test_an_inhibition_is_why() -> None:
    rule = Inhibit(source_matchers=('alertname="Flood"',), target_matchers=('alertname="WheelStuck"',))
    async with Story(cast(), inhibit=(rule,)) as story:
        await story.alert("WheelStuck")
        await story.alert("Flood")
        now, happened, _ = await ask(story)
        assert "all that fires is inhibited" in now
        assert "Alert WheelStuck is inhibited by Flood: that alert explains this one" in happened


async def test_shadow_mode_the_end_and_who_stands_nowhere_are_named() -> None:
    async with Story(cast(mode=Mode.SHADOW)) as story:
        await story.alert("WheelStuck")
        now, happened, _ = await ask(story)
        assert "shadow mode" in now
        assert any("Withheld from " in each for each in happened)
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        (text,) = (await ask(story, "boss"))[2]
        assert text == "Boss stands in no level, severity or escalation that this incident has come to"
        await story.do(Mitigate(by="ana"))
        assert (await ask(story, "bo"))[2][0].endswith("not called while the fix is watched, since 03:00:00")
        await story.do(Resolve(by="ana"))
        now, _, uncalled = await ask(story, "bo")
        assert (now, uncalled[0].endswith("since it was resolved at 03:00:00")) == (
            "The incident is resolved: nobody is called any more.",
            True,
        )


async def test_an_escalation_that_somebody_asked_for_says_who_and_which_line() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        (line,) = [each.line for each in (await story.look())[1].playbook.escalation]
        await story.do(Escalate(by="ana", line=line, reason="it floods"))
        _, happened, _ = await ask(story, "boss")
        assert f"Ana escalated (line {line}): it floods" in happened
        assert any(each.startswith("Paging Boss") for each in happened)


async def test_what_nobody_knows_the_team_of_says_so_and_another_alert_that_it_is_unclassified() -> None:
    async with Story(cast(), cast("forge")) as story:
        await story.engine.intake.receive(None, [Signal(labels={"alertname": "Unheard"})])
        story.stream = "triage-1"
        assert "no key, route or label names its team" in (await ask(story))[1][0]
        await story.alert("Unheard", team="mill")
        story.stream = "mill-1"
        assert (await ask(story))[1][0].endswith("no scenario of its playbook, unclassified, so it pages as the worst")
