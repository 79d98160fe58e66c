"""A gap of a schedule that comes into view is told to somebody, once; those of a schedule's hours are one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from tocsin.errors import Rejected, Unavailable
from tocsin.oncall.settings import Layer, Schedule, Stretch
from tocsin.testing.story import START, Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Mode

Casting = Callable[..., Cast]
DAY = timedelta(days=1)
TEAM = "team/virtengine"


class Post:
    """Carries letters, unless it says no."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, str]] = []
        self.refusals: dict[str, Exception] = {}

    async def send(self, person: str, subject: str, text: str) -> str:
        if person in self.refusals:
            raise self.refusals[person]
        self.letters.append((person, subject, text))
        return "mail"


def ending(days: int) -> Schedule:
    """A schedule that has somebody for so many days."""
    return Schedule(layers=(Layer(people=("ana",), ends=START + days * DAY),))


async def look(story: Story, post: Post, span: str = "1h") -> None:
    story.engine.gaps.send = post.send
    await story.advance(span)
    await story.engine.gaps.drain()


async def list_told(story: Story) -> list[e.GapsTold]:
    entries = await story.journal.entries(TEAM)
    return [each.event for each in entries if isinstance(each.event, e.GapsTold)]


def cast_with(cast: Casting, **changes: Any) -> Cast:
    return cast("virtengine", **{"levels": (("primary",),), **changes})


async def test_a_gap_that_comes_into_view_is_told_once_to_the_last_resort(cast: Casting) -> None:
    post = Post()
    async with Story(cast_with(cast, schedules={"primary": ending(20)})) as story:
        await look(story, post)
        assert post.letters == [], "it lies three weeks ahead"
        await look(story, post, "6d")
        ((who, subject, text),) = post.letters
        assert (who, subject) == ("boss", "Nobody is on duty: 1 gap ahead (virtengine)")
        assert "nobody is on duty in primary from Sun 22 Mar 03:00 to farther ahead than two weeks" in text
        await look(story, post, "20d")
        assert len(post.letters) == 1, "it is known by now, however far it reaches"
        (told,) = await list_told(story)
        assert tell(told, str.title) == "Nobody will be on duty in primary for a while; Boss was told by mail"


async def test_an_override_that_is_taken_back_leaves_a_gap_that_is_told(cast: Casting) -> None:
    post = Post()
    hole = Schedule(
        layers=(Layer(people=("ana",), ends=START + 3 * DAY), Layer(people=("bo",), begins=START + 4 * DAY))
    )
    async with Story(cast_with(cast, schedules={"primary": hole})) as story:
        covering = story.engine.covering
        begins, ends = START + 3 * DAY, START + 4 * DAY
        covered = await covering.override(
            "virtengine", "primary", "bo", starts_at=begins, ends_at=ends, by="ana", reason="a wedding"
        )
        await look(story, post)
        assert post.letters == [], "it is covered"
        await covering.end("virtengine", covered.override.id, "ana")
        await look(story, post, "1s")
        assert [each[1] for each in post.letters] == ["Nobody is on duty: 1 gap ahead (virtengine)"], "at once"
        assert "from Thu 05 Mar 03:00 to Fri 06 Mar 03:00 UTC" in post.letters[0][2]


async def test_what_the_settings_or_a_calendar_change_is_looked_at_at_once(cast: Casting) -> None:
    post = Post()
    read = Schedule(ics="https://calendar.example/x.ics")
    whole = (Stretch(person="ana", starts_at=START - DAY, ends_at=START + 60 * DAY),)
    schedules = {"primary": Schedule(people=("ana",)), "read": read}

    def lay(story: Story, **changes: Any) -> None:
        settings = story.shelf.settings
        team = settings.teams["virtengine"]
        team = replace(team, staffing=replace(team.staffing, **changes))
        story.shelf.settings = replace(settings, teams={"virtengine": team})

    async with Story(cast_with(cast, schedules=schedules)) as story:
        lay(story, calendars={"read": whole})
        await look(story, post)
        assert post.letters == []
        lay(story, calendars={"read": (replace(whole[0], ends_at=START + DAY),)})
        await look(story, post, "1s")
        assert "nobody is on duty in read from Tue 03 Mar 03:00" in post.letters[0][2], "an absence in the calendar"
        lay(story, schedules={**schedules, "primary": ending(3)})
        await look(story, post, "1s")
        assert "nobody is on duty in primary from Thu 05 Mar 03:00" in post.letters[1][2]
        assert len(post.letters) == 2


async def test_hours_are_told_as_one_and_once(cast: Casting) -> None:
    post = Post()
    office = Schedule(people=("ana",), during=("Mon-Fri 09:00-17:00",))
    async with Story(cast_with(cast, schedules={"primary": office})) as story:
        await look(story, post, "21d")
        ((_, subject, text),) = post.letters
        assert subject.startswith("Nobody is on duty: 1 gap ahead")
        assert "outside of its hours, 11 times in this time; the first from" in text


async def test_who_does_not_take_it_leaves_it_to_the_next_and_nobody_is_asked_for_ever(cast: Casting) -> None:
    post = Post()
    async with Story(cast_with(cast, schedules={"primary": ending(5)})) as story:
        post.refusals = {"boss": Unavailable("Away."), "ana": Rejected("No address.")}
        post.refusals |= {
            who: Rejected("No address.") for who in story.shelf.settings.people if who not in post.refusals
        }
        await look(story, post)
        assert (post.letters, await list_told(story)) == ([], []), "it may be taken some day"
        post.refusals["boss"] = Rejected("No address.")
        await look(story, post)
        (told,) = await list_told(story)
        assert told.person == "" and "boss: No address." in told.why
        post.refusals.clear()
        await look(story, post, "5h")
        assert post.letters == []


async def test_in_shadow_mode_nobody_is_told(cast: Casting) -> None:
    post = Post()
    async with Story(cast_with(cast, schedules={"primary": ending(5)}, mode=Mode.SHADOW)) as story:
        await look(story, post, "1d")
        assert (post.letters, await list_told(story)) == ([], [])
