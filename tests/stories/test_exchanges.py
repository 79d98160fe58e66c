"""What a swap takes of a turn and what it leaves, and an override that is asked for twice or lies over another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.errors import BadInput
from tocsin.oncall.settings import Layer, Person, Schedule
from tocsin.testing.story import START, Cast, Story
from tocsin.timeline.events import Event, OverrideSet, ShiftsSwapped
from tocsin.timeline.tell import tell
from tocsin.web.views.covering import list_notes, show_covered, show_swap

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = {name: Person(name=name.title()) for name in ("ana", "bo", "cy")}
NIGHTS = Schedule(
    people=("ana", "bo"),
    rotation="weekly",
    handoff="Monday 09:00",
    start=date(2026, 2, 23),
    layers=(Layer(people=("cy",), during=("Mon-Fri 09:00-17:00",)),),
)
"""Nights and weekends go round weekly; on working days the layer above has cy."""
TUESDAY_NIGHT = datetime.fromisoformat("2026-03-03T20:00Z")
NEXT_WEEK = datetime.fromisoformat("2026-03-14T12:00Z")


@pytest.fixture
async def story(shared: Path) -> AsyncIterator[Story]:
    cast = Cast(
        playbook=(shared / "seeds" / "bitcell.md").read_bytes(),
        people=PEOPLE,
        schedules={"primary": NIGHTS},
        levels=(("primary",),),
        last_resort=("cy",),
    )
    async with Story(cast) as made:
        yield made


async def list_events(story: Story) -> list[Event]:
    return [each.event for each in await story.journal.entries("team/team")]


async def cover(story: Story, person: str, since: timedelta, until: timedelta, instead: str = "") -> tuple[str, ...]:
    """Set an override; what is said of it."""
    covered = await story.engine.covering.override(
        "team", "primary", person, starts_at=START + since, ends_at=START + until, by="ana", reason="x", instead=instead
    )
    return show_covered(covered, str.title).notes


async def test_a_swap_says_before_and_after_which_stretch_it_takes_and_which_it_leaves(story: Story) -> None:
    covering, asked = story.engine.covering, (("bo", TUESDAY_NIGHT), ("ana", NEXT_WEEK))
    foreseen = show_swap(await covering.foresee_swap("team", "primary", *asked), str.title)
    assert foreseen.notes == (
        "Ana takes Bo's Tue 03 Mar 17:00 to Wed 04 Mar 09:00 UTC (layer 1).",
        "Not taken, Bo keeps of the same turn: Mon 02 Mar 17:00 to Tue 03 Mar 09:00 UTC; Wed 04 Mar 17:00 to "
        "Thu 05 Mar 09:00 UTC; Thu 05 Mar 17:00 to Fri 06 Mar 09:00 UTC; Fri 06 Mar 17:00 to Mon 09 Mar 09:00 UTC.",
        "Bo takes Ana's Fri 13 Mar 17:00 to Mon 16 Mar 09:00 UTC (layer 1).",
        "Not taken, Ana keeps of the same turn: Mon 09 Mar 17:00 to Tue 10 Mar 09:00 UTC; Tue 10 Mar 17:00 to "
        "Wed 11 Mar 09:00 UTC; Wed 11 Mar 17:00 to Thu 12 Mar 09:00 UTC; Thu 12 Mar 17:00 to Fri 13 Mar 09:00 UTC.",
    )
    assert not foreseen.id and not (await story.engine.covering.rota("team")).overrides, "nothing has changed hands"
    done = await covering.swap("team", "primary", *asked, by="bo", reason="a wedding")
    assert show_swap(done, str.title).notes == foreseen.notes
    rota = await covering.rota("team")
    assert rota.answer("primary", TUESDAY_NIGHT) == ("ana",)
    assert rota.answer("primary", TUESDAY_NIGHT + DAY) == ("bo",), "as it was said"
    (event,) = [each for each in await list_events(story) if isinstance(each, ShiftsSwapped)]
    told = tell(event, str.title)
    assert "Ana has Bo's from 03 Mar 17:00 to 04 Mar 09:00 and Bo has Ana's from 13 Mar 17:00 to 16 Mar 09:00" in told
    assert "; Bo keeps 02 Mar 17:00 to 03 Mar 09:00, 04 Mar 17:00 to 05 Mar 09:00," in told
    half = rota.overrides[0]
    (note,) = list_notes(half, rota.overrides, str.title)
    assert note.startswith("Bo keeps of the same turn: Mon 02 Mar 17:00"), "it stays to be seen beside the swap"


async def test_what_is_over_is_not_said_to_be_left(story: Story) -> None:
    await story.advance("3d")
    swap = await story.engine.covering.foresee_swap(
        "team", "primary", ("bo", START + 3 * DAY + HOUR), ("ana", NEXT_WEEK)
    )
    assert swap.halves[0].left[0][0] == datetime.fromisoformat("2026-03-05T17:00Z")
    assert swap.halves[0].shift.starts_at == story.clock.now(), "nor is what is past taken"
    with pytest.raises(BadInput, match="is over; nobody takes it any more"):
        await story.engine.covering.foresee_swap("team", "primary", ("bo", TUESDAY_NIGHT), ("ana", NEXT_WEEK))


async def test_a_whole_turn_leaves_nothing_and_nothing_is_said_of_it(story: Story) -> None:
    settings = story.shelf.settings
    staffing = replace(settings.teams["team"].staffing, schedules={"primary": replace(NIGHTS, layers=())})
    story.shelf.settings = replace(settings, teams={"team": replace(settings.teams["team"], staffing=staffing)})
    swap = await story.engine.covering.foresee_swap("team", "primary", ("ana", START), ("bo", TUESDAY_NIGHT))
    assert [each.left for each in swap.halves] == [(), ()]
    assert len(show_swap(swap, str.title).notes) == 2


async def test_an_override_that_is_asked_for_twice_is_the_first(story: Story) -> None:
    covering = story.engine.covering
    asked: dict[str, Any] = {"starts_at": START, "ends_at": START + 2 * HOUR, "by": "ana", "reason": "dentist"}
    first = await covering.override("team", "primary", "cy", **asked)
    again = await covering.override("team", "primary", "cy", **{**asked, "by": "bo"})
    assert (again.override.id, again.again) == (first.override.id, True)
    assert len([each for each in await list_events(story) if isinstance(each, OverrideSet)]) == 1
    assert show_covered(again, str.title).notes == (
        "It was set already, by Ana: nothing was set a second time.",
    )  # fmt: skip
    longer = await covering.override("team", "primary", "cy", **{**asked, "ends_at": START + 3 * HOUR})
    assert longer.override.id != first.override.id
    back = await covering.override("team", "primary", "cy", **asked)
    assert not back.again, "a later one lies over the first by now"


async def test_a_request_that_is_sent_twice_for_two_hours_from_now_is_one(story: Story) -> None:
    covering = story.engine.covering

    async def ask(by: str) -> str:
        covered = await covering.override("team", "primary", "cy", ends_at=2 * HOUR, by=by, reason="dentist")
        return covered.override.id

    first = await ask("ana")
    await story.advance("5s")
    assert await ask("ana") == first
    assert await ask("bo") != first, "somebody else means it anew"
    await story.advance("30m")
    assert await ask("ana") != first, "half an hour later it is meant to last longer"


async def test_overrides_that_overlap_are_told(story: Story) -> None:
    assert await cover(story, "cy", HOUR, 4 * HOUR) == ()
    (told,) = await cover(story, "bo", 2 * HOUR, 5 * HOUR)
    assert told == (
        "From Mon 02 Mar 05:00 to Mon 02 Mar 07:00 UTC it lies over Ana's override (x): Bo has the duty there, not Cy."
    )
    told, idle = await cover(story, "ana", HOUR, 2 * HOUR, instead="bo")
    assert told.endswith("Cy keeps what that gave them.")
    assert idle.startswith("Nobody's duty is another by it")
    rota = await story.engine.covering.rota("team")
    assert rota.answer("primary", START + HOUR) == ("cy",)
    assert list_notes(rota.overrides[0], rota.overrides, str.title) == (
        "From Mon 02 Mar 05:00 to Mon 02 Mar 07:00 UTC Bo has it: that was set later.",
    )


async def test_an_override_that_changes_nothing_says_so(story: Story) -> None:
    assert await cover(story, "ana", HOUR, 2 * HOUR) == (
        "Nobody's duty is another by it: Ana has all of that time as it is.",
    )
    assert await cover(story, "cy", 2 * HOUR, 3 * HOUR, instead="bo") == (
        "Nobody's duty is another by it: Bo has no shift of primary in that time.",
    )
