"""The ways between which an incident's playbook lets people choose, and where it leads into other scenarios."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.model import Procedure
from tocsin.run.choice import Choice, Way, find_choices
from tocsin.run.jump import find_jumps
from tocsin.run.speaking import find_speaking
from tocsin.web.views.scene import Cite, Scene, View, Who, clean

MOST_HEAD_LINES = 3


class SpeaksView(View, frozen=True, kw_only=True):
    """A look whose output speaks for or against a way: its step, and the first lines that it printed."""

    step: str
    text: str
    head: str


class WayView(View, frozen=True, kw_only=True):
    """One way: the line that it begins on, what it is called, its steps, who has taken it, and what speaks for it."""

    cite: Cite
    steps: tuple[str, ...]
    taken_by: Who | None = None
    reason: str = ""
    speaks: tuple[SpeaksView, ...] = ()


class ChoiceView(View, frozen=True, kw_only=True):
    """Ways of which somebody takes one; those that are not `exclusive` may be taken together. `shut`: one is taken."""

    exclusive: bool
    shut: bool
    ways: tuple[WayView, ...]


class JumpView(View, frozen=True, kw_only=True):
    """A line that leads into another scenario of the playbook; `pursued` if the incident goes on there already."""

    cite: Cite
    step: str
    to: Cite
    condition: str = ""
    pursued: bool = False


def show_choices(scene: Scene) -> tuple[ChoiceView, ...]:
    """The choices of everything there is to do, conditions that stand alone included."""
    procedures = scene.book.procedures(scene.incident)
    return tuple(_show(choice, each, scene) for each in procedures for choice in find_choices(each))


def _show(choice: Choice, procedure: Procedure, scene: Scene) -> ChoiceView:
    taken = scene.incident.taken
    return ChoiceView(
        exclusive=choice.exclusive,
        shut=any(way.line in taken for way in choice.ways),
        ways=tuple(_show_way(way, procedure, scene) for way in choice.ways),
    )


def _show_way(way: Way, procedure: Procedure, scene: Scene) -> WayView:
    taken = scene.incident.taken.get(way.line)
    return WayView(
        cite=Cite(line=way.line, text=clean(way.words, 300)),
        steps=way.steps,
        taken_by=scene.who(taken.by) if taken else None,
        reason=clean(taken.reason, 300) if taken else "",
        speaks=tuple(_show_speaking(way, procedure, scene)),
    )


def _show_speaking(way: Way, procedure: Procedure, scene: Scene) -> Iterator[SpeaksView]:
    for step in find_speaking(procedure, way, scene.incident):
        record = scene.incident.steps[step]
        head = "\n".join(clean(record.stdout_head).splitlines()[:MOST_HEAD_LINES])
        yield SpeaksView(step=step, text=clean(record.text, 200), head=head)


def show_jumps(scene: Scene) -> tuple[JumpView, ...]:
    """Where the scenarios of the incident lead."""
    incident, scenarios = scene.incident, scene.book.scenarios(scene.incident)
    jumps = (jump for each in scenarios for jump in find_jumps(scene.book.playbook.scenarios, each))
    return tuple(
        JumpView(
            cite=Cite(line=jump.line, text=clean(jump.text, 300)),
            step=jump.step,
            to=Cite(line=jump.to, text=clean(jump.title, 200)),
            condition=clean(jump.condition, 300),
            pursued=jump.to in (incident.scenario_line, *incident.pursued),
        )
        for jump in jumps
    )
