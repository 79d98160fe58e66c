"""A silence keeps pages back and nothing else: what is over is heard, and what still fires afterwards pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.alert.settings import Route
from tocsin.alert.signal import Signal
from tocsin.engine import loop
from tocsin.engine.batch import Batch
from tocsin.engine.contracts import Write
from tocsin.engine.journal import Journal
from tocsin.errors import BadInput, Corrupt, NotFound
from tocsin.incident.commands import Acknowledge, Reopen, Resolve
from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import Cast, Story, seconds
from tocsin.timeline.events import AlertCleared, AlertSilenced, AlertUnsilenced, ChangeSeen, FreezeSet, PageRequested
from tocsin.timeline.matcher import read_matchers
from tocsin.words import PageState

pytestmark = pytest.mark.anyio

PLAYBOOK = b"""\
# Mill Playbook

## Severity Levels

### SEV-1: Critical

**Response Requirements**:
- Response time: 15 minutes

## Playbooks

### PLAY-001: Wheel Stuck

**Severity**: SEV-1
**Alert**: `WheelStuck`

#### Detection

```bash
uptime
```
"""


def cast(name: str = "mill") -> Cast:
    people = {person: Person(name=person.title(), channels=("mail", "phone")) for person in ("ana", "bo", "boss")}
    return Cast(
        playbook=PLAYBOOK,
        name=name,
        people=people,
        schedules={"primary": Schedule(people=("ana",))},
        levels=(("primary",), ("bo",)),
        last_resort=("boss",),
    )


async def silence(
    story: Story, *matchers: str, start: str = "0s", span: str = "1h", team: str | None = "mill", change: str = ""
) -> str:
    begin = story.clock.now() + timedelta(seconds=seconds(start))
    found = await story.engine.silencing.put(
        team,
        change,
        matchers=read_matchers(matchers),
        starts_at=begin,
        ends_at=begin + timedelta(seconds=seconds(span)),
        by="maintainer",
        comment="the wheel is changed",
    )
    await story.settle()
    return found


async def test_a_silenced_alert_opens_and_pages_nobody_until_the_silence_ends() -> None:
    async with Story(cast()) as story:
        await silence(story, 'alertname="WheelStuck"', span="1h")
        assert await story.alert("WheelStuck", wheel="1") == ""
        await story.advance("59m")
        assert (await story.store.cards(), story.pages()) == ([], [])
        await story.advance("1m")
        story.stream = (await story.store.cards())[0].id
        story.expect_page("ana", at="1h")


async def test_what_cleared_under_a_silence_pages_nobody_afterwards() -> None:
    async with Story(cast()) as story:
        await silence(story, 'alertname="WheelStuck"')
        await story.alert("WheelStuck")
        await story.alert("WheelStuck", resolved=True)
        await story.advance("2h")
        assert (await story.store.cards(), story.pages()) == ([], [])


async def test_who_opens_again_what_cleared_under_a_silence_pages_people() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await silence(story, 'alertname="WheelStuck"', span="10m")
        await story.alert("WheelStuck", resolved=True)
        await story.advance("1h")
        await story.do(Resolve(by="ana"))
        await story.advance("1h")
        before = len(story.pages())
        await story.do(Reopen(by="ana", reason="it halted again"))
        await story.advance("5s")
        assert [page.responder for page in story.pages()[before:]] == ["ana"]


async def test_that_one_alert_was_silenced_does_not_end_the_calls_for_another_that_was_not() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck", wheel="1")
        await story.alert("WheelStuck", wheel="2")
        await silence(story, 'wheel="1"', span="10m")
        await story.alert("WheelStuck", wheel="1", resolved=True)
        await story.alert("WheelStuck", wheel="2", resolved=True)
        before = len(story.pages())
        await story.advance("6m")
        assert {page.responder for page in story.pages()[before:]} == {"ana", "bo"}, "nobody has answered"


async def test_other_alerts_and_other_teams_page_as_ever() -> None:
    async with Story(cast(), cast("forge")) as story:
        await silence(story, 'wheel=~"1|2"')
        await story.alert("WheelStuck", team="forge", wheel="1")
        await story.alert("WheelStuck", wheel="3")
        assert sorted(card.team for card in await story.store.cards()) == ["forge", "mill"]


async def test_a_silence_from_nobodys_key_holds_for_every_team_and_for_what_belongs_to_none() -> None:
    async with Story(cast(), cast("forge")) as story:
        await silence(story, 'alertname!=""', team=None)
        for team in ("forge", "mill"):
            assert await story.alert("WheelStuck", team=team) == ""
        await story.engine.intake.receive(None, [Signal(labels={"alertname": "Unheard"})])
        assert await story.store.cards() == []
        await story.advance("1h")
        assert sorted(card.team for card in await story.store.cards()) == ["forge", "mill", "triage"]


async def test_a_silence_over_an_open_incident_holds_its_pages_and_says_so() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await story.advance("30s")
        before = len(story.pages())
        await silence(story, 'alertname="WheelStuck"', span="2h")
        await story.advance("119m")
        assert len(story.pages()) == before
        (entry,) = await story.events(AlertSilenced)
        assert isinstance(entry.event, AlertSilenced)
        assert (entry.event.by, entry.event.comment) == ("maintainer", "the wheel is changed")
        await story.advance("2m")
        assert await story.events(AlertUnsilenced)
        assert {page.responder for page in story.pages()[before:]} == {"ana"}
        await story.advance("5m")
        story.expect_page("bo", at="7530s")


async def test_what_was_on_its_way_when_the_silence_began_is_withheld() -> None:
    async with Story(cast()) as story:
        await story.engine.intake.receive("mill", [Signal(labels={"alertname": "WheelStuck"})])
        story.stream = (await story.store.cards())[0].id
        await silence(story, 'alertname="WheelStuck"')
        await story.advance("10m")
        incident = await story.incident()
        assert story.pages() == []
        assert set(incident.pages.values()) == {PageState.WITHHELD}


async def test_an_end_before_its_time_pages_at_once() -> None:
    async with Story(cast()) as story:
        found = await silence(story, 'alertname="WheelStuck"')
        await story.alert("WheelStuck")
        await story.advance("10m")
        await story.engine.silencing.expire("mill", found)
        await story.settle()
        await story.advance("5s")
        assert [page.responder for page in story.pages()] == ["ana"]
        await story.engine.silencing.expire("mill", found)


async def test_a_silence_that_is_to_come_begins_in_time() -> None:
    async with Story(cast()) as story:
        await silence(story, 'alertname="WheelStuck"', start="10m", span="20m")
        await story.alert("WheelStuck")
        await story.advance("9m")
        loud = len(story.pages())
        assert loud
        await story.advance("20m")
        assert [page for page in story.pages()[loud:] if story.since(page.at) > 600] == []
        await story.advance("2m")
        assert [page for page in story.pages() if story.since(page.at) >= 1800]


async def test_a_second_alert_that_is_not_silenced_pages_and_the_first_does_not_hold_it() -> None:
    async with Story(cast()) as story:
        await silence(story, 'wheel="1"')
        await story.alert("WheelStuck", wheel="1")
        assert story.pages() == []
        await story.alert("WheelStuck", wheel="2")
        await story.advance("5s")
        assert [page.responder for page in story.pages()] == ["ana"]


async def test_a_silence_never_holds_back_that_it_is_over() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await silence(story, 'alertname="WheelStuck"')
        await story.alert("WheelStuck", resolved=True)
        assert await story.events(AlertCleared)
        paged = len(await story.events(PageRequested))
        await story.advance("2h")
        assert len(await story.events(PageRequested)) == paged, "it is over, and was silenced: nobody is woken for it"
        await story.alert("WheelStuck")
        await story.advance("5s")
        assert len(await story.events(PageRequested)) > paged, "it is back, and nothing silences it any more"


async def test_who_has_acknowledged_is_not_called_by_the_end_of_a_silence() -> None:
    async with Story(cast()) as story:
        await story.alert("WheelStuck")
        await story.do(Acknowledge(by="ana"))
        before = len(story.pages())
        await silence(story, 'alertname="WheelStuck"', span="10m")
        await story.advance("1h")
        assert len(story.pages()) == before


async def test_what_a_route_only_records_is_not_opened_by_the_end_of_a_silence() -> None:
    async with Story(cast(), routes=(Route(match={"mode": "quiet"}, record=True),)) as story:
        await silence(story, 'alertname="WheelStuck"')
        await story.alert("WheelStuck", mode="quiet")
        await story.advance("2h")
        assert await story.store.cards() == []


async def test_a_change_keeps_the_id_where_only_the_end_moves_and_takes_a_new_one_where_more_does() -> None:
    async with Story(cast()) as story:
        first = await silence(story, 'alertname="WheelStuck"', span="1h")
        assert await silence(story, 'alertname="WheelStuck"', span="2h", change=first) == first
        await story.alert("WheelStuck")
        await story.advance("90m")
        assert story.pages() == []
        other = await silence(story, 'alertname="Other"', change=first)
        assert other != first
        await story.advance("5s")
        assert story.pages(), "the old silence has ended with its replacement"
        with pytest.raises(NotFound):
            await silence(story, 'alertname="x"', change="00000000-0000-0000-0000-000000000000")


async def test_silences_survive_a_restart() -> None:
    async with Story(cast()) as story:
        found = await silence(story, 'alertname="WheelStuck"')
        await story.alert("WheelStuck")
        fresh = Journal(story.store, story.shelf, story.clock, b"k" * 32)
        assert list((await fresh.standing("mill")).silences) == [found]


async def test_whatever_happens_between_the_end_of_a_silence_and_the_look_at_it_no_page_is_lost() -> None:
    """Nothing that is appended meanwhile, nor another end while the loop looks, takes the look away."""
    async with Story(cast()) as story:
        found = await silence(story, 'wheel="1"', span="10h")
        other = await silence(story, 'wheel="2"', span="10h")
        for wheel in ("1", "2"):
            await story.engine.intake.receive("mill", [Signal(labels={"alertname": "WheelStuck", "wheel": wheel})])
        await story.engine.silencing.expire("mill", found)
        await story.journal.change_team("mill", FreezeSet(on=False, by="ana"))
        await story.journal.change_team("mill", ChangeSeen(summary="x", source="", done_at=story.clock.now()))
        reconsider = story.engine.intake.reconsider

        async def end_one_more(team: str) -> None:
            await reconsider(team)
            await story.engine.silencing.expire("mill", other)
            story.engine.intake.reconsider = reconsider  # type: ignore[method-assign]  # only once

        story.engine.intake.reconsider = end_one_more  # type: ignore[method-assign]  # the moment between two awaits
        await story.settle()
        rows = await story.store.alerts("mill", firing=True)
        assert [row.incident for row in rows] == ["mill-1", "mill-1"]


async def test_one_alert_that_cannot_be_opened_holds_up_no_other_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Story(cast()) as story:
        await silence(story, 'alertname=~"A|B"')
        for name in ("A", "B"):
            await story.engine.intake.receive("mill", [Signal(labels={"alertname": name})])
        commit, refused = story.engine.intake._commit, [1, 1]

        async def refuse_twice(batch: Batch) -> None:
            if refused and any(row.name == "A" for row in batch.rows):
                refused.pop()
                raise Corrupt("this one does not hold together")
            await commit(batch)

        monkeypatch.setattr(story.engine.intake, "_commit", refuse_twice)
        monkeypatch.setattr(loop, "FIRST_WAIT_S", 0.0)
        await story.advance("1h")
        assert len(await story.store.cards()) >= 1
        await story.engine.replan("team/mill")
        assert len(await story.store.cards()) == 2


async def test_a_commit_that_seemed_to_fail_does_not_stop_a_teams_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        write = story.store.write

        async def commit_then_fail(given: Write) -> None:
            await write(given)
            raise OSError("the disk said nothing")

        monkeypatch.setattr(story.store, "write", commit_then_fail)
        with pytest.raises(OSError, match="said nothing"):
            await silence(story, 'wheel="1"')
        monkeypatch.setattr(story.store, "write", write)
        await silence(story, 'wheel="2"')
        assert len((await story.journal.standing("mill")).silences) == 2


async def test_two_nodes_append_to_one_teams_stream() -> None:
    async with Story(cast()) as story:
        other = Journal(story.store, story.shelf, story.clock, b"k" * 32)
        await other.standing("mill")
        await silence(story, 'wheel="1"')
        await other.change_team("mill", FreezeSet(on=True, by="ana"))
        assert (await other.standing("mill")).frozen
        assert len((await other.standing("mill")).silences) == 1


@pytest.mark.parametrize("matchers", [(), ('a=~".*"',), ('a=""',), ('a!="x"',)])
async def test_a_silence_over_everything_is_refused(matchers: tuple[str, ...]) -> None:
    async with Story(cast()) as story:
        with pytest.raises(BadInput):
            await silence(story, *matchers)
