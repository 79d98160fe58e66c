"""The crash matrix: each kind of step and each thing that people do to one, killed at each moment of it.

Reads repeat; a change that nobody saw end is in doubt and waits for a person; nothing runs twice, and what was said is
not said again. A sample runs with the other tests, all of it in `make torture`, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin.engine.failpoint import NAMES

# The cluster is the whole suite's.
from ..postgres import Cluster  # noqa: TID252
from .ground import Ground, Sink, wait_for
from .nodes import START_S

ALL = os.environ.get("TOCSIN_TORTURE") == "all"

PLAYBOOK = """\
# Till Playbook

### PLAY-001: Till Stuck

**Alert**: `TillStuck`

#### Detection

```bash
cat till.log
```

#### Resolution Steps

1. Press the red button on the till and wait until its lamp is green.

2. Turn it:

   ```bash
   ./turn.sh
   ```

3. Turn it the other way:

   ```bash
   ./turn.sh | cat
   ```
"""

TURN = """\
#!/bin/sh
# Each run leaves a line, at its beginning and at its end.
echo turned >> turns
sleep 0.3
echo it turns
"""

LOOK, TURN_IT, PIPED, TYPED, TYPED_LOOK = (
    "cat till.log",
    "./turn.sh",
    "./turn.sh | cat",
    "./turn.sh now",
    "cat till.log #",
)
MANUAL = "Press the red button"

CHANGES = (TURN_IT, PIPED, TYPED)
LOST = ("command.before_commit",)
"""Nobody was told that it was taken: it is asked again."""
GOES_ON = ("command.after_commit", "claim.after_commit", "change.before_start_commit")
"""Promised and not begun: it runs, once, without being asked again."""
DOUBT = (
    "change.after_start_commit",
    "change.during",
    "change.after",
    "blob.before_write",
    "blob.after_write",
    "change.before_outcome_commit",
)
"""Begun, as far as anybody knows: a person says whether it happened."""
OVER = ("change.after_outcome_commit",)
READS = ("read.before_spawn", "read.during", "read.after", "read.before_outcome_commit", "read.after_outcome_commit")
SAID = ("command.before_commit", "command.after_commit")
ACTS = ("done", "skip", "doubt", "propose")

MATRIX = [
    *((kind, moment) for kind in CHANGES for moment in (*LOST, *GOES_ON, *DOUBT, *OVER)),
    *((kind, moment) for kind in (LOOK, TYPED_LOOK) for moment in READS),
    *((kind, moment) for kind in ACTS for moment in SAID),
]
SAMPLE = [
    (TURN_IT, "change.during"),
    (PIPED, "change.before_start_commit"),
    (TYPED, "blob.after_write"),
    (LOOK, "read.during"),
    ("doubt", "command.after_commit"),
]
STORES = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]


class Till(Ground):
    """A till whose playbook has a step of each kind."""

    def _lay_out(self) -> None:
        super()._lay_out()
        (self.root / "playbooks" / "shop.md").write_text(PLAYBOOK)
        (self.till / "turn.sh").write_text(TURN)

    def room(self) -> dict[str, dict[str, Any]]:
        """The steps of the incident, by their text."""
        room = self.ask("GET", "/api/incidents/shop-1") or {"steps": []}
        return {each["text"]: each for each in room["steps"]}

    def find(self, text: str) -> dict[str, Any]:
        """The step that has this text, or begins so; empty while it cannot be asked for."""
        return next((step for each, step in self.room().items() if each == text or each.startswith(f"{text} and")), {})

    def happened(self) -> list[dict[str, Any]]:
        """The incident's entries."""
        return self.ask("GET", "/api/incidents/shop-1/timeline") or []

    def count(self, kind: str, step: str) -> int:
        """How many entries of a kind speak of a step."""
        return sum(each["kind"] == kind and each["event"].get("step") == step for each in self.happened())

    def bring_up(self, failpoint: str = "") -> None:
        """Start and wait until it answers."""
        self.start(failpoint)
        wait_for(lambda: self.url() and self.ask("GET", "/api/incidents") is not None, "server that answers", START_S)

    def open(self) -> None:
        """An incident that has been looked at and that somebody has taken."""
        self.bring_up()
        wait_for(self.fire, "alert taken")
        wait_for(lambda: self.find(LOOK).get("state") == "ok", "read")
        self.ask("POST", "/api/incidents/shop-1/acknowledge")
        wait_for(lambda: any(each["kind"] == "acknowledged" for each in self.happened()), "acknowledgement")

    def propose(self, text: str) -> None:
        """Type a statement."""
        self.ask("POST", "/api/incidents/shop-1/steps", text=text)

    def approve(self, text: str) -> None:
        """Look at a step and allow it."""
        shown = self.ask("GET", f"/api/incidents/shop-1/steps/{self.find(text).get('id')}")
        if shown:
            self.ask("POST", f"/api/incidents/shop-1/steps/{shown['id']}/approve", digest=shown["digest"])

    def say(self, text: str, verb: str, **body: Any) -> None:
        """Ask a verb of a step."""
        self.ask("POST", f"/api/incidents/shop-1/steps/{self.find(text).get('id')}/{verb}", **body)

    def die(self, failpoint: str, act: Callable[[], Any]) -> None:
        """Start again, armed, and do what reaches the place."""
        self.stop()
        self.bring_up(failpoint)
        act()
        wait_for(self.is_dead, f"death at {failpoint}")
        assert self.mark.read_text() == failpoint


@pytest.fixture
def till(request: pytest.FixtureRequest) -> Iterator[Till]:
    folder, sink = Path(tempfile.mkdtemp(prefix="tocsin-crash-")), Sink()
    folder.chmod(0o755)
    cluster: Cluster | None = request.getfixturevalue("cluster") if request.param == "postgres" else None
    made = Till(folder, sink, *(("one", cluster.make_database()) if cluster else ()))
    for key in ("chain", "link") if cluster else ():
        (made.root / "secrets" / f"{key}.key").write_text("5a" * 32)
    yield made
    made.end()
    sink.close()
    shutil.rmtree(folder)


def test_every_place_of_a_step_is_in_the_matrix() -> None:
    places = {name for name in NAMES if name.startswith(("read.", "change.", "blob.", "command."))}
    assert places <= {moment for _, moment in MATRIX}
    assert set(SAMPLE) < set(MATRIX)


@pytest.mark.parametrize("till", STORES if ALL else STORES[:1], indirect=True)
@pytest.mark.parametrize(("kind", "moment"), MATRIX if ALL else SAMPLE)
def test_a_kill_repeats_reads_and_no_change(till: Till, kind: str, moment: str) -> None:
    if kind in CHANGES:
        _live_through_change(till, kind, moment)
    elif kind in ACTS:
        _live_through_act(till, kind, moment)
    else:
        _live_through_read(till, kind, moment)
    till.stop()
    checked = till.verify()
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _live_through_change(till: Till, text: str, moment: str) -> None:
    till.open()
    if text == TYPED:
        till.propose(text)
    till.die(moment, lambda: till.approve(text))
    ran = till.turns
    till.bring_up()
    if moment in LOST:
        assert till.find(text)["state"] in ("planned", "waiting")
        assert till.count("step_approved", till.find(text)["id"]) == 0
        till.approve(text)
    wanted = "in_doubt" if moment in DOUBT else "ok"
    step = wait_for(lambda: (found := till.find(text)).get("state") == wanted and found, f"{wanted} of {text}")
    assert till.count("step_started", step["id"]) == till.count("step_approved", step["id"]) == 1
    if wanted == "in_doubt":
        _settle(till, text, ran)
    else:
        assert till.turns == 1
        assert till.count("step_finished", step["id"]) == 1


def _settle(till: Till, text: str, ran: int) -> None:
    """What is in doubt is not approved again, and not run, until somebody has said what became of it."""
    till.approve(text)
    assert till.find(text)["state"] == "in_doubt"
    till.say(text, "doubt", happened=True)
    wait_for(lambda: till.find(text).get("state") == "ok", "settled")
    till.stop()
    till.bring_up()
    wait_for(lambda: till.find(text).get("state") == "ok", "settled")
    assert till.turns == ran <= 1
    assert till.count("step_started", till.find(text)["id"]) == 1


def _live_through_read(till: Till, text: str, moment: str) -> None:
    """By itself when the alert comes, or because somebody typed it."""
    till.open() if text == TYPED_LOOK else till.bring_up()
    if text == TYPED_LOOK:
        till.propose(text)
    till.die(moment, (lambda: till.approve(text)) if text == TYPED_LOOK else till.fire)
    till.bring_up()
    step = wait_for(lambda: (found := till.find(text)).get("state") == "ok" and found, f"end of {text}")
    assert till.count("step_finished", step["id"]) == till.count("step_requested", step["id"]) == 1
    assert till.count("step_started", step["id"]) == 0
    assert till.turns == 0


def _live_through_act(till: Till, act: str, moment: str) -> None:
    """Said and not on disk is said again; said and on disk is there, once."""
    till.open()
    text, kind, do = _choose(till, act)
    till.die(moment, do)
    till.bring_up()
    kinds = [each["kind"] for each in till.happened()]
    assert kinds.count(kind) == (moment == "command.after_commit")
    if moment == "command.before_commit":
        do()
    wait_for(lambda: [each["kind"] for each in till.happened()].count(kind) == 1, kind)
    assert till.find(text)
    assert till.turns <= 1


def _choose(till: Till, act: str) -> tuple[str, str, Callable[[], Any]]:
    """On which step, what becomes of it on the timeline, and how it is done."""
    if act == "done":
        return MANUAL, "step_done", lambda: till.say(MANUAL, "done", note="it is green")
    if act == "skip":
        return TURN_IT, "step_skipped", lambda: till.say(TURN_IT, "skip", reason="not this till")
    if act == "propose":
        return TYPED, "step_proposed", lambda: till.propose(TYPED)
    till.die("change.during", lambda: till.approve(TURN_IT))
    till.bring_up()
    wait_for(lambda: till.find(TURN_IT).get("state") == "in_doubt", "doubt")
    return TURN_IT, "doubt_settled", lambda: till.say(TURN_IT, "doubt", happened=True)
