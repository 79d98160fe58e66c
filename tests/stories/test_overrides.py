"""Somebody takes over, two people exchange shifts: whom the next page calls, and what the record says of it."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.errors import BadInput, NotFound, Rejected
from tocsin.incident.commands import Acknowledge
from tocsin.integrations.pager import Pager
from tocsin.integrations.terminal import Terminal
from tocsin.oncall.duty import list_shifts
from tocsin.oncall.settings import Person, Schedule
from tocsin.page.message import PageMessage
from tocsin.testing.story import START, Cast, Story
from tocsin.timeline.events import PageRequested, ShiftsSwapped

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
        covered = await covering.override(
            "team", "primary", "cy", starts_at=START, ends_at=START + 2 * HOUR, by="ana", reason="dentist"
        )
        await story.declare("", severity="P1")
        assert {page.responder for page in story.pages()} == {"cy"}
        await covering.end("team", covered.override.id, "ana")
        await story.declare("", severity="P1")
        assert {page.responder for page in story.pages()} == {"cy", "ana"}
        rota = await covering.rota("team")
        assert rota.answer("primary", START + HOUR) == ("ana",)


@pytest.mark.parametrize(
    ("schedule", "instead", "why"),
    [
        (replace(WEEKLY, people=("bo", "cy")), "bo", "on duty by now"),
        (Schedule(people=()), "cy", "nobody else is called: ana left the settings"),
    ],
    ids=["somebody else has the duty", "nobody has it"],
)
async def test_whoever_left_the_settings_while_being_called_is_called_no_more(
    weekly: Cast, schedule: Schedule, instead: str, why: str
) -> None:
    async with Story(weekly) as story:
        await story.declare("", severity="P1")
        await story.advance("1m")
        settings, before = story.shelf.settings, len(story.pages("ana"))
        team = settings.teams["team"]
        staffing = replace(team.staffing, schedules={"primary": schedule})
        people = {name: each for name, each in settings.people.items() if name != "ana"}
        story.shelf.settings = replace(settings, people=people, teams={"team": replace(team, staffing=staffing)})
        await story.advance("30m")
        assert len(story.pages("ana")) == before, "she has left"
        assert why in story.pages(instead)[0].why


async def test_whoever_comes_on_duty_is_called_to_what_nobody_has_answered(weekly: Cast) -> None:
    async with Story(weekly) as story:
        await story.declare("", severity="P1")
        await story.engine.covering.override(
            "team", "primary", "bo", starts_at=START + HOUR, ends_at=START + 2 * HOUR, by="ana", reason="dentist"
        )
        await story.advance("59m")
        assert story.pages("bo") == []
        again = len(story.pages("ana"))
        await story.advance("31m")
        first = story.pages("bo")[0]
        assert first.why == "level 1 of the ladder, on duty by now"
        assert 3600 <= story.since(first.at) <= 3600 + 1800, "with the next call to whoever had it before"
        assert len(story.pages("ana")) > again, "who was called before is called still"
        await story.do(Acknowledge(by="bo"))
        calls = len(story.pages())
        await story.advance("2h")
        assert len(story.pages()) == calls, "ana's next shift begins meanwhile; it has been taken"


async def test_whoever_is_out_of_the_settings_is_not_reached_and_whoever_has_the_duty_is_called(weekly: Cast) -> None:
    async with Story(weekly) as story:
        await story.declare("", severity="P0")
        settings = story.shelf.settings
        team = settings.teams["team"]
        staffing = replace(team.staffing, schedules={"primary": Schedule(people=("bo",))})
        people = {name: each for name, each in PEOPLE.items() if name != "ana"}
        teams = {"team": replace(team, staffing=staffing)}
        story.shelf.settings = replace(settings, people=people, teams=teams)
        await story.advance("5m")
        assert "bo" in {page.responder for page in story.pages()}
        pager = Pager(lambda: {"terminal": Terminal(io.StringIO())}, lambda: people, _write_nothing, pass_by)
        asked = PageRequested(responder="ana", channel="terminal", round=1, why="no answer yet")
        with pytest.raises(Rejected, match="ana is not in"):
            await pager.perform(Key(story.stream, 1), asked)


async def _write_nothing(key: Key, asked: PageRequested) -> PageMessage:
    raise AssertionError("nothing is written to whoever is gone")


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
