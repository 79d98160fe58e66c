"""How people want to be called: attempts of their own for each urgency, and quiet hours that only low urgency keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.incident.commands import Acknowledge, Resolve, SetSeverity
from tocsin.incident.escalating import Escalate
from tocsin.oncall.personal import find_faults
from tocsin.oncall.settings import Person, Rules, Schedule, Try
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import PageState, Urgency

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

**Diagnosis:**
```bash
uptime
```

### 2. Sign Crooked (P3)

**Alert:** `SignCrooked`

**Diagnosis:**
```bash
uptime
```

### 3. Shelf Empty (P2)

**Alert:** `ShelfEmpty`

**Diagnosis:**
```bash
uptime
```

**Escalation:**
- If the supplier is bankrupt: page Head of Sales
"""
NIGHT = datetime(2026, 3, 2, 3, tzinfo=UTC)
RULES = Rules(
    high=(Try(channel="push"), Try(channel="sms", after_s=45), Try(channel="call", after_s=90)),
    low=(Try(channel="mail"),),
    quiet=("22:00-07:00",),
    timezone="Europe/Berlin",
)


def make_cast(rules: Rules = RULES, **changes: Any) -> Cast:
    """ana has rules and is on call; bo has none."""
    own = ("mail", "push", "sms", "call")
    people = {"ana": Person(name="Ana", channels=own, rules=rules), "bo": Person(name="Bo", channels=("mail", "call"))}
    settings: dict[str, Any] = {
        "playbook": PLAYBOOK,
        "people": people,
        "schedules": {"primary": Schedule(people=("ana",))},
        "levels": (("primary",),),
        "last_resort": ("bo",),
    }
    return Cast(**settings | changes)


def spell(story: Story, who: str = "ana") -> list[tuple[float, str]]:
    """When and over which channel somebody was paged, in seconds after the start."""
    return [(story.since(page.at), page.channel) for page in story.pages(who)]


async def test_high_urgency_follows_the_persons_own_attempts_at_any_hour() -> None:
    """At once by push, 45 seconds later by SMS, 90 later by call; then the call again and again, at night too."""
    async with Story(make_cast(), start=NIGHT) as story:
        await story.declare("Till Stuck")
        await story.advance("4m30s")
        assert spell(story) == [(0, "push"), (45, "sms"), (135, "call"), (255, "call")]
        await story.do(Acknowledge(by="ana"))
        await story.advance("1h")
        assert len(story.pages("ana")) == 4


async def test_what_fails_is_made_up_for_by_channels_that_the_rule_does_not_name() -> None:
    async with Story(make_cast(Rules(high=(Try(channel="push"),))), start=NIGHT) as story:
        story.recorder.refusing |= {"push", "mail", "sms"}
        await story.declare("Till Stuck")
        assert spell(story) == [(0, "call")], "the rule has push alone; its owner is called all the same"


async def test_low_urgency_waits_for_the_end_of_quiet_hours_and_is_then_told_in_one_go() -> None:
    """Three incidents of a night are one mail at seven in Berlin; another is told as it comes, in the day."""
    async with Story(make_cast(), start=NIGHT) as story:
        first = await story.declare("Sign Crooked")
        await story.advance("1h")
        others = [await story.declare("Sign Crooked") for _ in range(2)]
        (held,) = await story.events(e.PagePutOff, first)
        assert isinstance(held.event, e.PagePutOff)
        assert held.event.until == datetime(2026, 3, 2, 6, tzinfo=UTC)
        assert (await story.incident(first)).calls["ana"].state is PageState.PUT_OFF
        await story.until(NIGHT + timedelta(hours=3, seconds=-1))
        assert not story.pages()
        await story.advance("1m")
        (sent,) = story.pages()
        assert (story.since(sent.at), sent.channel) == (3 * 3600, "mail")
        told = {sent.key.partition(":")[0], *sent.beside}
        assert told == {first, *others}
        for stream in told:
            assert (await story.incident(stream)).calls["ana"].state is PageState.DELIVERED
        await story.declare("Sign Crooked")
        assert len(story.pages("ana")) == 2


async def test_what_fails_in_the_morning_is_told_by_the_next_channel_in_one_go_too() -> None:
    async with Story(make_cast(), start=NIGHT) as story:
        streams = {await story.declare("Sign Crooked") for _ in range(3)}
        story.recorder.refusing.add("mail")
        await story.advance("3h5m")
        (sent,) = story.pages()
        assert (sent.channel, {sent.key.partition(":")[0], *sent.beside}) == ("push", streams)


async def test_what_becomes_urgent_waits_no_longer() -> None:
    async with Story(make_cast(), start=NIGHT) as story:
        await story.declare("Sign Crooked")
        await story.advance("10m")
        assert not story.pages()
        await story.do(SetSeverity(by="bo", severity="P1"))
        assert spell(story) == [(600, "mail")]
        await story.advance("2m")
        assert spell(story)[1] == (645, "sms"), "from then on as any that is urgent"


async def test_what_is_over_or_taken_by_then_wakes_nobody_later() -> None:
    async with Story(make_cast(), start=NIGHT) as story:
        taken, over = await story.declare("Sign Crooked"), await story.declare("Sign Crooked")
        await story.do(Acknowledge(by="bo"), taken)
        await story.do(Acknowledge(by="bo"), over)
        await story.do(Resolve(by="bo"), over)
        await story.advance("6h")
        assert not story.pages("ana")


async def test_the_team_says_what_is_low_and_repeats_keep_quiet_hours_too() -> None:
    """P2 as low: a page of 21:50 is repeated until ten, and goes on at seven."""
    start = datetime(2026, 3, 2, 20, 50, tzinfo=UTC)
    async with Story(make_cast(urgency={"P2": Urgency.LOW}), start=start) as story:
        await story.declare("Shelf Empty")
        await story.advance("11h")
        at = [story.start + timedelta(seconds=since) for since, _ in spell(story)]
        assert at[0] == start
        assert not [each for each in at if datetime(2026, 3, 2, 21, tzinfo=UTC) <= each < NIGHT.replace(day=3, hour=6)]
        assert NIGHT.replace(day=3, hour=6) in at


async def test_whom_somebody_asks_for_is_called_at_once() -> None:
    cast = make_cast(urgency={"P2": Urgency.LOW}, roles={"Head of Sales": ("ana",)}, levels=(("bo",),))
    async with Story(cast, start=NIGHT) as story:
        await story.declare("Shelf Empty")
        _, book = await story.look()
        line = next(each.line for each in book.playbook.escalation if "Head of Sales" in each.who)
        await story.advance("5m")
        assert not story.pages("ana")
        await story.do(Escalate(by="bo", line=line, reason="they are"))
        assert len(story.pages("ana")) == 1


async def test_whoever_is_only_told_in_quiet_hours_is_told_when_these_end() -> None:
    """What has until the next working day is told as that begins, at nine; ana sleeps until ten."""
    people = {"ana": Person(name="Ana", channels=("mail", "phone"), rules=Rules(quiet=("22:00-10:00",)))}
    playbook = PLAYBOOK.replace(b"**P3**: within 24 hours", b"**P3**: next business day")
    async with Story(make_cast(playbook=playbook, people=people, last_resort=("ana",)), start=NIGHT) as story:
        streams = {await story.declare("Sign Crooked") for _ in range(2)}
        await story.until(NIGHT.replace(hour=9, minute=59))
        assert not story.pages("ana")
        assert [each.event.informs for each in await story.events(e.PagePutOff) if isinstance(each.event, e.PagePutOff)]
        await story.until(NIGHT.replace(hour=12))
        (sent,) = story.pages("ana")
        assert (sent.at, sent.channel) == (NIGHT.replace(hour=10), "mail")
        assert {sent.key.partition(":")[0], *sent.beside} == streams
        assert not (await story.incident()).put_off


def test_so_many_rows_of_quiet_hours_that_reading_them_takes_long_are_refused_unread() -> None:
    rows = tuple(f"{n // 60:02}:{n % 60:02}-23:59" for n in range(51))
    assert not list(find_faults(Rules(quiet=rows[:50]), ()))
    assert [where for where, _ in find_faults(Rules(quiet=(*rows[:50], "no hours")), ())] == [("quiet",)]
