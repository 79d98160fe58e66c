"""Which incident an alert belongs to: by key, by label, by name, and what happens when nobody can tell."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.alert.settings import Route
from tocsin.alert.signal import Signal
from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.incident.suggest import suggest_severities
from tocsin.testing.story import Cast, Story
from tocsin.words import ObligationState, Status

Casting = Callable[..., Cast]


async def send(story: Story, key: str | None, *, resolved: bool = False, **labels: str) -> list[str]:
    await story.engine.intake.receive(key, [Signal(labels=labels, resolved=resolved)])
    await story.settle()
    return [card.id for card in await story.store.cards(open_only=True)]


async def test_without_a_key_the_only_playbook_that_names_the_alert_has_it(cast: Casting) -> None:
    async with Story(cast("virtengine"), cast("bitcell"), cast("monero-marketplace")) as story:
        assert await send(story, None, alertname="ChainHalted") == ["virtengine-1"]


async def test_a_label_names_the_team(cast: Casting) -> None:
    async with Story(cast("virtengine"), cast("monero-marketplace")) as story:
        assert await send(story, None, alertname="HighErrorRate", team="virtengine") == ["virtengine-1"]


async def test_when_two_teams_may_be_meant_both_are_asked(cast: Casting) -> None:
    """`HighErrorRate` stands in two playbooks."""
    async with Story(cast("virtengine"), cast("monero-marketplace"), cast("bitcell")) as story:
        opened = await send(story, None, alertname="HighErrorRate")
        incident = await story.incident(opened[0])
        assert (incident.id, incident.status) == ("triage-1", Status.TRIAGE)
        assert incident.candidates == ("virtengine", "monero-marketplace")
        story.expect_page("ana", at="0s")


async def test_an_alert_that_no_playbook_names_asks_everybody(cast: Casting) -> None:
    async with Story(cast("virtengine"), cast("bitcell")) as story:
        incident = await story.incident((await send(story, None, alertname="Unheard"))[0])
        assert incident.candidates == ("virtengine", "bitcell")


async def test_an_alert_that_the_team_does_not_name_is_unclassified_and_pages_like_the_worst(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        incident = await story.incident((await send(story, "virtengine", alertname="Unheard"))[0])
        assert (incident.scenario, incident.severity, incident.title) == (None, None, "Unheard")
        story.expect_page("lea", at="0s", line=58)
        await story.expect_obligation("acknowledge", ObligationState.PENDING, due="5m", stream=incident.id)


async def test_a_route_decides_what_names_do_not(cast: Casting) -> None:
    route = Route(match={"job": "chain"}, team="virtengine", scenario="Chain Halted")
    record = Route(match={"noise": "yes"}, record=True)
    async with Story(cast("virtengine"), cast("bitcell"), routes=(record, route)) as story:
        assert await send(story, None, alertname="Odd", noise="yes") == []
        opened = await send(story, None, alertname="Odd", job="chain")
        assert (await story.incident(opened[0])).scenario == "Chain Halted"


async def test_repeats_join_a_resolve_clears_and_firing_again_comes_back(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        first = await send(story, "virtengine", alertname="ChainHalted", instance="a")
        for _ in range(5):
            await send(story, "virtengine", alertname="ChainHalted", instance="a")
        assert len(await story.journal.entries(first[0])) == (await story.incident(first[0])).seq
        before = (await story.incident(first[0])).seq
        assert await send(story, "virtengine", alertname="ChainHalted", instance="b") == first
        assert await send(story, "virtengine", alertname="ChainHalted", instance="a") == first
        assert (await story.incident(first[0])).seq == before + 1, "a repeat is no event"
        await send(story, "virtengine", alertname="ChainHalted", instance="a", resolved=True)
        cleared = [alert.cleared_at is not None for alert in (await story.incident(first[0])).alerts.values()]
        assert cleared == [True, False]
        assert await send(story, "virtengine", alertname="ChainHalted", instance="a") == first


async def test_a_resolved_incident_stays_resolved_while_its_alert_goes_on(cast: Casting) -> None:
    """Prometheus repeats a firing alert every minute; the repeat of what a person has resolved opens nothing."""
    async with Story(cast("virtengine")) as story:
        first = await send(story, "virtengine", alertname="ChainHalted")
        await story.do(Acknowledge(by="ana"), first[0])
        await story.do(Resolve(by="ana"), first[0])
        assert await send(story, "virtengine", alertname="ChainHalted") == []
        await send(story, "virtengine", alertname="ChainHalted", resolved=True)
        assert await send(story, "virtengine", alertname="ChainHalted") == ["virtengine-2"]


@pytest.mark.parametrize(
    ("team", "alert", "severity", "line"),
    [("bitcell", "NodeDown", "P2", 75), ("monero-marketplace", "WalletRPCUnreachable", "P2", 27)],
)
async def test_an_unclassified_incident_gets_suggestions_with_lines(
    cast: Casting, team: str, alert: str, severity: str, line: int
) -> None:
    async with Story(cast(team)) as story:
        await story.alert(alert)
        incident, book = await story.look()
        assert incident.severity is None
        suggestions = suggest_severities(incident, book)
        assert (severity, line) in [(each.severity, each.line) for each in suggestions]
