"""What speaks for a way: looks that have run, whose words are those of its condition; no more is concluded."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tocsin.incident.state import StepRecord
from tocsin.run.choice import find_choices
from tocsin.run.speaking import find_speaking
from tocsin.words import Effect, StepState

from .scene import Scene

TEXT = """
### Diagnosis

```bash
# Check disk usage
df -h
# Check the number of connections
netstat -tn
```

### Resolution

```bash
# Look at the queue
./queue.sh
uptime
# If the disk is full
docker restart logs

# If there are too many connections
docker restart db
```
"""


def speaking(scene: Scene, words: str) -> list[str]:
    way = next(way for choice in find_choices(scene.scenario) for way in choice.ways if words in way.words)
    texts = {step: text for text, step in scene.lines().items()}
    return [texts[step] for step in find_speaking(scene.scenario, way, scene.incident)]


@pytest.fixture
def scene() -> Scene:
    scene = Scene(TEXT)
    ran = {
        step: StepRecord(step=step, state=StepState.OK, text=text, effect=Effect.READ, exit_code=0)
        for text, step in scene.lines().items()
        if text in ("df -h", "netstat -tn", "uptime")
    }
    scene.incident = replace(scene.incident, steps=ran)
    return scene


def test_a_look_with_the_words_of_the_condition_speaks_for_it(scene: Scene) -> None:
    assert "df -h" in speaking(scene, "disk is full")
    assert "df -h" not in speaking(scene, "connections")
    assert "netstat -tn" in speaking(scene, "connections")


def test_so_does_the_last_look_before_it_in_its_fence(scene: Scene) -> None:
    assert "uptime" in speaking(scene, "disk is full")


def test_what_has_not_run_or_changes_something_says_nothing(scene: Scene) -> None:
    steps = scene.incident.steps
    df = scene.lines()["df -h"]
    for change in ({"state": StepState.RUNNING, "exit_code": None}, {"effect": Effect.MUTATE}):
        scene.incident = replace(scene.incident, steps={**steps, df: replace(steps[df], **change)})
        assert "df -h" not in speaking(scene, "disk is full")
    scene.incident = replace(scene.incident, steps={})
    assert speaking(scene, "disk is full") == []
