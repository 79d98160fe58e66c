"""What was committed has happened: a listener that fails makes no commit fail, and keeps nothing from the others."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.incident.commands import AddNote
from tocsin.testing.story import Story
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import NoteAdded

from .test_survival import cast


async def test_a_listener_that_fails_is_nobody_elses_trouble() -> None:
    heard: list[str] = []

    def fail(stream: str, entries: Sequence[Entry]) -> None:
        raise RuntimeError("a screen has gone")

    def hear(stream: str, entries: Sequence[Entry]) -> None:
        heard.extend(entry.event.kind for entry in entries)

    async with Story(cast()) as story:
        await story.alert("TillStuck")
        stop = [story.journal.listen(each, own=own) for each in (fail, hear) for own in (True, False)]
        await story.do(AddNote(by="shop-ana", text="once"))
        assert heard.count("note_added") == 2
        assert len(await story.events(NoteAdded)) == 1
        for each in stop:
            each()
        await story.do(AddNote(by="shop-ana", text="twice"))
        assert heard.count("note_added") == 2
