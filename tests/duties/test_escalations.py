"""Every escalation of the five playbooks, at each of their severities, to the second.

What must happen is worked out twice: from the reference reading of the playbooks by the rules of the design, and by
hand (`BY_HAND`). Everybody who is called answers at once, since none of these clocks stops for an acknowledgement.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.incident.commands import Acknowledge
from tocsin.oncall.settings import Person
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e

Casting = Callable[..., Cast]
HOUR = 3600

BY_HAND: dict[tuple[str, str], dict[int, int]] = {
    ("bitcell", "P0"): {464: 0},
    ("bitcell", "P1"): {464: 3600},
    ("bitcell", "P2"): {},
    ("bitcell", "P3"): {},
    ("monero-marketplace", "P1"): {594: 900, 595: 1800, 596: 3600, 597: 14400},
    ("monero-marketplace", "P2"): {594: 3600, 595: 3600, 596: 3600, 597: 14400},
    ("monero-marketplace", "P3"): {},
    ("monero-marketplace", "P4"): {},
    ("mycelia", "P0"): {234: 0, 239: 7200, 244: 14400},
    ("mycelia", "P1"): {234: 3600, 239: 14400},
    ("mycelia", "P2"): {},
    ("mycelia", "P3"): {},
    ("usdx-wexel", "P0"): {12: 0, 377: 900, 382: 1800, 387: 3600},
    ("usdx-wexel", "P1"): {377: 900, 382: 1800, 387: 3600},
    ("usdx-wexel", "P2"): {377: 3600, 382: 3600, 387: 3600},
    ("usdx-wexel", "P3"): {},
    ("virtengine", "SEV-1"): {288: 900, 289: 1800},
    ("virtengine", "SEV-2"): {288: 900, 289: 1800},
    ("virtengine", "SEV-3"): {288: 3600, 289: 3600},
    ("virtengine", "SEV-4"): {},
}
"""Playbook and severity → line of the escalation → seconds after the alert."""
SCENARIO = {
    "bitcell": "Node Down",
    "monero-marketplace": "Complete Service Outage",
    "mycelia": "Peg Violation",
    "usdx-wexel": "API Unavailable",
    "virtengine": "Chain Halted",
}
AS_LONG_AGAIN = {("usdx-wexel", 387): 3600}
"""A level that states no time follows the one before after as long again; the reference leaves it open."""


def work_out(gold: dict[str, Any], severity: dict[str, Any], seed: str, scenario: str) -> dict[int, int]:
    """What time alone calls in an incident of that severity, by the rules of the design."""
    response = severity["response"]
    within = 900 if response["within_s"] is None else response["within_s"]
    hurried = response["calendar"] == "elapsed" and within <= HOUR
    found: dict[int, int] = {}
    for each in gold["escalation"]:
        line = each["line"]
        if each["scope"] not in ("document", scenario):
            continue
        for trigger in each["triggers"]:
            if trigger.get("condition"):
                continue
            if trigger["severity"] == severity["id"]:
                found[line] = trigger["after_s"]
            elif trigger["severity"] is None and trigger["clock"] == "immediate":
                found[line] = 0
            elif trigger["severity"] is None and hurried:
                found[line] = max(trigger["after_s"], within)
        if (seed, line) in AS_LONG_AGAIN and hurried:
            found[line] = max(AS_LONG_AGAIN[seed, line], within)
    return found


def staff(gold: dict[str, Any]) -> dict[str, Any]:
    """Somebody for each whom an escalation names, each with every means."""
    names = {who: f"p{number}" for number, who in enumerate(dict.fromkeys(_names(gold)))}
    people = {each: Person(name=each.title(), channels=("chat", "mail", "phone")) for each in ("ana", *names.values())}
    return {"people": people, "roles": {who: (each,) for who, each in names.items()}, "levels": (("ana",),)}


def _names(gold: dict[str, Any]) -> list[str]:
    return [who for each in gold["escalation"] for who in each["who"]]


@pytest.fixture(scope="module")
def gold(shared: Path) -> Callable[[str], dict[str, Any]]:
    return lambda seed: json.loads((shared / "gold" / f"{seed}.json").read_text(encoding="utf-8"))


def test_both_readings_agree(gold: Callable[[str], dict[str, Any]]) -> None:
    for (seed, severity), by_hand in BY_HAND.items():
        reading = gold(seed)
        level = next(each for each in reading["severities"] if each["id"] == severity)
        assert work_out(reading, level, seed, SCENARIO[seed]) == by_hand, (seed, severity)
    assert len(BY_HAND) == sum(len(gold(seed)["severities"]) for seed in SCENARIO)


@pytest.mark.parametrize(("seed", "severity"), BY_HAND)
async def test_each_level_is_called_at_its_second(
    cast: Casting, gold: Callable[[str], dict[str, Any]], seed: str, severity: str
) -> None:
    expected = BY_HAND[seed, severity]
    async with Story(cast(seed, **staff(gold(seed)))) as story:
        await story.declare(SCENARIO[seed], severity=severity)
        for moment in (*sorted(set(expected.values())), 5 * HOUR):
            if moment:
                await story.advance(f"{moment - int(story.since(story.clock.now())) - 1}s")
                await answer(story)
                await story.advance("1s")
            await answer(story)
        joined = [entry for entry in await story.events(e.LevelJoined) if _is_line(entry.event)]
        assert {entry.event.line: story.since(entry.at) for entry in joined} == expected  # type: ignore[attr-defined]
        calls = (await story.incident()).calls
        for entry in joined:
            event = entry.event
            assert isinstance(event, e.LevelJoined)
            assert event.responders, f"line {event.line} finds somebody"
            called = {page.responder for page in story.pages() if page.at == entry.at}
            before = {who for who in event.responders if who not in calls or calls[who].first_at < entry.at}
            assert set(event.responders) <= called | before, f"all of line {event.line} are called, or there already"


def _is_line(event: e.Event) -> bool:
    return isinstance(event, e.LevelJoined) and event.key.startswith("line:")


async def answer(story: Story) -> None:
    """Everybody who is being called says that they are there."""
    for who, call in (await story.incident()).calls.items():
        if call.answered_at is None:
            await story.do(Acknowledge(by=who))
