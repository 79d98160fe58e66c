"""A status page that the playbook has speak by itself: once, plainly, and beaten by whatever forbids words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.comms.board import may_show
from tocsin.comms.drafting import WithdrawUpdate
from tocsin.comms.settings import StatusPage
from tocsin.incident.commands import Acknowledge, Resolve, SetSeverity, TakeRole
from tocsin.testing.story import Cast, Story, seconds
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Audience, Mode, ObligationState

Casting = Callable[..., Cast]
CRITICAL = {"severity_map": {"critical": "P1", "warning": "P2"}}


def said(story: Story) -> list[tuple[float, str]]:
    return [(story.since(at), status.value) for at, status in story.recorder.announced]


async def test_the_page_speaks_by_itself_once_and_its_duty_is_met(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", **CRITICAL)) as story:
        await story.alert("ApiDown", severity="critical")
        assert said(story) == [(0, "investigating")]
        assert (await story.expect_obligation("status_page", ObligationState.MET, due="5m")).line == 253
        await story.alert("ApiDown", severity="critical", instance="b")
        await story.do(Acknowledge(by="ana"))
        await story.advance("3h")
        assert said(story) == [(0, "investigating")]


@pytest.mark.parametrize(
    "changed",
    [{"status": StatusPage(automatic=False)}, {"mode": Mode.SHADOW}, {"severity_map": {}}],
    ids=["turned off", "shadow", "no severity"],
)
async def test_it_keeps_quiet(cast: Casting, changed: dict[str, Any]) -> None:
    async with Story(cast("monero-marketplace", **(CRITICAL | changed))) as story:
        await story.alert("ApiDown", severity="critical")
        assert (await story.incident()).updates == ()
        assert said(story) == []


async def test_in_shadow_mode_it_is_decided_and_not_said(cast: Casting) -> None:
    """Nobody is reminded of what the page would have said, when it goes on and when it is over; and nobody reads it."""
    async with Story(cast("monero-marketplace", **CRITICAL, mode=Mode.SHADOW)) as story:
        await story.alert("ApiDown", severity="critical")
        await story.expect_obligation("status_page", ObligationState.MET, due="5m")
        (withheld,) = await story.events(e.UpdateWithheld)
        assert tell(withheld.event, str).startswith("tocsin would have told the public (investigating): We are looking")
        (ticked,) = [each for each in await story.events(e.StepDone) if "status page would say" in str(each.event)]
        assert ticked.at == withheld.at
        await story.do(Acknowledge(by="ana"))
        await story.do(TakeRole(by="ana", role="Incident Commander", responder="ana"))
        await story.do(Resolve(by="ana"))
        await story.expect_obligation("status_page_resolved", ObligationState.MET)
        incident, book = await story.look()
        assert len(await story.events(e.AnnouncementNotMade)) == 2
        assert not may_show(incident, book)
        assert said(story) == []


async def test_a_page_that_kept_quiet_in_shadow_mode_speaks_once_the_team_is_live(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", **CRITICAL, mode=Mode.SHADOW)) as story:
        await story.alert("ApiDown", severity="critical")
        assert not (await story.incident()).is_public
        await story.advance("1m")
        team = story.shelf.settings.teams["monero-marketplace"]
        live = replace(team, policy=replace(team.policy, mode=Mode.LIVE))
        story.shelf.settings = replace(story.shelf.settings, teams={"monero-marketplace": live})
        await story.do(Acknowledge(by="ana"))
        await story.advance("1h")
        assert said(story) == [(60, "investigating")]
        assert (await story.incident()).is_public


async def test_another_severity_has_no_such_line_and_a_raised_one_has(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", **CRITICAL)) as story:
        await story.alert("ApiSlow", severity="warning")
        await story.advance("2m")
        assert said(story) == []
        await story.do(SetSeverity(by="ana", severity="P1", reason="it is down"))
        assert said(story) == [(seconds("2m"), "investigating")]


@pytest.mark.parametrize("name", ["SecurityBreach", "unauthorized_access", "WalletCompromised"])
async def test_what_sounds_of_a_breach_is_not_spoken_of(cast: Casting, name: str) -> None:
    async with Story(cast("monero-marketplace", **CRITICAL)) as story:
        await story.alert(name, severity="critical")
        await story.advance("10m")
        assert ((await story.incident()).updates, said(story)) == ((), [])


async def test_an_open_breach_keeps_the_page_of_the_team_s_other_incidents_quiet(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", **CRITICAL)) as story:
        await story.declare("Security Breach", severity="P1")
        outage = await story.alert("ApiDown", severity="critical")
        assert ((await story.incident(outage)).updates, said(story)) == ((), [])


async def test_somebody_s_declaration_is_no_alert(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        assert said(story) == []


async def test_what_was_taken_back_stays_taken_back(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", **CRITICAL)) as story:
        await story.alert("ApiDown", severity="critical")
        (update,) = (await story.incident()).updates
        await story.do(WithdrawUpdate(by="ana", update=update.seq, reason="it is a test"))
        await story.advance("1h")
        assert len((await story.incident()).updates) == 1


async def test_a_line_that_nothing_has_done_yet_stays_open(cast: Casting) -> None:
    """Without a chat nobody was told there."""
    async with Story(cast("monero-marketplace", **CRITICAL)) as story:
        await story.alert("ApiDown", severity="critical")
        done = [each.event for each in await story.events(e.StepDone)]
        assert {each.step for each in done if isinstance(each, e.StepDone)} == {"L40", "L42"}
        assert Audience.PUBLIC in (await story.incident()).updates[0].audiences
