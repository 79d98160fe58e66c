"""This version goes on from what the previous one left when it was killed: open incidents, timers, pages, doubts."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tocsin.engine.journal import Journal
from tocsin.incident.evolve import fold
from tocsin.store.verify import Report, check, verify
from tocsin.timeline.codec import unseal
from tocsin.timeline.events import Intent, ObligationLate, StepStarted
from tocsin.words import ObligationState, Status, StepState

from .left import Left, Resumed, find_records

SECOND = timedelta(seconds=1)
SQLITE, POSTGRES = find_records("sqlite"), find_records("postgres")
KINDS = [
    *(pytest.param(path, id=path.name) for path in SQLITE),
    *(pytest.param(path, id=path.name, marks=pytest.mark.needs("postgres")) for path in POSTGRES),
]


@pytest.fixture(params=KINDS)
async def left(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Left, Resumed]]:
    """What was left, and the engine that goes on from it."""
    found, url = Left(request.param, tmp_path / "left"), ""
    if request.param in POSTGRES:
        url = request.getfixturevalue("database")
        await found.load(url)
    else:
        found.lay_out()
    async with Resumed(found, url) as story:
        yield found, story


async def look(story: Resumed) -> Report:
    return await story.store.read(lambda c: check(c, story.key, None, None))


def test_there_is_a_record_of_a_previous_version_on_each_database() -> None:
    assert SQLITE
    assert len(SQLITE) == len(POSTGRES)


@pytest.mark.parametrize("archive", SQLITE, ids=lambda path: path.name)
def test_a_record_that_nobody_has_brought_on_holds_with_its_mark_and_its_evidence(
    archive: Path, tmp_path: Path
) -> None:
    from tocsin.app.storage import Data
    from tocsin.store.migrate import prepare
    from tocsin.store.sqlite import open_engine

    left = Left(archive, tmp_path / "left")
    path, data = left.lay_out(), Data(left.data)
    engine = open_engine(path)
    with engine.begin() as connection:
        prepare(connection, "it")
    engine.dispose()
    report = verify(path, data.chain_key(), data.mark, data.blobs)
    assert report.flaws == ()
    assert report.blobs >= 3


def tell_as_then(now: Any, said: Any) -> Any:
    """What is known now, as far as the previous version had a word for it."""
    if isinstance(now, dict) and isinstance(said, dict):
        return {name: tell_as_then(now.get(name), each) for name, each in said.items()}
    return now


async def test_every_incident_is_what_it_was(left: tuple[Left, Resumed]) -> None:
    found, story = left
    path = found.folder / "folded.json"
    before: dict[str, dict[str, Any]] = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
    cards = await story.store.cards()
    assert {card.id: card.status for card in cards} == {
        "shop-1": Status.ACTIVE, "shop-2": Status.ACKNOWLEDGED, "shop-3": Status.RESOLVED, "shop-4": Status.ACTIVE,
        "yard-1": Status.ACTIVE,
    }  # fmt: skip
    for stream, said in before.items():
        incident = fold(map(unseal, await story.store.load(stream)))
        now = msgspec.json.decode(msgspec.json.encode(incident))
        assert tell_as_then(now, said) == said


async def test_what_was_on_its_way_goes_again_and_what_had_arrived_does_not(left: tuple[Left, Resumed]) -> None:
    found, story = left
    arrived, flying = [page["key"] for page in found.sent[:-1]], found.sent[-1]["key"]
    await story.settle()
    sent = Counter(page.key for page in story.recorder.pages)
    assert sent[flying] == 1
    assert [page.repeat for page in story.recorder.pages if page.key == flying] == [True]
    assert not set(sent) & set(arrived)


async def test_a_page_that_was_not_sent_is_sent_once_at_its_time(left: tuple[Left, Resumed]) -> None:
    _, story = left
    opened = (await story.incident("yard-1")).opened_at
    await story.until(opened + timedelta(seconds=110))
    pages = [page for page in story.pages() if page.key.startswith("yard-1:")]
    assert len(pages) == len({page.key for page in pages})
    (first,) = [page for page in pages if page.responder == "bo" and page.round == 1]
    assert (first.repeat, first.at) == (False, opened + timedelta(seconds=100)), "its group was waited for"


async def test_the_next_escalation_fires_at_its_time_and_not_before(left: tuple[Left, Resumed]) -> None:
    _, story = left
    due = (await story.wakes())["shop-1"]
    await story.settle()
    seq = (await story.incident("shop-1")).seq
    await story.until(due - SECOND)
    assert (await story.incident("shop-1")).seq == seq
    await story.until(due)
    added = await story.journal.entries("shop-1", seq)
    intents = [entry for entry in added if isinstance(entry.event, Intent)]
    assert intents
    assert {entry.recorded_at for entry in intents} == {due}
    sent = [page.key for page in story.recorder.pages if page.at == due and page.key.startswith("shop-1:")]
    assert sent == [f"shop-1:{entry.seq}" for entry in intents]


async def test_who_has_acknowledged_is_left_in_peace(left: tuple[Left, Resumed]) -> None:
    _, story = left
    await story.advance("4m")
    assert (await story.incident("shop-2")).acknowledged_by == "ana"
    assert [page for page in story.pages() if page.key.startswith("shop-2:")] == []


async def test_a_step_in_doubt_stays_in_doubt_and_is_not_run_again(left: tuple[Left, Resumed]) -> None:
    _, story = left
    await story.advance("3m")
    steps = [each for each in (await story.incident("shop-1")).steps.values() if each.changes]
    assert [step.state for step in steps] == [StepState.IN_DOUBT]
    assert len(await story.events(StepStarted, "shop-1")) == 1


async def test_a_silence_goes_on_and_so_does_what_is_owed(left: tuple[Left, Resumed]) -> None:
    _, story = left
    before = len(await story.store.cards())
    await story.alert("LampOut", team="shop", till="8")
    assert len(await story.store.cards()) == before
    await story.advance("1s")
    duty = next(each for each in (await story.incident("shop-3")).obligations.values() if each.duty == "review")
    assert duty.state is ObligationState.PENDING
    story.clock.set(duty.due_at)
    await story.settle()
    late = [entry for entry in await story.events(ObligationLate, "shop-3") if entry.at == duty.due_at]
    assert late


async def test_what_goes_on_holds_together_and_replays_to_the_same(left: tuple[Left, Resumed]) -> None:
    _, story = left
    await story.advance("6m")
    report = await look(story)
    assert [flaw for flaw in report.flaws if flaw.fault != "mark"] == []
    cold = Journal(story.store, story.shelf, story.clock, story.key)
    for card in await story.store.cards():
        entries = [unseal(sealed) for sealed in await story.store.load(card.id)]
        assert fold(entries) == await story.journal.incident(card.id) == await cold.incident(card.id)
