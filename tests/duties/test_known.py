"""What the room shows of the playbook where people look for it: levels, roles, contacts, tools."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.incident.commands import TakeRole
from tocsin.testing.story import Cast, Story
from tocsin.web.views.hand import HandView
from tocsin.web.views.room import Room

from .scenes import look_at_hand, look_in

Casting = Callable[..., Cast]


async def suggest(cast: Cast, *names: str) -> list[tuple[str, int]]:
    """The first severities suggested for alerts that no scenario knows, with the lines that say why."""
    found = []
    async with Story(cast) as story:
        for name in names:
            story.stream = await story.alert(name)
            found += [(each.severity, each.line) for each in (await look_in(story)).suggestions[:1]]
    return found


@pytest.mark.duty("MYC-01")
async def test_mycelia_suggests_by_impact(cast: Casting) -> None:
    found = await suggest(cast("mycelia"), "DataLoss", "MajorFunctionalityImpaired", "CosmeticIssue")
    assert found == [("P0", 11), ("P1", 12), ("P3", 14)]


@pytest.mark.duty("BIT-10")
async def test_bitcell_suggests_by_symptom(cast: Casting) -> None:
    found = await suggest(cast("bitcell"), "AllRegionsDown", "RegionalOutage", "LowPeers", "ConfigurationIssues")
    assert found == [("P0", 44), ("P1", 59), ("P2", 78), ("P3", 92)]


@pytest.mark.duty("WEX-01")
async def test_wexel_suggests_by_example(cast: Casting) -> None:
    found = await suggest(cast("usdx-wexel"), "DataLoss", "WalletConnectionFails", "SlowResponseTimes", "StylingTypo")
    assert found == [("P0", 11), ("P1", 16), ("P2", 21), ("P3", 26)]


@pytest.mark.duty("MON-01")
async def test_monero_suggests_by_the_table(cast: Casting) -> None:
    found = await suggest(cast("monero-marketplace"), "CompleteOutage", "DegradedService", "UiTweaks")
    assert found == [("P1", 26), ("P2", 27), ("P4", 29)]


@pytest.mark.duty("VIR-03")
async def test_virtengine_suggests_by_definition_and_example(cast: Casting) -> None:
    found = await suggest(cast("virtengine"), "AllValidatorsOffline", "SlowQueryPerformance", "CosmeticBugs")
    assert found == [("SEV-1", 54), ("SEV-3", 85), ("SEV-4", 98)]


@pytest.mark.duty("MYC-07")
async def test_a_scenario_brings_its_severity(cast: Casting) -> None:
    known = {
        "Peg Violation": "P0",
        "Redemption System Failure": "P1",
        "Proof of Reserves Failure": "P1",
        "Security Breach": "P0",
        "Performance Degradation": "P2",
    }
    async with Story(cast("mycelia")) as story:
        for scenario, severity in known.items():
            await story.declare(scenario)
            assert (await story.incident()).severity == severity


@pytest.mark.duty("VIR-14")
async def test_the_head_of_a_playbook_says_what_an_alert_is(cast: Casting) -> None:
    known = {
        "ChainHalted": ("Chain Halted", "SEV-1"),
        "PeerCountCritical": ("Complete Network Partition", "SEV-1"),
        "NoBidsReceived": ("Marketplace Orders Not Processing", "SEV-2"),
        "NodeBehind": ("Node Out of Sync", "SEV-3"),
    }
    async with Story(cast("virtengine")) as story:
        for alert, (title, severity) in known.items():
            story.stream = await story.alert(alert)
            incident, book = await story.look()
            found = book.scenario(incident)
            assert found is not None and (found.title, incident.severity) == (title, severity)
            assert found.impact and found.label and found.label.startswith("PLAY-")


async def lead(cast: Cast, scenario: str, role: str) -> Room:
    """The room after lea took a role."""
    async with Story(cast) as story:
        await story.declare(scenario)
        await story.do(TakeRole(by="lea", role=role, responder="lea"))
        return await look_in(story)


def duties(room: Room, role: str) -> tuple[str, ...]:
    """The duties of the role that lea has, as the room shows them."""
    found = next(each for each in room.roles if each.title.casefold() == role.casefold())
    assert found.who is not None and found.who.id == "lea" and found.cite is not None
    return found.duties


@pytest.mark.duty("MYC-05")
async def test_the_commander_of_mycelia_sees_the_duties(cast: Casting) -> None:
    room = await lead(cast("mycelia"), "Peg Violation", "Incident Commander")
    assert "Coordinate response, communicate with stakeholders" in duties(room, "Incident Commander")


@pytest.mark.duty("MON-13")
async def test_the_commander_of_monero_sees_the_duties(cast: Casting) -> None:
    room = await lead(cast("monero-marketplace"), "Security Breach", "Incident Commander")
    assert duties(room, "Incident Commander")[:4] == (
        "Overall incident coordination",
        "Decision authority",
        "Stakeholder communication",
        "Escalation to executives if needed",
    )


@pytest.mark.duty("MON-17")
async def test_the_operations_lead_sees_the_duties(cast: Casting) -> None:
    room = await lead(cast("monero-marketplace"), "Security Breach", "Operations Lead")
    assert "Execute mitigation steps" in duties(room, "Operations Lead")


@pytest.mark.duty("MON-19")
async def test_the_communications_lead_sees_the_duties(cast: Casting) -> None:
    room = await lead(cast("monero-marketplace"), "Security Breach", "Communications Lead")
    assert duties(room, "Communications Lead") == (
        "Status page updates",
        "Customer communication",
        "Internal stakeholder updates",
        "Post-mortem scheduling",
    )


@pytest.mark.duty("VIR-01")
async def test_four_roles_are_there_to_take(cast: Casting) -> None:
    known = {
        "Incident Commander": "Overall incident coordination",
        "Technical Lead": "Technical diagnosis and resolution",
        "Communications Lead": "Stakeholder updates",
        "Scribe": "Document timeline and actions",
    }
    async with Story(cast("virtengine")) as story:
        await story.declare("Chain Halted")
        for role, duty in known.items():
            await story.do(TakeRole(by="lea", role=role, responder="lea"))
            assert duty in duties(await look_in(story), role)


@pytest.mark.duty("BIT-01")
async def test_on_call_sees_what_on_call_does(cast: Casting) -> None:
    room = await lead(cast("bitcell"), "Node Down", "Primary On-Call")
    assert {
        "Monitor alerts from Alertmanager/PagerDuty",
        "Document all actions taken",
        "Escalate when necessary",
    } <= set(duties(room, "Primary On-Call"))


async def show(cast: Cast, scenario: str) -> HandView:
    """What the room of an incident of a scenario has at hand."""
    async with Story(cast) as story:
        await story.declare(scenario, severity="P1")
        return await look_at_hand(story)


@pytest.mark.duty("MYC-28")
async def test_mycelia_has_tools_channels_and_documents_at_hand(cast: Casting) -> None:
    room = await show(cast("mycelia"), "Peg Violation")
    at_hand = {each.title: each for each in room.resources}
    assert at_hand["SLO Monitoring"].value == "pnpm run ops:lint"
    assert at_hand["Status Page"].link == "https://status.mycelia.com"
    assert at_hand["Email"].value == "incident-response@mycelia.com"
    assert at_hand["Runbooks"].value == "/docs/runbooks/" and at_hand["Runbooks"].link == ""


@pytest.mark.duty("BIT-05")
async def test_bitcell_has_its_tools_at_hand(cast: Casting) -> None:
    links = {each.title: each.link for each in (await show(cast("bitcell"), "Node Down")).resources}
    assert (
        links["Alerts"] == "https://alerts.bitcell.network" and links["Metrics"] == "https://prometheus.bitcell.network"
    )


@pytest.mark.duty("BIT-30")
async def test_bitcell_has_its_links_at_hand(cast: Casting) -> None:
    room = await show(cast("bitcell"), "Node Down")
    at_hand = {each.title: each for each in room.resources}
    assert at_hand["Status Page"].link == "https://status.bitcell.network"
    assert at_hand["Deployment Guide"].value == "./deployment-guide.md" and not at_hand["Deployment Guide"].link


def reach(room: HandView) -> dict[str, str | None]:
    """Whom the room says how to reach, null for those who were never filled in."""
    return {each.title: each.value if each.known else None for each in room.contacts}


@pytest.mark.duty("BIT-28")
async def test_bitcell_says_whom_to_reach_and_who_is_missing(cast: Casting) -> None:
    known = reach(await show(cast("bitcell"), "Node Down"))
    assert known["Primary On-Call"] == "See PagerDuty schedule" and known["Security Team"] == "security@bitcell.network"
    assert known["Platform Lead"] is None and known["Emergency Hotline"] is None


@pytest.mark.duty("WEX-27")
async def test_wexel_says_whom_to_reach_and_who_is_missing(cast: Casting) -> None:
    known = reach(await show(cast("usdx-wexel"), "API Unavailable"))
    assert (
        known["Security Lead"] == "security@usdx-wexel.com" and known["Status Page"] == "https://status.usdx-wexel.com"
    )
    assert [title for title, value in known.items() if value is None] == ["Team Lead", "CTO", "Infrastructure Support"]


@pytest.mark.duty("MON-42")
async def test_monero_has_its_vendors_at_hand(cast: Casting) -> None:
    known = reach(await show(cast("monero-marketplace"), "Security Breach"))
    assert known["Docker Support"] == "support@docker.com" and known["Cloudflare (DDoS)"] == "dash.cloudflare.com"
