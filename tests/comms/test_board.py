"""The whole status page: components by alerts and scenarios, planned work, and what stays locked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tocsin.comms.announce import is_unsaid, plan_announcement
from tocsin.comms.board import PublicBoard, Told, make_board
from tocsin.comms.commands import PostUpdate
from tocsin.comms.settings import Component, Planned, StatusPage, find_fault
from tocsin.incident.commands import (
    Close,
    IdentifyCause,
    LiftProhibition,
    Mitigate,
    Reopen,
    Resolve,
    SetSeverity,
)
from tocsin.incident.window import Window
from tocsin.run.turns import PursueScenario
from tocsin.testing.story import Story
from tocsin.timeline.events import AnnouncementRequested
from tocsin.words import Audience, ComponentStatus, PublicStatus, Status

from .ground import NOW, PUBLIC, at, cast, make_book, make_incident, said

PAGE = StatusPage(
    title="Our shop",
    components={
        "disks": Component(name="Disks", matchers=('alertname="DiskFull"',), group="Machines"),
        "doors": Component(name="Doors", scenarios=("Break In",)),
        "tills": Component(name="Tills", matchers=('alertname="DiskFull"', 'till=~".+"')),
    },
)
WORK = Planned(title="New disks", starts_at=at(60), ends_at=at(120), components=("disks",))


async def look(story: Story, page: StatusPage = PAGE, windows: dict[str, Window] | None = None) -> PublicBoard:
    found = [await story.look(card.id) for card in await story.store.cards()]
    told = [
        Told(incident=incident, book=book, entries=tuple(await story.journal.entries(incident.id)))
        for incident, book in found
    ]
    return make_board(page, "shop", told, windows or {}, "UTC", NOW - timedelta(days=1), story.clock.now())


def statuses(board: PublicBoard) -> dict[str, str]:
    return {each.id: each.status.value for each in board.components}


async def announced(story: Story, stream: str | None = None) -> list[tuple[float, str]]:
    """Minutes and statuses of what followers were told."""
    entries = await story.events(AnnouncementRequested, stream)
    return [
        ((each.at - NOW).total_seconds() / 60, each.event.status)
        for each in entries
        if isinstance(each.event, AnnouncementRequested)
    ]


async def test_a_component_is_as_bad_as_the_incident_that_its_alerts_belong_to() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        assert set(statuses(await look(story)).values()) == {"operational"}, "nobody has told the public yet"
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        board = await look(story)
        assert statuses(board) == {"disks": "major_outage", "doors": "operational", "tills": "operational"}
        assert (board.indicator, board.incidents[0].components) == ("critical", ("disks",))
        await story.do(SetSeverity(by="ana", severity="SEV-2"))
        assert (await look(story)).indicator == "major"
        await story.advance("30m")
        await story.do(Mitigate(by="ana"))
        assert statuses(await look(story))["disks"] == "degraded_performance", "a fix is in and is being watched"
        await story.do(Resolve(by="ana"))
        board = await look(story)
        assert (board.indicator, board.summary) == ("none", "All systems operational")
        disks, doors, _ = board.components
        assert (sum(day.down_s for day in disks.days), disks.uptime, doors.uptime) == (1800, "97.959", "100.000")


async def test_planned_work_is_shown_before_during_and_after_and_is_no_outage() -> None:
    page = msgspec.structs.replace(PAGE, maintenance={"disks": WORK})
    async with Story(cast()) as story:
        for minute, said, status in ((0, "scheduled", "operational"), (60, "in_progress", "under_maintenance")):
            await story.until(at(minute))
            board = await look(story, page)
            assert (board.maintenance[0].status, statuses(board)["disks"]) == (said, status)
        assert board.indicator == "maintenance"
        assert board.components[0].uptime == "100.000"
        await story.until(at(120))
        assert (await look(story, page)).maintenance[0].status == "completed"


async def test_recurring_maintenance_of_the_team_may_be_shown_by_its_name() -> None:
    page = StatusPage(maintenance={"patch": Planned(title="Patches", window="night")})
    windows = {"night": Window(lasts_s=3600, reason="secret reason", at="05:00")}
    async with Story(cast()) as story:
        (work,) = (await look(story, page, windows)).maintenance
        assert (work.title, work.starts_at, work.ends_at) == ("Patches", at(120), at(180))
        assert "secret reason" not in msgspec.json.encode(work).decode()


async def test_nothing_of_a_security_incident_is_shown_or_announced_until_security_allows_it() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        await story.until(at(5))
        await story.do(PursueScenario(by="ana", scenario="Break In"))
        await story.until(at(10))
        await story.do(IdentifyCause(by="ana", text="somebody is in"))
        await story.do(Mitigate(by="ana"))
        board = await look(story)
        assert (board.incidents, set(statuses(board).values())) == ((), {"operational"})
        assert await announced(story) == [(0, "investigating")], "what was said before is all that was said"
        incident, book = await story.look()
        (rule,) = [each for each in book.prohibitions(incident) if each.forbids.comms]
        await story.until(at(20))
        await story.do(LiftProhibition(by="sec", line=rule.line, reason="said with care", roles=("Security",)))
        assert await announced(story) == [(0, "investigating"), (20, "monitoring")]
        board = await look(story)
        assert board.incidents[0].title == "Problem with Disks", "its name still has something to hide"


async def test_while_another_incident_locks_words_what_was_said_stays_and_nothing_is_added() -> None:
    async with Story(cast()) as story:
        first = await story.alert("DiskFull")
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        await story.until(at(5))
        breach = await story.alert("BreakIn")
        await story.do(Resolve(by="ana"), first)
        (shown,) = (await look(story)).incidents
        assert (shown.status, shown.resolved_at) == (PublicStatus.INVESTIGATING, None)
        assert await announced(story, first) == [(0, "investigating")]
        await story.until(at(9))
        await story.do(Resolve(by="ana"), breach)
        await story.until(at(11))
        assert [status for _, status in await announced(story, first)] == ["investigating", "resolved"]
        assert (await look(story)).incidents[0].status is PublicStatus.RESOLVED


async def test_each_change_of_the_public_status_is_announced_once_and_a_further_message_is_none() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(PostUpdate(by="ana", text="Only us.", audiences=(Audience.RESPONDERS,)))
        assert await announced(story) == []
        for minute, act in (
            (2, PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC)),
            (3, PostUpdate(by="ana", text="Still.", audiences=PUBLIC)),
            (4, IdentifyCause(by="ana", text="x")),
            (5, IdentifyCause(by="ana", text="y")),
            (6, Mitigate(by="ana")),
            (7, Resolve(by="ana")),
            (8, Reopen(by="ana", reason="x")),
            (9, Resolve(by="ana")),
        ):
            await story.until(at(minute))
            await story.do(act)
        told = ["investigating", "identified", "monitoring", "resolved", "identified", "resolved"]
        assert await announced(story) == list(zip((2, 4, 6, 7, 8, 9), told, strict=True))
        assert [status for _, status in story.recorder.announced] == told


async def test_what_is_closed_without_having_been_resolved_is_said_to_be_over() -> None:
    async with Story(cast()) as story:
        await story.engine.intake.declare("team", "x", None, "SEV-2", "ana")
        (card,) = await story.store.cards()
        await story.do(PostUpdate(by="ana", text="On it.", audiences=PUBLIC), card.id)
        await story.advance("5m")
        await story.do(Resolve(by="ana"), card.id)
        await story.do(Close(by="ana"), card.id)
        assert [status for _, status in await announced(story, card.id)] == ["investigating", "resolved"]
    dismissed = make_incident(status=Status.CLOSED, updates=(said(0),), announced=PublicStatus.INVESTIGATING)
    assert is_unsaid(dismissed)
    plan = plan_announcement(dismissed, make_book(), at(5))
    assert plan.events == (AnnouncementRequested(status=PublicStatus.RESOLVED),)


async def test_what_somebody_typed_or_an_alert_was_called_is_no_public_title() -> None:
    async with Story(cast()) as story:
        await story.engine.intake.declare("team", "db-7 of hunter2", None, "SEV-2", "ana")
        (card,) = await story.store.cards()
        await story.do(PostUpdate(by="ana", text="On it.", audiences=PUBLIC), card.id)
        assert [each.title for each in (await look(story)).incidents] == ["Incident"]


@pytest.mark.parametrize(
    ("page", "where"),
    [
        ({"url": "status.example.org"}, ("url",)),
        ({"components": {"x": Component(name="X", matchers=("nonsense",))}}, ("components", "x", "matchers")),
        ({"maintenance": {"m": Planned(title="M")}}, ("maintenance", "m", "starts_at")),
        ({"maintenance": {"m": Planned(title="M", window="day")}}, ("maintenance", "m", "window")),
        ({"maintenance": {"m": Planned(title="M", starts_at=at(2), ends_at=at(1))}}, ("maintenance", "m", "ends_at")),
        (
            {"maintenance": {"m": Planned(title="M", starts_at=NOW.replace(tzinfo=None), ends_at=at(1))}},
            ("maintenance", "m", "starts_at"),
        ),
        (
            {"maintenance": {"m": Planned(title="M", window="night", components=("y",))}},
            ("maintenance", "m", "components"),
        ),
    ],
)
def test_settings_that_do_not_hold_are_found(page: dict[str, Any], where: tuple[str, ...]) -> None:
    found, why = find_fault(StatusPage(**page), ("night",))
    assert found == where
    assert why.endswith(".")


def test_statuses_are_ordered_from_well_to_bad() -> None:
    assert tuple(ComponentStatus)[:4] == (
        ComponentStatus.OPERATIONAL,
        ComponentStatus.DEGRADED,
        ComponentStatus.PARTIAL_OUTAGE,
        ComponentStatus.MAJOR_OUTAGE,
    )
