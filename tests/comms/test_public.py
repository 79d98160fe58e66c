"""The public sees what a person has told it, and nothing else of an incident."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
import pytest

from tocsin.comms.board import Told, make_board
from tocsin.comms.commands import PostUpdate
from tocsin.comms.public import PublicIncident, PublicUpdate
from tocsin.comms.settings import StatusPage
from tocsin.incident.commands import (
    AddNote,
    IdentifyCause,
    Mitigate,
    Reopen,
    Resolve,
    SetSeverity,
    TakeRole,
)
from tocsin.incident.state import Incident
from tocsin.run.commands import ProposeStep
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Story
from tocsin.words import Audience, ComponentStatus, PublicStatus, Status

from .ground import NOW, PUBLIC, at, cast, make_book, make_incident, said

SECRET = "hunter2"


async def seen(story: Story) -> tuple[PublicIncident, ...]:
    """What the status page shows now."""
    found = [await story.look(card.id) for card in await story.store.cards()]
    told = [Told(incident=incident, book=book) for incident, book in found]
    now = story.clock.now()
    return make_board(StatusPage(), "team", told, {}, "UTC", NOW, now).incidents


def show_public(incidents: Iterable[Incident], now: datetime) -> tuple[PublicIncident, ...]:
    """The same of incidents that nobody has lived through."""
    told = [Told(incident=each, book=make_book()) for each in incidents]
    return make_board(StatusPage(), "team", told, {}, "UTC", NOW, now).incidents


async def test_an_incident_shows_itself_only_once_a_person_has_spoken_to_the_public() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        assert await seen(story) == ()
        await story.do(PostUpdate(by="ana", text="The disk of db-7 is full.", audiences=(Audience.RESPONDERS,)))
        assert await seen(story) == ()
        await story.advance("4m")
        await story.do(PostUpdate(by="ana", text="Orders fail; we are on it.", audiences=PUBLIC))
        (shown,) = await seen(story)
        told = PublicUpdate(at=at(4), status=PublicStatus.INVESTIGATING, text="Orders fail; we are on it.")
        assert shown == PublicIncident(
            number=shown.number,
            title="Disk Full",
            status=PublicStatus.INVESTIGATING,
            started_at=NOW,
            changed_at=at(4),
            resolved_at=None,
            updates=(told,),
            impact=ComponentStatus.MAJOR_OUTAGE,
        )


async def test_nothing_internal_is_in_what_the_public_gets() -> None:
    async with Story(cast()) as story:
        story.recorder.answer = lambda text: Answer(stdout=f"/dev/{SECRET}")
        await story.alert("DiskFull", instance=SECRET)
        await story.do(TakeRole(by=SECRET, role="Scribe", responder=SECRET))
        await story.do(AddNote(by="ana", text=SECRET))
        await story.do(IdentifyCause(by="ana", text=f"the password {SECRET} leaked"))
        await story.do(SetSeverity(by="ana", severity="SEV-2", reason=SECRET))
        await story.do(ProposeStep(by="ana", text=f"echo {SECRET}"))
        await story.do(PostUpdate(by="ana", text=SECRET, audiences=(Audience.RESPONDERS,)))
        await story.do(PostUpdate(by=SECRET, text="All is well.", audiences=(Audience.PUBLIC,)))
        await story.do(Mitigate(by="ana", note=SECRET))
        await story.do(Resolve(by="ana", note=SECRET))
        (shown,) = await seen(story)
        assert SECRET not in msgspec.json.encode(shown).decode()
        assert [update.text for update in shown.updates] == ["All is well."]


def test_the_fields_of_what_is_public_are_these_and_no_more() -> None:
    """Whoever adds one should have to think about who reads it."""
    assert PublicIncident.__struct_fields__ == (
        "number", "title", "status", "started_at", "changed_at", "resolved_at", "updates", "components", "impact",
    )  # fmt: skip
    assert PublicUpdate.__struct_fields__ == ("at", "status", "text")


async def test_each_message_keeps_the_status_of_its_moment_and_the_newest_comes_first() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        for minute, act, expected in (
            (1, None, PublicStatus.INVESTIGATING),
            (2, IdentifyCause(by="ana", text="x"), PublicStatus.IDENTIFIED),
            (3, Mitigate(by="ana"), PublicStatus.MONITORING),
            (4, Resolve(by="ana"), PublicStatus.RESOLVED),
            (5, Reopen(by="ana", reason="x"), PublicStatus.IDENTIFIED),
        ):
            await story.until(at(minute))
            if act is not None:
                await story.do(act)
            await story.do(PostUpdate(by="ana", text=str(minute), audiences=PUBLIC))
            assert (await seen(story))[0].status is expected
        (shown,) = await seen(story)
        assert [(update.text, update.status) for update in shown.updates] == [
            ("5", PublicStatus.IDENTIFIED), ("4", PublicStatus.RESOLVED), ("3", PublicStatus.MONITORING),
            ("2", PublicStatus.IDENTIFIED), ("1", PublicStatus.INVESTIGATING),
        ]  # fmt: skip
        assert shown.resolved_at is None, "it goes on again"


async def test_the_status_changes_without_a_new_message_too() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(PostUpdate(by="ana", text="On it.", audiences=PUBLIC))
        await story.advance("30m")
        await story.do(Resolve(by="ana"))
        (shown,) = await seen(story)
        assert (shown.status, shown.resolved_at) == (PublicStatus.RESOLVED, at(30))
        assert shown.updates[0].status is PublicStatus.INVESTIGATING


@pytest.mark.parametrize(("days", "is_shown"), [(0, True), (90, True), (90.01, False), (400, False)])
def test_what_is_over_is_shown_for_ninety_days(days: float, is_shown: bool) -> None:
    over = make_incident(status=Status.RESOLVED, resolved_at=at(0), updates=(said(0),))
    later = NOW + timedelta(days=days)
    assert bool(show_public([over], later)) is is_shown
    goes_on = make_incident(updates=(said(0),))
    assert show_public([goes_on], later)


def test_what_was_dismissed_or_merged_is_over_too() -> None:
    """It never was resolved, and must not stay on the page for ever."""
    dismissed = make_incident(status=Status.CLOSED, closed_at=at(5), updates=(said(0),))
    (shown,) = show_public([dismissed], at(10))
    assert (shown.status, shown.resolved_at) == (PublicStatus.RESOLVED, at(5))
    assert show_public([dismissed], NOW + timedelta(days=91)) == ()


def test_the_newest_incident_comes_first() -> None:
    several = [make_incident(id=f"team-{n}", number=str(n), opened_at=at(n), updates=(said(n),)) for n in (2, 3, 1)]
    assert [each.number for each in show_public(several, at(9))] == ["3", "2", "1"]
