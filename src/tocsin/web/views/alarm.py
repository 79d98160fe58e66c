"""What the scenario shouts before its first step ("STOP ALL OPERATIONS IMMEDIATELY"): it stands above the room."""

from __future__ import annotations

from tocsin.incident.book import number_steps
from tocsin.web.views.scene import Cite, Scene, quote
from tocsin.words import StepState

DONE = frozenset({StepState.OK, StepState.SKIPPED})


def find_alarm(scene: Scene) -> Cite | None:
    """The warning with its line, until the first step is done; null where there is none, or where it is over."""
    scenario = scene.book.scenario(scene.incident)
    if scenario is None or not scenario.steps or not scene.incident.is_open:
        return None
    step_id, step = next(iter(number_steps(scenario)))
    if not step.caution:
        return None
    known = scene.incident.steps.get(step_id)
    if known is not None and known.state in DONE:
        return None
    lines = range(step.line, scenario.line, -1)
    line = next((at for at in lines if _has(scene, at, step.caution)), step.line)
    return Cite(line=line, text=quote(step.caution))


def _has(scene: Scene, line: int, words: str) -> bool:
    return line <= len(scene.source) and words in scene.source[line - 1]
