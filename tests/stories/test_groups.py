"""Alerts of one scenario that differ in a label by which the team groups are incidents of their own."""

from __future__ import annotations

from msgspec.structs import replace

from tocsin.alert.signal import Signal
from tocsin.oncall.settings import Person
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import AlertsJoined, PageRequested

PLAYBOOK = b"""\
# Shop Playbook

## Severity Levels

- **P1 (Critical)**: response within 15 minutes

## Scenarios

### 1. Till Stuck (P1)

**Alert:** `TillStuck`

**Resolution:**
1. Turn it.
"""

CAST = Cast(playbook=PLAYBOOK, name="shop", people={"ana": Person(name="Ana")}, levels=(("ana",),))


def group(story: Story, **policy: object) -> None:
    """Have the team's policy changed, as a change of the settings does."""
    shelf = story.shelf.settings.teams["shop"]
    teams = {"shop": replace(shelf, policy=replace(shelf.policy, **policy))}
    story.shelf.settings = replace(story.shelf.settings, teams=teams)


def till(shop: str, n: int) -> Signal:
    return Signal(labels={"alertname": "TillStuck", "shop": shop, "n": str(n)})


async def test_each_group_is_an_incident_with_one_page_and_all_of_its_alerts() -> None:
    async with Story(CAST) as story:
        group(story, group_by=("shop",))
        signals = [till(shop, n) for n in range(5) for shop in ("north", "south")]
        await story.engine.intake.receive("shop", signals)
        await story.engine.intake.receive("shop", [till("north", 9)])
        await story.settle()
        cards = await story.store.cards()
        assert {card.title for card in cards} == {'Till Stuck (shop="north")', 'Till Stuck (shop="south")'}
        assert len(story.pages()) == 2
        for card in cards:
            shop = card.title.partition('"')[2].partition('"')[0]
            incident = await story.incident(card.id)
            assert {alert.seen.labels["shop"] for alert in incident.alerts.values()} == {shop}
            assert len(incident.alerts) == (6 if shop == "north" else 5)
            assert len(await story.events(PageRequested, card.id)) == 1
            assert await story.events(AlertsJoined, card.id)


async def test_the_first_page_waits_for_its_group() -> None:
    async with Story(CAST) as story:
        group(story, group_by=("shop",), group_wait_s=30.0)
        await story.alert("TillStuck", shop="north")
        assert story.pages() == []
        await story.advance("29s")
        assert story.pages() == []
        await story.advance("1s")
        story.expect_page("ana", at="30s")


async def test_pages_about_a_group_keep_their_distance() -> None:
    async with Story(CAST) as story:
        group(story, group_interval_s=600.0)
        await story.alert("TillStuck")
        await story.advance("9m59s")
        assert len(story.pages()) == 1
        await story.advance("1s")
        assert len(story.pages()) == 2
