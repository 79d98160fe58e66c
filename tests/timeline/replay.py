"""What must hold of every timeline, whatever happened in it: it is whole, and it alone is the state."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.engine.change import show_card
from tocsin.engine.journal import Journal
from tocsin.incident.evolve import fold
from tocsin.incident.standing import Standing, fold_standing, team_stream
from tocsin.incident.state import Incident
from tocsin.store.verify import verify
from tocsin.testing.story import Story
from tocsin.timeline import chain
from tocsin.timeline.codec import decode, encode, unseal
from tocsin.timeline.entry import Entry, Sealed
from tocsin.timeline.events import StepApproved, StepRequested, StepStarted

KEY = b"k" * 32
"""The key that stories seal with."""


async def check_story(story: Story) -> int:
    """Check every stream of a story against what the engine believes; how many entries that were."""
    await story.settle()
    report = verify(story.store.path, KEY, story.store.path.parent / "mark")
    assert report.flaws == ()
    cold = Journal(story.store, story.shelf, story.clock, KEY)
    try:
        for card in await story.store.cards():
            sealed = await story.store.load(card.id)
            live = await story.journal.incident(card.id)
            assert live is not None
            assert show_card(live, card.forbids) == card
            check_stream(sealed, live)
            assert await cold.incident(card.id) == live, "a server that starts anew knows the same"
            assert await cold.replan(card.id) == [], "and has nothing to add"
        for team in story.shelf.settings.teams:
            stored = await story.store.load(team_stream(team))
            assert fold_standing(map(unseal, stored), Standing()) == await story.journal.standing(team)
    finally:
        story.shelf.standing, story.shelf.forbidding_incidents = story.journal.standing, story.journal.open_incidents
        story.shelf.forbidding_mark = lambda team: None
    return report.entries


def check_stream(sealed: Sequence[Sealed], live: Incident) -> None:
    """One stored stream gives the live state, in one go, from any point on, and after a way through a file."""
    assert list(chain.check_stream(KEY, sealed)) == []
    entries = [unseal(each) for each in sealed]
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert all(entry.at <= entry.recorded_at for entry in entries)
    assert [entry.recorded_at for entry in entries] == sorted(entry.recorded_at for entry in entries)
    assert fold(entries) == live
    for half in (1, len(entries) // 2, len(entries) - 1):
        assert fold(entries[half:], _through_a_file(fold(entries[:half]))) == live, f"a snapshot after {half} entries"
    _check_export(sealed, live)
    _check_approvals(entries)


def _through_a_file(incident: Incident | None) -> Incident | None:
    return msgspec.json.decode(msgspec.json.encode(incident), type=Incident | None)


def _check_export(sealed: Sequence[Sealed], live: Incident) -> None:
    """Written to a file and read again, it is the same to the byte, still sealed, and gives the same state."""
    lines = b"\n".join(msgspec.json.encode(each) for each in sealed)
    again = [msgspec.json.decode(line, type=Sealed) for line in lines.split(b"\n")]
    assert again == list(sealed)
    assert list(chain.check_stream(KEY, again)) == []
    assert fold(map(unseal, again)) == live
    assert all(encode(decode(each.body)) == each.body for each in again), "an event's bytes never change"


def _check_approvals(entries: Sequence[Entry]) -> None:
    """What changes something was allowed by a person, digest for digest, and started once."""
    allowed: list[tuple[str, str]] = []
    asked: dict[int, str] = {}
    started: list[int] = []
    for entry in entries:
        match entry.event:
            case StepApproved(step=step, digest=digest):
                allowed.append((step, digest))
            case StepRequested(changes=True, step=step, digest=digest):
                allowed.remove((step, digest))
                asked[entry.seq] = step
            case StepStarted(answers=intent, step=step):
                assert asked[intent] == step
                started.append(intent)
    assert len(started) == len(set(started))
