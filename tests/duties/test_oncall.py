"""What two playbooks say of being on call: a week from Monday nine to Monday nine, and a summary at the hand-off."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tocsin.app.settings_draft import write_settings
from tocsin.errors import Unavailable
from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.knowledge import load_knowledge
from tocsin.oncall.duty import Plan, list_shifts
from tocsin.oncall.settings import Person, Schedule, Stretch
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import HandoffSummarised, HandoffTold
from tocsin.words import Mode

PEOPLE = {name: Person(name=name.title(), mail=f"{name}@example.org") for name in ("ana", "bo", "cy", "dee")}
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def compile_seed(shared: Path, name: str) -> tuple[bytes, Playbook]:
    """A playbook as it is in the folder, and what it says."""
    source = (shared / "seeds" / f"{name}.md").read_bytes()
    return source, compile_playbook(source, f"{name}.md", load_knowledge())


def draft_schedules(shared: Path, name: str) -> dict[str, Schedule]:
    """The schedules that `tocsin init` makes of a playbook, with people instead of the stand-in."""
    source, playbook = compile_seed(shared, name)
    tables = tomllib.loads(write_settings([("team", source, playbook)], Mode.LIVE))["teams"]["team"]["schedules"]
    people = {"primary": ("ana", "bo"), "secondary": ("cy", "dee")}
    return {key: msgspec.convert({**table, "people": people[key]}, Schedule) for key, table in tables.items()}


@pytest.mark.duty("BIT-03")
def test_the_week_runs_from_monday_nine_to_monday_nine_whatever_the_clock_does(shared: Path) -> None:
    """The draft takes the week from the playbook; in a zone with summer time two of the year's weeks differ."""
    primary = draft_schedules(shared, "bitcell")["primary"]
    assert (primary.rotation, primary.handoff) == ("weekly", "Monday 09:00")
    plan = Plan(name="primary", schedule=primary, zone=BERLIN)
    since = datetime(2026, 1, 5, 9, tzinfo=BERLIN).astimezone(UTC)
    shifts = list_shifts(plan, since, since + timedelta(days=364))
    walls = {each.starts_at.astimezone(BERLIN).strftime("%A %H:%M") for each in shifts}
    assert walls == {"Monday 09:00"}
    lengths = [(each.ends_at - each.starts_at) // HOUR for each in shifts]
    assert sorted(set(lengths)) == [167, 168, 169]
    assert (lengths.count(167), lengths.count(169)) == (1, 1)


@pytest.mark.duty("BIT-02")
async def test_the_primary_is_there_at_any_hour_and_the_secondary_for_escalations(shared: Path) -> None:
    source, playbook = compile_seed(shared, "bitcell")
    draft = write_settings([("team", source, playbook)], Mode.LIVE)
    assert "team.md:24: Primary On-Call: First responder, 24/7 coverage" in draft
    assert "team.md:25: Secondary On-Call: Backup for escalations" in draft
    text = tomllib.loads(draft)["teams"]["team"]
    schedules = draft_schedules(shared, "bitcell")
    assert set(schedules) == {"primary", "secondary"}
    for schedule in schedules.values():
        shifts = list_shifts(
            Plan(name="x", schedule=schedule, zone=BERLIN),
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2027, 1, 1, tzinfo=UTC),
        )
        assert all(each.people for each in shifts), "24/7"
    levels = tuple(tuple(level) for level in text["levels"])
    assert (levels[0], levels[1]) == (("primary",), ("secondary",))
    cast = Cast(
        playbook=source,
        people=PEOPLE,
        schedules=schedules,
        levels=levels[:2],
        roles={"Platform lead": ("dee",)},
        last_resort=("dee",),
    )
    async with Story(cast) as story:
        await story.declare("", severity="P1")
        rota = story.shelf.rota(await story.incident())
        primary, secondary = rota.answer("primary", story.start), rota.answer("secondary", story.start)
        assert {page.responder for page in story.pages()} == set(primary)
        await story.advance("10m")
        assert set(secondary) <= {page.responder for page in story.pages()}


@pytest.fixture
def week(shared: Path) -> Cast:
    """BitCell with a weekly primary, on a Thursday: the hand-off comes on Monday at nine."""
    return Cast(
        playbook=(shared / "seeds" / "bitcell.md").read_bytes(),
        people=PEOPLE,
        schedules={"primary": Schedule(people=("ana", "bo"), rotation="weekly", handoff="Monday 09:00")},
        levels=(("primary",),),
        last_resort=("cy",),
    )


THURSDAY = datetime(2026, 3, 5, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, 9, tzinfo=UTC)


@pytest.mark.duty("BIT-04")
async def test_on_monday_whoever_takes_over_is_told_of_the_week(week: Cast) -> None:
    sent: list[tuple[datetime, str, str]] = []
    async with Story(week, start=THURSDAY) as story:

        async def send(person: str, subject: str, text: str) -> str:
            sent.append((story.clock.now(), person, text))
            return "mail"

        story.engine.handing.send = send
        for at in range(4):
            await story.alert("NodeDown", instance="n1", resolved=bool(at % 2))
            await story.advance("1h")
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        await story.until(MONDAY - timedelta(seconds=1))
        assert not sent
        await story.until(MONDAY)
        (incoming, outgoing) = ("ana", "bo") if sent[0][1] == "ana" else ("bo", "ana")
        assert [(at, person) for at, person, _ in sent] == [(MONDAY, incoming), (MONDAY, outgoing)]
        text = sent[0][2]
        assert f"{incoming} took over from {outgoing} on 2026-03-09 09:00 UTC" in text
        card = (await story.store.cards())[-1]
        assert f"{card.number} " in text
        assert "## Incidents of the past week: 1" in text
        assert "## Open actions:" in text
        assert "## Noisy alerts" in text
        (entry,) = [
            each.event for each in await story.journal.entries("team/team") if isinstance(each.event, HandoffSummarised)
        ]
        assert isinstance(entry, HandoffSummarised)
        assert entry.line == 27
        await story.until(MONDAY + timedelta(days=6))
        assert len(sent) == 2, "told once"
        await story.until(MONDAY + timedelta(days=7))
        assert len(sent) == 4, "and at the next hand-off"


async def test_a_schedule_that_is_kept_elsewhere_is_handed_over_when_that_says_so(week: Cast) -> None:
    """Its own turns do not count, nor a shift that goes on with the same person, nor one of a few hours."""
    sent: list[tuple[datetime, str]] = []
    tuesday, noon = MONDAY + timedelta(days=1), THURSDAY + timedelta(days=1)
    stretches = tuple(
        Stretch(person=person, starts_at=since, ends_at=until)
        for person, since, until in (
            ("ana", THURSDAY - timedelta(days=2), noon),
            ("cy", noon, noon + 2 * HOUR),
            ("ana", noon + 2 * HOUR, MONDAY),
            ("ana", MONDAY, tuesday),
            ("dee", tuesday, tuesday + timedelta(days=7)),
        )
    )
    async with Story(week, start=THURSDAY) as story:

        async def send(person: str, subject: str, text: str) -> str:
            sent.append((story.clock.now(), person))
            return "mail"

        settings = story.shelf.settings
        staffing = settings.teams["team"].staffing
        primary = msgspec.structs.replace(staffing.schedules["primary"], pagerduty="PABC123")
        changed = msgspec.structs.replace(staffing, schedules={"primary": primary}, calendars={"primary": stretches})
        team = msgspec.structs.replace(settings.teams["team"], staffing=changed)
        story.shelf.settings = msgspec.structs.replace(settings, teams={"team": team})
        story.engine.handing.send = send
        await story.until(tuesday - timedelta(seconds=1))
        back = noon + 2 * HOUR
        assert sent == [(back, "ana"), (back, "cy")]
        sent.clear()
        await story.until(tuesday + HOUR)
        assert sent == [(tuesday, "dee"), (tuesday, "ana")]


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_team_whose_playbook_says_nothing_of_it_can_want_the_summary(
    shared: Path, week: Cast, wanted: bool
) -> None:
    sent: list[str] = []
    playbook = (shared / "seeds" / "virtengine.md").read_bytes()
    async with Story(msgspec.structs.replace(week, playbook=playbook, handoff_summary=wanted), start=THURSDAY) as story:

        async def send(person: str, subject: str, text: str) -> str:
            sent.append(person)
            return "mail"

        await story.settle()
        story.engine.handing.send = send
        await story.until(MONDAY + HOUR)
        assert sorted(sent) == (["ana", "bo"] if wanted else [])


async def test_in_shadow_mode_the_summary_stands_on_the_screen_and_nobody_is_written_to(week: Cast) -> None:
    sent: list[str] = []
    async with Story(msgspec.structs.replace(week, mode=Mode.SHADOW), start=THURSDAY) as story:

        async def send(person: str, subject: str, text: str) -> str:
            sent.append(person)
            return "mail"

        await story.settle()
        story.engine.handing.send = send
        await story.until(MONDAY + HOUR)
        entries = [each.event for each in await story.journal.entries("team/team")]
        assert [each.handoff_at for each in entries if isinstance(each, HandoffSummarised)] == [MONDAY]
        assert sent == []


@pytest.mark.duty("BIT-04")
async def test_a_server_that_was_away_tells_late_and_who_was_not_told_is_told_again(week: Cast) -> None:
    sent: list[str] = []
    async with Story(week, start=THURSDAY) as story:

        async def refuse(person: str, subject: str, text: str) -> str:
            raise Unavailable("The mail server is gone in this story.")

        async def send(person: str, subject: str, text: str) -> str:
            sent.append(person)
            return "mail"

        await story.settle()
        story.engine.handing.send = refuse
        story.clock.set(MONDAY + 3 * HOUR)  # nobody turned meanwhile
        await story.settle()
        entries = [each.event for each in await story.journal.entries("team/team")]
        (summed,) = [each for each in entries if isinstance(each, HandoffSummarised)]
        assert summed.late_s == 3 * 3600
        assert not any(isinstance(each, HandoffTold) for each in entries)
        story.engine.handing.send = send
        await story.advance("2m")
        assert sorted(sent) == ["ana", "bo"]
