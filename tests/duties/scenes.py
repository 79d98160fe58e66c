"""What the room shows at one moment of a story, and people who tick its lines."""

from __future__ import annotations

from tocsin.incident.standing import Standing
from tocsin.review.postmortem import write_postmortem
from tocsin.run.commands import FinishStep
from tocsin.testing.story import Story
from tocsin.web.views.hand import HandView, show_hand
from tocsin.web.views.room import Room, show_room
from tocsin.web.views.scene import Scene
from tocsin.words import StepState


async def look_in(story: Story) -> Room:
    """The room of the story's incident, as a responder sees it now."""
    return show_room(await find_scene(story))


async def look_at_hand(story: Story) -> HandView:
    """What the room has at hand."""
    return show_hand(await find_scene(story))


async def find_scene(story: Story) -> Scene:
    """The story's incident with everything around it, now."""
    incident, book = await story.look()
    source = story.shelf.settings.teams[incident.team].source.decode("utf-8", "replace")
    return Scene(
        incident=incident,
        book=book,
        rota=story.shelf.rota(incident),
        standing=Standing(),
        people=story.shelf.settings.people,
        source=tuple(source.split("\n")),
        now=story.clock.now(),
    )


async def tick(story: Story, *lines: int, by: str = "ana", note: str = "") -> None:
    """Somebody does what stands on these lines."""
    for line in lines:
        await story.do(FinishStep(by=by, step=f"L{line}", note=note))


async def record(story: Story, lines: dict[int, str]) -> None:
    """Ana does what stands on these lines and says a word about each; timeline and post-mortem have both."""
    for line, note in lines.items():
        step = next(each for each in (await look_in(story)).steps if each.line == line)
        assert step.state == "planned", line
        await tick(story, line, note=note)
        done = (await story.incident()).steps[f"L{line}"]
        assert (done.state, done.approved_by, done.why) == (StepState.OK, "ana", note)
    incident, book = await story.look()
    entries = await story.journal.entries(story.stream)
    text = write_postmortem(incident, book, entries, {}, str.title, story.clock.now())
    for line, note in lines.items():
        assert any(note in row and f"L{line}" in row for row in text.split("\n")), note
