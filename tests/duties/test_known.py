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


TOGETHER = 8
"""So many alerts that nobody knows open incidents of their own; a storm of more is one incident."""


async def suggest(cast: Cast, known: dict[str, tuple[str, int]]) -> None:
    """For each alert, which no scenario knows, the severity that the room suggests first and the line that says why."""
    for first in range(0, len(known), TOGETHER):
        async with Story(cast) as story:
            for name, (severity, line) in list(known.items())[first : first + TOGETHER]:
                story.stream = await story.alert(name)
                found = [(each.severity, each.line) for each in (await look_in(story)).suggestions[:1]]
                assert found == [(severity, line)], name


@pytest.mark.duty("MYC-01")
async def test_mycelia_suggests_by_impact(cast: Casting) -> None:
    known = {
        "DataLoss": ("P0", 11),
        "MajorFunctionalityImpaired": ("P1", 12),
        "MinorFunctionalityIssues": ("P2", 13),
        "CosmeticIssue": ("P3", 14),
    }
    await suggest(cast("mycelia"), known)


@pytest.mark.duty("BIT-10")
async def test_bitcell_suggests_by_symptom(cast: Casting) -> None:
    known = {
        "CompleteNetworkOutage": ("P0", 43),
        "AllRegionsDown": ("P0", 44),
        "DataLossOccurring": ("P0", 45),
        "SecurityBreach": ("P0", 46),
        "RegionalOutage": ("P1", 59),
        "nodes_30_down": ("P1", 60),
        "ChainNotProgressing": ("P1", 61),
        "MajorPerformanceDegradation": ("P1", 62),
        "SingleNodeDown": ("P2", 75),
        "HighLatency": ("P2", 76),
        "MinorServiceDegradation": ("P2", 77),
        "LowPeers": ("P2", 78),
        "NonCriticalWarnings": ("P3", 90),
        "ResourceUsage": ("P3", 91),
        "ConfigurationIssues": ("P3", 92),
    }
    await suggest(cast("bitcell"), known)


@pytest.mark.duty("WEX-01")
async def test_wexel_suggests_by_example(cast: Casting) -> None:
    known = {
        "DataLoss": ("P0", 11),
        "WalletConnectionFails": ("P1", 16),
        "SlowResponseTimes": ("P2", 21),
        "StylingTypo": ("P3", 26),
    }
    await suggest(cast("usdx-wexel"), known)


@pytest.mark.duty("MON-01")
async def test_monero_suggests_by_the_table(cast: Casting) -> None:
    known = {
        "CompleteOutage": ("P1", 26),
        "DegradedService": ("P2", 27),
        "NoCustomerImpact": ("P3", 28),
        "UiTweaks": ("P4", 29),
    }
    await suggest(cast("monero-marketplace"), known)


@pytest.mark.duty("VIR-03")
async def test_virtengine_suggests_by_definition_and_example(cast: Casting) -> None:
    known = {
        "ServiceOutageAffectingUsers": ("SEV-1", 48),
        "NoBlocksForMinute": ("SEV-1", 51),
        "CompletePartition": ("SEV-1", 52),
        "DataBreachConfirmed": ("SEV-1", 53),
        "AllValidatorsOffline": ("SEV-1", 54),
        "MajorFeatureSeverelyDegraded": ("SEV-2", 64),
        "IdentityScoringUnavailable": ("SEV-2", 67),
        "MarketplaceOrdersNotProcessing": ("SEV-2", 68),
        "ProviderDaemonFailures": ("SEV-2", 69),
        "error_rate_50": ("SEV-2", 70),
        "PartialDegradation": ("SEV-3", 80),
        "ElevatedErrorRates": ("SEV-3", 83),
        "SingleProviderOffline": ("SEV-3", 84),
        "SlowQueryPerformance": ("SEV-3", 85),
        "MinorFeatureUnavailable": ("SEV-3", 86),
        "NoUserImpact": ("SEV-4", 95),
        "CosmeticBugs": ("SEV-4", 98),
        "MonitoringGaps": ("SEV-4", 99),
        "DocumentationIssues": ("SEV-4", 100),
    }
    await suggest(cast("virtengine"), known)


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


HEADS = {
    ("ChainHalted",): ("PLAY-001", "Chain Halted", "SEV-1", "All blockchain operations unavailable"),
    ("NetworkPartition", "PeerCountCritical"): (
        "PLAY-002",
        "Complete Network Partition",
        "SEV-1",
        "Validators cannot communicate, potential chain split",
    ),
    (): (
        "PLAY-003",
        "Data Breach / Security Incident",
        "SEV-1",
        "Potential data confidentiality or integrity compromise",
    ),
    ("VEIDScoringDown", "VEIDMLInferenceFailureRate"): (
        "PLAY-010",
        "Identity Scoring Unavailable",
        "SEV-2",
        "New identity verifications cannot be processed",
    ),
    ("MarketOrderBacklog", "NoBidsReceived"): (
        "PLAY-011",
        "Marketplace Orders Not Processing",
        "SEV-2",
        "Customers cannot provision resources",
    ),
    ("ProviderDaemonDown", "ProviderDaemonErrorRateHigh"): (
        "PLAY-012",
        "Provider Daemon Mass Failure",
        "SEV-2",
        "Resource provisioning affected",
    ),
    ("HighErrorRate",): ("PLAY-020", "Elevated Error Rates", "SEV-3", "Degraded user experience"),
    ("NodeOutOfSync", "NodeBehind"): ("PLAY-021", "Node Out of Sync", "SEV-3", "Stale data for users on affected node"),
    ("PostgresConnectionPoolExhausted",): (
        "PLAY-022",
        "Database Connection Issues",
        "SEV-3",
        "Queries failing for services using PostgreSQL",
    ),
}


@pytest.mark.duty("VIR-14")
async def test_the_head_of_a_playbook_says_what_an_alert_is(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        for alerts, head in HEADS.items():
            for alert in alerts or ("",):
                story.stream = await (story.alert(alert) if alert else story.declare(head[1]))
                incident, book = await story.look()
                found = book.scenario(incident)
                assert found is not None
                assert (found.label, found.title, incident.severity, found.impact) == head, alert
                assert set(found.alerts) == set(alerts)


@pytest.mark.duty("VIR-14")
async def test_two_playbooks_of_security_have_no_alert_and_one_of_them_two_severities(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare("Data Breach / Security Incident")
        assert (reported := (await look_at_hand(story)).reported) is not None and reported.line == 363
        await story.declare("Key Compromise Suspected")
        incident, book = await story.look()
        found = book.scenario(incident)
        assert found is not None and (found.label, incident.severity) == ("PLAY-SEC-001", "SEV-1")
        assert found.impact == "Potential unauthorized access"
        await story.declare("Unauthorized Access Attempt")
        incident, book = await story.look()
        found = book.scenario(incident)
        assert found is not None and (found.label, incident.severity) == ("PLAY-SEC-002", None)
        assert (found.severities, found.impact) == (("SEV-2", "SEV-3"), "Potential security breach")


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
    assert set(duties(room, "Incident Commander")) >= {
        "Overall incident coordination",
        "Coordinate response, communicate with stakeholders",
    }


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
    assert duties(room, "Operations Lead")[:4] == (
        "Hands-on technical troubleshooting",
        "Execute mitigation steps",
        "Coordinate with other engineers",
        "Provide technical updates to IC",
    )


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
        "Respond to incidents within SLA (see severity levels)",
        "Document all actions taken",
        "Escalate when necessary",
        "Conduct post-incident reviews",
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
    assert {title: each.value for title, each in at_hand.items()} == {
        "Observability": "pnpm run ops:tail",
        "Diagnostics": "pnpm run diagnose",
        "SLO Monitoring": "pnpm run ops:lint",
        "Slack": "#incidents channel",
        "Email": "incident-response@mycelia.com",
        "Status Page": "https://status.mycelia.com",
        "Runbooks": "/docs/runbooks/",
        "API Docs": "/docs/api-reference.md",
        "Architecture": "/docs/architecture.md",
    }
    assert at_hand["Status Page"].link == "https://status.mycelia.com"
    assert at_hand["Runbooks"].link == ""


@pytest.mark.duty("BIT-05")
async def test_bitcell_has_its_tools_at_hand(cast: Casting) -> None:
    tools = (await show(cast("bitcell"), "Node Down")).resources[:4]
    assert [(each.title, each.link) for each in tools] == [
        ("Monitoring", "https://grafana.bitcell.network"),
        ("Alerts", "https://alerts.bitcell.network"),
        ("Logs", ""),
        ("Metrics", "https://prometheus.bitcell.network"),
    ]
    assert tools[2].value == "Centralized logging via Docker/K8s logs"


@pytest.mark.duty("BIT-30")
async def test_bitcell_has_its_links_at_hand(cast: Casting) -> None:
    room = await show(cast("bitcell"), "Node Down")
    at_hand = {each.title: each for each in room.resources}
    assert at_hand["Status Page"].link == "https://status.bitcell.network"
    assert at_hand["Deployment Guide"].value == "./deployment-guide.md" and not at_hand["Deployment Guide"].link
    assert at_hand["Architecture Documentation"].value == "../../docs/ARCHITECTURE.md"
    assert at_hand["Monitoring Dashboard"].link == "https://grafana.bitcell.network"


def reach(room: HandView) -> dict[str, str | None]:
    """Whom the room says how to reach, null for those who were never filled in."""
    return {each.title: each.value if each.known else None for each in room.contacts}


@pytest.mark.duty("BIT-28")
async def test_bitcell_says_whom_to_reach_and_who_is_missing(cast: Casting) -> None:
    known = reach(await show(cast("bitcell"), "Node Down"))
    assert known["Primary On-Call"] == known["Secondary On-Call"] == "See PagerDuty schedule"
    assert known["Security Team"] == "security@bitcell.network"
    assert known["Platform Lead"] is None and known["Emergency Hotline"] is None


@pytest.mark.duty("WEX-27")
async def test_wexel_says_whom_to_reach_and_who_is_missing(cast: Casting) -> None:
    known = reach(await show(cast("usdx-wexel"), "API Unavailable"))
    assert (
        known["Security Lead"] == "security@usdx-wexel.com" and known["Status Page"] == "https://status.usdx-wexel.com"
    )
    assert known["On-Call Engineer"] == "PagerDuty"
    assert [title for title, value in known.items() if value is None] == ["Team Lead", "CTO", "Infrastructure Support"]


@pytest.mark.duty("MON-42")
async def test_monero_has_its_vendors_at_hand(cast: Casting) -> None:
    known = reach(await show(cast("monero-marketplace"), "Security Breach"))
    assert known["Docker Support"] == "support@docker.com" and known["Cloudflare (DDoS)"] == "dash.cloudflare.com"
    assert known["PagerDuty Support"] == "support@pagerduty.com"
