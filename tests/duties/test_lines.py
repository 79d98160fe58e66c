"""Lines of scenarios that are something to do: the room shows each of them, where it belongs, and under what."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.testing.story import Cast, Story

from .scenes import look_in, record

Casting = Callable[..., Cast]
Shown = dict[int, tuple[str, str, str]]


async def show_lines(cast: Casting, scenario: str, first: int, last: int) -> Shown:
    """Of the steps on these lines: the part, the innermost condition, and what is said of them."""
    async with Story(cast("virtengine")) as story:
        await story.declare(scenario)
        room = await look_in(story)
    parts = {step: section.title for each in room.procedures for section in each.sections for step in section.steps}
    return {
        each.line: (parts[each.id], each.condition, " | ".join(filter(None, (each.title, each.text))))
        for each in room.steps
        if first <= each.line <= last
    }


FEW, MANY = "Scenario A: < 1/3 validators offline", "Scenario B: ≥ 1/3 validators offline"
CORRUPT, TOGETHER = "Scenario C: State corruption", "Coordinated restart if needed"


@pytest.mark.duty("VIR-16")
async def test_a_halted_chain_is_waited_for_or_coordinated(cast: Casting) -> None:
    shown = await show_lines(cast, "Chain Halted", 229, 239)
    assert shown == {
        231: ("Resolution Steps", FEW, "Contact offline validator operators (Discord, Telegram)"),
        232: ("Resolution Steps", FEW, "Wait for validators to restart"),
        233: ("Resolution Steps", FEW, "Chain will resume automatically once quorum restored"),
        237: ("Resolution Steps", MANY, "Emergency coordination required"),
        238: ("Resolution Steps", MANY, "Post in #validator-emergency"),
        239: ("Resolution Steps", MANY, "Contact validator operators via all channels"),
    }


@pytest.mark.duty("VIR-17")
async def test_each_step_of_a_restart_at_the_same_height_stands_on_its_way(cast: Casting) -> None:
    shown = await show_lines(cast, "Chain Halted", 247, 274)
    logs = 'journalctl -u virtengine | grep -E "CONSENSUS FAILURE|panic" | tail -20'
    said = {
        250: (TOGETHER, "All validators simultaneously: | sudo systemctl restart virtengine"),
        257: (CORRUPT, "Stop all validators | sudo systemctl stop virtengine"),
        263: (CORRUPT, f"Identify last good block height – Check for consensus failures in logs | {logs}"),
        269: (CORRUPT, "Rollback to good state – On each validator | virtengine rollback --hard"),
        272: (CORRUPT, "Coordinate restart at same height"),
        273: (CORRUPT, "Verify all validators at same height"),
        274: (CORRUPT, "Restart simultaneously"),
    }
    assert shown == {line: ("Resolution Steps", *words) for line, words in said.items()}


@pytest.mark.duty("VIR-20")
async def test_of_a_provider_at_fault_the_status_page_is_looked_at_and_traffic_sent_elsewhere(cast: Casting) -> None:
    shown = await show_lines(cast, "Complete Network Partition", 325, 328)
    said = {326: "Check cloud provider status page", 327: "Contact cloud support",
            328: "Route traffic through backup path if available"}  # fmt: skip
    at_fault = ("Resolution Steps", "If infrastructure issue (AWS, GCP, etc.)")
    assert shown == {line: (*at_fault, words) for line, words in said.items()}


@pytest.mark.duty("VIR-22")
async def test_a_breach_is_contained_step_by_step(cast: Casting) -> None:
    shown = await show_lines(cast, "Data Breach / Security Incident", 381, 411)
    revoke = (
        "virtengine tx encryption revoke-key \\\n    --fingerprint <compromised_key> \\\n"
        '    --reason "Security incident" \\\n    --from admin'
    )
    keep = (
        "tar -czf /secure/evidence-$(date +%Y%m%d-%H%M).tar.gz \\\n    /var/log/virtengine/ \\\n"
        "    /var/log/provider-daemon/ \\\n    /var/log/auth.log"
    )
    said = {
        388: ("", "Isolate affected systems – Firewall isolation | sudo ufw deny from any to any"),
        389: ("", "Isolate affected systems – Firewall isolation | sudo ufw allow from SECURITY_TEAM_IP"),
        395: ("If key compromised", f"Revoke compromised credentials – If key compromised | {revoke}"),
        404: ("", f"Capture evidence – Preserve logs | {keep}"),
        410: ("Memory dump if needed", "Memory dump if needed | gcore $(pidof virtengine)"),
    }
    assert shown == {line: ("Containment Actions", *words) for line, words in said.items()}


@pytest.mark.duty("VIR-26")
async def test_orders_that_stand_still_have_three_ways(cast: Casting) -> None:
    shown = await show_lines(cast, "Marketplace Orders Not Processing", 539, 558)
    look = "ssh provider-X 'cat ~/.provider-daemon/config.yaml | grep -A20 bidding'"
    restart = "ssh provider-X 'sudo systemctl restart provider-daemon'"
    orders = "virtengine query market orders --state pending --limit 10 | jq '.orders[].spec'"
    said = {
        540: ("If no providers online", "Contact provider operators"),
        541: ("If no providers online", "Check for common infrastructure issues"),
        546: ("If providers not bidding", f"Check provider config | {look}"),
        549: ("If providers not bidding", f"Restart bid engine | {restart}"),
        555: ("If orders malformed", f"Analyze failing orders | {orders}"),
        557: ("If SDK bug, notify customers with workaround", "If SDK bug, notify customers with workaround"),
    }
    assert shown == {line: ("Resolution", *words) for line, words in said.items()}


@pytest.mark.duty("VIR-27")
async def test_a_node_slightly_behind_usually_catches_up(cast: Casting) -> None:
    shown = await show_lines(cast, "Node Out of Sync", 671, 673)
    assert shown == {
        672: ("Resolution", "If < 100 blocks behind", "Usually catches up automatically"),
        673: ("Resolution", "If < 100 blocks behind", "Monitor for 10 minutes"),
    }


@pytest.mark.duty("VIR-28")
async def test_what_a_stolen_key_opened_is_asked_and_whose_identity_is_verified_anew_is_kept(cast: Casting) -> None:
    said = {
        758: "a laptop was stolen",
        759: "the scores of 40 people",
        760: "from Friday 18:00 to Sunday 03:00 UTC",
        764: "with the keys of Monday",
        765: "40 people, told by mail",
        766: "keys live in the HSM now",
    }
    async with Story(cast("virtengine")) as story:
        await story.declare("Key Compromise Suspected")
        room = await look_in(story)
        parts = {section.line: section.steps for each in room.procedures for section in each.sections}
        assert (parts[756], parts[762]) == (("L758", "L759", "L760"), ("L764", "L765", "L766"))
        assert {each.kind for each in room.steps if 756 <= each.line <= 760} == {"question"}
        await record(story, said)
