"""An alert with a label that wants to be a command: from the door to the shell it is a value, or it is nothing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tocsin.alert.sources.alertmanager import parse_alerts
from tocsin.errors import Denied
from tocsin.incident.commands import Acknowledge
from tocsin.run.commands import find_task
from tocsin.run.guard import Refused, judge
from tocsin.testing.recorder import RanStep
from tocsin.testing.story import Cast, Story
from tocsin.timeline.events import ValueHeld
from tocsin.words import StepState

PLAYBOOK = b"""# Incident Response Playbook

## Severity Levels

| Severity | Description | Response Time |
|----------|-------------|---------------|
| SEV-1 | Down | 15 minutes |

## Playbook 1: Node Down

**Severity**: SEV-1

**Alert**: `NodeDown`

### Diagnosis

```bash
echo up
echo bare <instance>
echo "double <instance>"
echo 'single <instance>'
sh -c "echo nested <instance>"
```

### Mitigation

```bash
docker restart <instance>
```
"""
RESTART = PLAYBOOK.decode().splitlines().index("docker restart <instance>") + 1


async def fire(story: Story, **labels: str) -> None:
    """The alert comes in as Alertmanager sends it."""
    body = json.dumps([{"labels": {"alertname": "NodeDown", **labels}}]).encode()
    await story.engine.intake.receive("team", parse_alerts({}, body).signals)
    await story.settle()
    story.stream = (await story.store.cards())[0].id


def run(step: RanStep, place: Path) -> str:
    """What a step that was handed out does for real."""
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-c", step.text],
        cwd=place, env={"PATH": os.environ["PATH"], **step.env}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("value", ["us-east-1", "10.0.0.7", "validator-3"])
async def test_an_ordinary_label_is_looked_at_by_itself(tmp_path: Path, value: str) -> None:
    async with Story(Cast(playbook=PLAYBOOK)) as story:
        await fire(story, instance=value)
        shown = sorted(run(step, tmp_path) for step in story.recorder.steps)
        assert shown == [f"bare {value}", f"double {value}", f"single {value}", "up"]
        assert not any(value in step.text for step in story.recorder.steps)
        await story.do(Acknowledge(by="ana"))
        await story.approve(f"L{RESTART}", "ana")
        last = story.recorder.steps[-1]
        assert (last.text, last.env) == ('docker restart "${TOCSIN_P_INSTANCE}"', {"TOCSIN_P_INSTANCE": value})


async def test_no_hostile_label_ever_reaches_a_command(shared: Path) -> None:
    for value in json.loads((shared / "redteam" / "values.json").read_text("utf-8")):
        async with Story(Cast(playbook=PLAYBOOK)) as story:
            await fire(story, instance=value)
            assert [step.text for step in story.recorder.steps] == ["echo up"], value
            incident, book = await story.look()
            assert incident.alerts, "the alert itself is heard and kept as it came"
            task = find_task(incident, book, f"L{RESTART}", {})
            verdict = judge(task, incident, book)
            assert isinstance(verdict, Refused)
            assert verdict.missing == ("instance",)
            held = [each.event for each in await story.events(ValueHeld) if isinstance(each.event, ValueHeld)]
            assert [(each.blank, each.source) for each in held] == [("instance", "the alert's label instance")]
            with pytest.raises(Denied, match="Fill in first"):
                await story.approve(f"L{RESTART}", "ana")
            with pytest.raises(Denied, match="plain word"):
                await story.approve(f"L{RESTART}", "ana", instance=value)
            assert f"L{RESTART}" not in (await story.incident()).steps


async def test_a_person_may_give_the_value_that_the_label_could_not(tmp_path: Path) -> None:
    async with Story(Cast(playbook=PLAYBOOK)) as story:
        await fire(story, instance="$(touch PWN)")
        await story.approve(f"L{RESTART}", "ana", instance="web-1")
        assert story.recorder.steps[-1].env == {"TOCSIN_P_INSTANCE": "web-1"}
        record = (await story.incident()).steps[f"L{RESTART}"]
        assert (record.state, record.bindings) == (StepState.OK, {"instance": "web-1"})


async def test_a_second_alert_that_disagrees_changes_nothing_that_was_approved() -> None:
    """What a person looked at was bound to the value of that moment; the approval carries it."""
    async with Story(Cast(playbook=PLAYBOOK)) as story:
        await fire(story, instance="web-1")
        incident, book = await story.look()
        before = find_task(incident, book, f"L{RESTART}", {})
        await fire(story, instance="web-2")
        incident, book = await story.look()
        assert len(incident.alerts) == 2
        assert find_task(incident, book, f"L{RESTART}", {}).bound.missing == ("instance",)
        assert find_task(incident, book, f"L{RESTART}", {"instance": "web-1"}).digest == before.digest


async def test_label_names_are_no_way_in_either() -> None:
    async with Story(Cast(playbook=PLAYBOOK)) as story:
        await fire(story, PATH="/tmp/evil", LD_PRELOAD="x", BASH_ENV="x", TOCSIN_P_INSTANCE="x", INSTANCE="web-1")
        assert len(story.recorder.steps) == 4
        assert {name for step in story.recorder.steps for name in step.env} == {"TOCSIN_P_INSTANCE"}
        assert {value for step in story.recorder.steps for value in step.env.values()} == {"web-1"}
