"""An incident of a small playbook with everything that the run room is asked with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from tocsin.incident.book import Book, TargetPolicy, TeamPolicy, number_steps
from tocsin.incident.state import AlertState, Incident, StepRecord
from tocsin.knowledge import load_knowledge
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Staffing
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook, Procedure
from tocsin.run.binding import Bound
from tocsin.run.plan import plan
from tocsin.run.program import Task, prepare
from tocsin.testing.story import judge_text
from tocsin.timeline.events import AlertSeen, StepRequested
from tocsin.words import Mode, Status, StepState

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
TARGET = "team/local"
JUDGE = judge_text()
KNOWLEDGE = load_knowledge()

HEAD = """# Incident Response Playbook

## Severity Levels

| Severity | Description | Response Time |
|----------|-------------|---------------|
| SEV-1 | Down | 15 minutes |
| SEV-2 | Degraded | 1 hour |
"""

SCENARIO = """
## Playbook 1: Disk Full

**Severity**: SEV-1

**Alert**: `DiskFull`
"""

LOOK = """
### Diagnosis

```bash
uptime
```
"""


def compile_text(text: str, head: str = HEAD + SCENARIO) -> Playbook:
    """A playbook of one scenario, `Disk Full`, with `text` in it."""
    return compile_playbook((head + text).encode(), "team.md", KNOWLEDGE, today=NOW.date())


def seen(name: str = "DiskFull", fingerprint: str = "f", **labels: str) -> AlertState:
    """An alert that fires."""
    every = {"alertname": name, **labels}
    return AlertState(seen=AlertSeen(fingerprint=fingerprint, name=name, starts_at=NOW, labels=every))


class Scene:
    """A playbook, an incident of its first scenario, and the book; each can be changed for one test."""

    def __init__(self, playbook: Playbook | str = LOOK, **changes: Any) -> None:
        self.playbook = compile_text(playbook) if isinstance(playbook, str) else playbook
        scenario = self.playbook.scenarios[0]
        told: dict[str, Any] = {
            "id": "team-1", "seq": 1, "team": "team", "number": "1", "title": scenario.title, "origin": "alert",
            "opened_at": NOW, "status": Status.ACTIVE, "scenario": scenario.title, "scenario_line": scenario.line,
            "severity": "SEV-1",
        }  # fmt: skip
        self.incident = Incident(**{**told, **changes})
        policy = TeamPolicy(team="team", name="Team", mode=Mode.LIVE, targets=(TargetPolicy(name=TARGET),))
        self.book = Book(playbook=self.playbook, policy=policy, classify=JUDGE)

    @property
    def scenario(self) -> Procedure:
        """The scenario as the book has it now."""
        return self.book.playbook.scenarios[0]

    def allow(self, *names: str) -> None:
        """Let the target run reads of these kinds by itself."""
        self.settle(targets=(TargetPolicy(name=TARGET, allow=names),))

    def settle(self, **changes: Any) -> None:
        """Change the team's policy."""
        self.book = replace(self.book, policy=replace(self.book.policy, **changes))

    def rule(self, **changes: Any) -> None:
        """Change what the scenario says."""
        self.rule_all(scenarios=(replace(self.scenario, **changes), *self.book.playbook.scenarios[1:]))

    def rule_all(self, **changes: Any) -> None:
        """Change what the document says."""
        self.book = replace(self.book, playbook=replace(self.book.playbook, **changes))

    def lines(self) -> dict[str, str]:
        """Statement → id of its step."""
        procedures = self.book.procedures(self.incident)
        steps = [each for procedure in procedures for each in number_steps(procedure)]
        return {step.statement.text: step_id for step_id, step in steps if step.statement is not None}

    def task(self, statement: str, given: Mapping[str, str] | None = None, target: str = TARGET) -> Task:
        """The task of the step that has this statement."""
        step_id = self.lines()[statement]
        task = prepare(self.book.procedures(self.incident), step_id, self.incident, target, given or {})
        assert task is not None
        return task

    def requests(self) -> list[StepRequested]:
        """What would run by itself now."""
        asked = plan(self.incident, self.book, Rota(staffing=Staffing(), people={}), NOW).events
        return [each for each in asked if isinstance(each, StepRequested)]

    def typed(self, text: str, given: Mapping[str, str] | None = None) -> Task:
        """The task of a statement that a person typed."""
        judged = JUDGE(text)
        record = StepRecord(
            step="A1", state=StepState.WAITING, text=text, effect=judged.effect, tags=judged.tags, proposed_by="ana"
        )
        incident = replace(self.incident, steps={**self.incident.steps, "A1": record})
        task = prepare((), "A1", incident, TARGET, given or {})
        assert task is not None
        return task


class Ran(NamedTuple):
    """What a program gave, to the byte."""

    code: int
    stdout: str
    stderr: str


def run_bash(bound: Bound, place: Path) -> Ran:
    """Run what was bound as a target would: a bash without start-up files, in `place`, with a bare environment."""
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-c", bound.text],
        cwd=place,
        env={"PATH": f"{place}/bin:{os.environ['PATH']}", "HOME": str(place), "LANG": "C.UTF-8", **bound.env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
