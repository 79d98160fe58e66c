"""Every cadence and every deadline of a status page in the five playbooks, at each of their severities, to the second.

What must happen is worked out twice: from the reference reading of the playbooks by the rules of the design, and by
hand (`OPENING`). What follows the cause, the fix and the end, and what stands in phases, is by hand alone: the
reference has no field for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.incident.commands import Acknowledge, Command, IdentifyCause, Mitigate, Resolve, SetSeverity, TakeRole
from tocsin.incident.state import Obligation
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Audience, ObligationState

Casting = Callable[..., Cast]
PENDING, MET, LATE = ObligationState.PENDING, ObligationState.MET, ObligationState.LATE
SCENARIO = {
    "bitcell": "Node Down",
    "monero-marketplace": "Complete Service Outage",
    "mycelia": "Peg Violation",
    "usdx-wexel": "API Unavailable",
    "virtengine": "Chain Halted",
}
Due = tuple[int, int]
"""So many seconds after the alert, and the line of the playbook that says so."""
OPENING: dict[tuple[str, str], tuple[Due | None, Due | None]] = {
    ("bitcell", "P0"): (None, None),
    ("bitcell", "P1"): ((1800, 67), None),
    ("bitcell", "P2"): (None, None),
    ("bitcell", "P3"): (None, None),
    ("monero-marketplace", "P1"): ((300, 253), (900, 244)),
    ("monero-marketplace", "P2"): ((300, 253), None),
    ("monero-marketplace", "P3"): ((300, 253), None),
    ("monero-marketplace", "P4"): ((300, 253), None),
    ("mycelia", "P0"): ((900, 254), None),
    ("mycelia", "P1"): ((3600, 254), None),
    ("mycelia", "P2"): ((14400, 254), None),
    ("mycelia", "P3"): (None, None),
    ("usdx-wexel", "P0"): (None, None),
    ("usdx-wexel", "P1"): (None, None),
    ("usdx-wexel", "P2"): (None, None),
    ("usdx-wexel", "P3"): (None, None),
    ("virtengine", "SEV-1"): ((900, 60), (900, 166)),
    ("virtengine", "SEV-2"): ((1800, 76), (1800, 166)),
    ("virtengine", "SEV-3"): (None, None),
    ("virtengine", "SEV-4"): (None, None),
}
"""The first word on the status page, and the updates from one to the next."""
HOUR, DAY = 3600, 86400
AT_ANY_LEVEL = {"mycelia": 254}
"""Lines that have the public told on the status page at no level in particular, and say no time: by the response time,
where that is shorter than a day.
"""
CAUSE, FIX, END = 1200, 2400, 4800
"""When the stories find the cause, have the fix in, and end: seconds after the alert."""
FOLLOWING: dict[tuple[str, str], dict[str, Due]] = {
    ("monero-marketplace", "P1"): {
        "status_page_identified": (CAUSE + 300, 254),
        "status_page_monitoring": (FIX + 300, 255),
        "status_page_resolved": (END + 300, 256),
        "tell:138": (END + DAY, 138),
    },
    ("mycelia", "P0"): {"tell:346": (END + DAY, 346), "tell:347": (END + DAY, 347), "tell:348": (END + DAY, 348)},
    ("usdx-wexel", "P0"): {
        "tell:101": (600, 101),
        "tell:102": (600, 102),
        "tell:215": (HOUR, 215),
        "tell:216": (HOUR, 216),
        "tell:217": (HOUR, 217),
    },
    ("usdx-wexel", "P1"): {"tell:255": (2700, 255)},
    ("virtengine", "SEV-1"): {"tell:803": (END + 2 * HOUR, 803), "tell:804": (END + 2 * HOUR, 804)},
    ("virtengine", "SEV-2"): {"tell:803": (END + 2 * HOUR, 803), "tell:804": (END + 2 * HOUR, 804)},
}


@pytest.fixture(scope="module")
def gold(shared: Path) -> Callable[[str], dict[str, Any]]:
    return lambda seed: json.loads((shared / "gold" / f"{seed}.json").read_text(encoding="utf-8"))


def work_out(reading: dict[str, Any], level: dict[str, Any], seed: str) -> tuple[int | None, int | None]:
    """When the first public word is due by the reference, and how often there is one for responders."""
    within = level.get("status_page_within_s", reading["document"].get("status_page_within_s"))
    if within is None and level.get("status_page") == "required":
        within = level["response"]["within_s"]
    if within is None and seed in AT_ANY_LEVEL and level["response"]["within_s"] < DAY:
        within = level["response"]["within_s"]
    return within, level.get("update_every_s")


def test_both_readings_agree(gold: Callable[[str], dict[str, Any]]) -> None:
    by_reference = {
        (seed, level["id"]): work_out(gold(seed), level, seed)
        for seed in SCENARIO
        for level in gold(seed)["severities"]
    }
    assert by_reference == {key: tuple(each and each[0] for each in dues) for key, dues in OPENING.items()}


async def open_story(story: Story, seed: str, severity: str) -> None:
    await story.declare(SCENARIO[seed], severity=severity)
    await story.do(Acknowledge(by="ana"))


async def at(story: Story, second: int) -> None:
    await story.until(story.start + timedelta(seconds=second))


async def owed(story: Story, key: str) -> Obligation:
    return (await story.incident()).obligations[key]


async def late(story: Story) -> dict[str, int]:
    """What has become late so far, and at which second."""
    return {each.event.key: int(story.since(each.at)) for each in await story.events(e.ObligationLate)}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("seed", "severity"), OPENING)
async def test_silence_is_late_at_its_second_and_a_word_in_time_is_not(cast: Casting, seed: str, severity: str) -> None:
    """In one story nobody says anything; in the other every word comes in the last second, three rounds long."""
    page, update = OPENING[seed, severity]
    wanted = {key: due for key, due in (("status_page", page), ("update:1", update)) if due is not None}
    async with Story(cast(seed)) as story:
        await open_story(story, seed, severity)
        found = {
            key: each
            for key, each in (await story.incident()).obligations.items()
            if key in ("status_page", "update:1")
        }
        assert {key: (int(story.since(each.due_at)), each.line) for key, each in found.items()} == wanted
        for second in sorted({due[0] for due in wanted.values()}):
            await at(story, second - 1)
            assert not {key for key in await late(story) if wanted.get(key, (0,))[0] == second}
            await at(story, second)
        await at(story, max(2 * HOUR, *(due[0] for due in wanted.values())) if wanted else 2 * HOUR)
        assert {key: second for key, second in (await late(story)).items() if key in ("status_page", "update:1")} == {
            key: due[0] for key, due in wanted.items()
        }
    if wanted:
        await _say_all_in_time(cast, seed, severity)


async def _say_all_in_time(cast: Casting, seed: str, severity: str) -> None:
    page, update = OPENING[seed, severity]
    async with Story(cast(seed)) as story:
        await open_story(story, seed, severity)
        first = min(due[0] for due in (page, update) if due is not None)
        every, said = (update[0] if update else 0), first - 1
        await at(story, said)
        await story.do(PostUpdate(by="ana", text=WORDS, audiences=(Audience.PUBLIC, Audience.RESPONDERS)))
        assert page is None or (await owed(story, "status_page")).state is MET
        for number in range(2, 5) if every else ():
            due = await owed(story, f"update:{number}")
            assert (due.state, int(story.since(due.due_at))) == (PENDING, said + every)
            said += every - 1
            await at(story, said)
            await story.do(PostUpdate(by="ana", text=WORDS))
            assert (await owed(story, f"update:{number}")).state is MET
        if every:
            await at(story, said + every - 1)
        assert not _KEYS & set(await late(story))
        await at(story, said + (every or 2 * HOUR))
        assert {key: when for key, when in (await late(story)).items() if key in _KEYS} == (
            {"update:5": said + every} if every else {}
        )


_KEYS = frozenset({"status_page", *(f"update:{number}" for number in range(1, 6))})
WORDS = "Investigating | Reading the logs | 30 min"
"""In the form that one of the playbooks wants, so that it counts as a status there too."""


@pytest.mark.parametrize(("seed", "severity"), FOLLOWING)
async def test_what_follows_cause_fix_end_and_phases_is_late_at_its_second(
    cast: Casting, seed: str, severity: str
) -> None:
    wanted = FOLLOWING[seed, severity]
    acts: dict[int, tuple[Command, ...]] = {
        CAUSE: (IdentifyCause(by="ana", text="the pool is exhausted"),),
        FIX: (Mitigate(by="ana"),),
        END: (TakeRole(by="ana", role="Incident Commander", responder="ana"), Resolve(by="ana")),
    }
    async with Story(cast(seed)) as story:
        await open_story(story, seed, severity)
        for second in sorted({*acts, *(due[0] for due in wanted.values())}):
            await at(story, second - 1)
            already = await late(story)
            assert not {key for key, due in wanted.items() if due[0] == second and key in already}
            await at(story, second)
            for command in acts.get(second, ()):
                await story.do(command)
        found = await late(story)
        assert {key: found.get(key) for key in wanted} == {key: due[0] for key, due in wanted.items()}
        lines = (await story.incident()).obligations
        assert {key: lines[key].line for key in wanted} == {key: due[1] for key, due in wanted.items()}


@pytest.mark.parametrize(
    ("seed", "severity", "text", "promised"),
    [
        ("usdx-wexel", "P0", "We will provide an update within 15 minutes.", 900),
        ("mycelia", "P0", "Status: Investigating. Next update: 03:40 UTC", 2400 - 600),
        ("bitcell", "P1", "Next update in 20 minutes", 1200),
        ("virtengine", "SEV-1", "Next update in 5 minutes", 300),
        ("monero-marketplace", "P1", f"{WORDS}. Next update in 45 minutes", 2700),
    ],
)
async def test_what_a_message_promises_is_the_next_deadline(
    cast: Casting, seed: str, severity: str, text: str, promised: int
) -> None:
    """Said ten minutes after three o'clock; where there is a cadence, the promise stands in its place."""
    async with Story(cast(seed)) as story:
        await open_story(story, seed, severity)
        await at(story, 600)
        await story.do(PostUpdate(by="ana", text=text))
        (key,) = [key for key, each in (await story.incident()).obligations.items() if _is_next(key, each)]
        assert int(story.since((await owed(story, key)).due_at)) == 600 + promised
        await at(story, 600 + promised - 1)
        assert key not in await late(story)
        await at(story, 600 + promised)
        assert (await late(story))[key] == 600 + promised


def _is_next(key: str, duty: Obligation) -> bool:
    return key.startswith("update:") and duty.state is PENDING


@pytest.mark.parametrize(
    ("seed", "low", "high"), [("virtengine", "SEV-2", "SEV-1"), ("monero-marketplace", "P3", "P1")]
)
async def test_a_severity_that_is_raised_counts_from_then_on(cast: Casting, seed: str, low: str, high: str) -> None:
    """Words that were said stay said; those that are owed come sooner, at the second."""
    page, update = OPENING[seed, high]
    assert page is not None and update is not None
    async with Story(cast(seed)) as story:
        await open_story(story, seed, low)
        await at(story, 120)
        await story.do(PostUpdate(by="ana", text=WORDS, audiences=(Audience.PUBLIC,)))
        await at(story, 240)
        await story.do(SetSeverity(by="ana", severity=high))
        assert (await owed(story, "status_page")).state is MET
        (key,) = [key for key, each in (await story.incident()).obligations.items() if _is_next(key, each)]
        await at(story, 240 + update[0] - 1)
        assert key not in await late(story)
        await at(story, 240 + update[0])
        assert (await late(story))[key] == 240 + update[0]
