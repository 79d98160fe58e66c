"""Somebody takes over, two people exchange shifts: whom the next page calls, and what the record says of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.errors import BadInput, NotFound
from tocsin.oncall.duty import list_shifts
from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import START, Cast, Story
from tocsin.timeline.events import ShiftsSwapped

PEOPLE = {name: Person(name=name.title()) for name in ("ana", "bo", "cy")}
WEEKLY = Schedule(people=("ana", "bo"), rotation="weekly", handoff="Monday 09:00", start=date(2026, 2, 23))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def weekly(shared: Path) -> Cast:
    """BitCell, with a weekly primary: on the Monday of the story, at 03:00, it is ana's for six hours more."""
    return Cast(
        playbook=(shared / "seeds" / "bitcell.md").read_bytes(),
        people=PEOPLE,
        schedules={"primary": WEEKLY},
        levels=(("primary",),),
        last_resort=("cy",),
    )


async def test_an_override_is_whom_the_next_page_calls_and_ends(weekly: Cast) -> None:
    async with Story(weekly) as story:
        covering = story.engine.covering
        override = await covering.override(
            "team", "primary", "cy", starts_at=START, ends_at=START + 2 * HOUR, by="ana", reason="dentist"
        )
        await story.declare("", severity="P1")
        assert {page.responder for page in story.pages()} == {"cy"}
        await covering.end("team", override, "ana")
        await story.declare("", severity="P1")
        assert {page.responder for page in story.pages()} == {"cy", "ana"}
        rota = await covering.rota("team")
        assert rota.answer("primary", START + HOUR) == ("ana",)


async def test_an_override_survives_a_restart(weekly: Cast) -> None:
    async with Story(weekly) as story:
        await story.engine.covering.override(
            "team", "primary", "cy", starts_at=START, ends_at=START + 2 * HOUR, by="ana", reason="dentist"
        )
        story.journal.forget_standing("team")
        story.journal.teams._overrides.clear()
        await story.declare("", severity="P1")
        assert {page.responder for page in story.pages()} == {"cy"}


async def test_a_swap_records_both_halves_and_both_change_hands(weekly: Cast) -> None:
    async with Story(weekly) as story:
        covering, later = story.engine.covering, START + 5 * DAY
        await covering.swap("team", "primary", ("ana", START), ("bo", later), by="ana", reason="a wedding")
        rota = await covering.rota("team")
        shifts = list_shifts(rota.plan("primary"), START, START + 14 * DAY)
        monday = datetime.fromisoformat("2026-03-02T09:00Z")
        assert [(each.people, each.starts_at) for each in shifts] == [
            (("bo",), START),
            (("ana",), monday),
            (("ana",), monday + 7 * DAY),
            (("bo",), monday + 14 * DAY),
        ][: len(shifts)]
        (entry,) = [each for each in await story.journal.entries("team/team") if isinstance(each.event, ShiftsSwapped)]
        assert isinstance(entry.event, ShiftsSwapped)
        assert [(each.person, each.instead) for each in entry.event.shifts] == [("bo", "ana"), ("ana", "bo")]
        await covering.end("team", entry.event.swap, "bo")
        rota = await covering.rota("team")
        assert rota.answer("primary", START + HOUR) == ("ana",), "both halves are over"
        assert rota.answer("primary", later) == ("bo",)


async def test_what_makes_no_sense_is_refused_with_a_way_out(weekly: Cast) -> None:
    async with Story(weekly) as story:
        covering = story.engine.covering
        with pytest.raises(NotFound, match="no schedule 'tertiary'; it has primary"):
            await covering.override(
                "team", "tertiary", "cy", starts_at=START, ends_at=START + HOUR, by="ana", reason="x"
            )
        with pytest.raises(NotFound, match="no person 'dee'"):
            await covering.override(
                "team", "primary", "dee", starts_at=START, ends_at=START + HOUR, by="ana", reason="x"
            )
        with pytest.raises(BadInput, match="Say why"):
            await covering.override(
                "team", "primary", "cy", starts_at=START, ends_at=START + HOUR, by="ana", reason=" "
            )
        with pytest.raises(BadInput, match="end later than now"):
            await covering.override(
                "team", "primary", "cy", starts_at=START - DAY, ends_at=START - HOUR, by="ana", reason="x"
            )
        with pytest.raises(BadInput, match="bo has no shift of primary at 2026-03-02 03:00 UTC; ana has"):
            await covering.swap("team", "primary", ("bo", START), ("ana", START), by="ana", reason="x")
        with pytest.raises(NotFound, match="no override"):
            await covering.end("team", "nothing", "ana")
