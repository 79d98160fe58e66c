"""Tickets, where a playbook keeps the small things in a tracker, and what is left to do afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import TicketDone, TicketFailed

Casting = Callable[..., Cast]


@pytest.mark.duty("VIR-07")
async def test_a_sev_4_has_a_day_and_a_ticket(cast: Casting) -> None:
    async with Story(cast("virtengine", tickets="tracker")) as story:
        await story.declare("Chain Halted", severity="SEV-4")
        incident = await story.incident()
        assert incident.tickets["work"].line == 104
        assert story.since(incident.obligations["acknowledge"].due_at) == 86400
        (ticket,) = story.tracker.tickets.values()
        assert "The playbook asks for this ticket (line 104): Tracking: JIRA ticket" in ticket.draft.text


@pytest.mark.duty("VIR-07")
async def test_the_ticket_is_closed_with_the_incident(cast: Casting) -> None:
    async with Story(cast("virtengine", tickets="tracker")) as story:
        await story.declare("Chain Halted", severity="SEV-4")
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        work = (await story.incident()).tickets["work"]
        assert (work.line, work.closed) == (104, True)
        assert story.tracker.tickets[work.id].is_closed


@pytest.mark.duty("BIT-09")
async def test_a_p3_goes_to_the_backlog_and_has_no_room(cast: Casting) -> None:
    async with Story(cast("bitcell", tickets="tracker", war_room="chat")) as story:
        await story.declare("Node Down", severity="P3")
        await story.advance("30m")
        assert story.chat.rooms == {}
        (ticket,) = story.tracker.tickets.values()
        assert "(line 95): Document in backlog" in ticket.draft.text


@pytest.mark.duty("VIR-13")
async def test_what_is_left_to_do_has_a_ticket_of_its_own_once_it_is_over(cast: Casting) -> None:
    async with Story(cast("virtengine", tickets="tracker")) as story:
        await story.declare("Chain Halted", severity="SEV-1")
        await story.do(Acknowledge(by="ana"))
        assert story.tracker.tickets == {}
        await story.do(Resolve(by="ana"))
        (ticket,) = story.tracker.tickets.values()
        assert ticket.draft.title.startswith("Follow-up to INC-20260302-001")
        assert (await story.incident()).tickets["follow_up"].line == 181


async def test_a_try_whose_answer_is_lost_leaves_one_ticket(cast: Casting) -> None:
    async with Story(cast("virtengine", tickets="tracker")) as story:
        story.tracker.is_silent = True
        await story.declare("Chain Halted", severity="SEV-4")
        assert [each.event.passing for each in await story.events(TicketFailed)] == [True]  # type: ignore[attr-defined]
        story.tracker.is_silent = False
        await story.advance("1m")
        (done,) = await story.events(TicketDone)
        assert isinstance(done.event, TicketDone)
        assert done.event.found
        assert len(story.tracker.tickets) == 1


async def test_a_ticket_about_a_security_incident_has_its_number_alone(cast: Casting) -> None:
    async with Story(cast("virtengine", tickets="tracker")) as story:
        await story.declare("Key Compromise Suspected", severity="SEV-4")
        (ticket,) = story.tracker.tickets.values()
        assert ticket.draft.title == f"[SEV-4] {(await story.incident()).number}"
