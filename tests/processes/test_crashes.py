"""The crash matrix: each kind of step and each thing that people do to one, killed at each moment of it.

Reads repeat; a change that nobody saw end is in doubt and waits for a person; nothing runs twice, and what was said is
not said again. A sample runs with the other tests, all of it in `make torture`, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tocsin.engine.failpoint import NAMES

# The cluster is the whole suite's.
from ..postgres import Cluster  # noqa: TID252
from .crashing import (
    ASKED,
    BOX,
    CHANGES,
    CHECKED,
    LINK,
    LONG,
    MANUAL,
    QUESTION,
    READS,
    SLEEP,
    TYPED,
    WAIT,
    WATCH,
    Till,
)
from .ground import Sink, wait_for

ALL = os.environ.get("TOCSIN_TORTURE") == "all"

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
LOOKED = ("read.before_spawn", "read.during", "read.after", "read.before_outcome_commit", "read.after_outcome_commit")
SAID = ("command.before_commit", "command.after_commit")
ACTS: dict[str, tuple[str, Callable[[Till], Any]]] = {
    "done": ("step_done", lambda till: till.say(MANUAL, "done", note="it is green")),
    "answer": ("step_done", lambda till: till.say(QUESTION, "done", passed=False)),
    "read": ("step_done", lambda till: till.say(LINK, "done")),
    "box": ("step_done", lambda till: till.say(BOX, "done")),
    "tick": ("step_done", lambda till: till.say(till.change, "done", note="turned by hand")),
    "skip": ("step_skipped", lambda till: till.say(till.change, "skip", reason="not this till")),
    "propose": ("step_proposed", lambda till: till.propose(till.text)),
    "doubt": ("doubt_settled", lambda till: till.say(till.change, "doubt", happened=True)),
    "wait": ("wait_begun", lambda till: till.say(WAIT, "wait")),
    "unwait": ("wait_ended", lambda till: till.say(LONG, "unwait", reason="it rests")),
    "call": ("barrier_called", lambda till: till.call(MANUAL)),
    "ready": ("operator_ready", lambda till: till.say(MANUAL, "ready")),
    "hold": ("barrier_held", lambda till: till.say(MANUAL, "hold", reason="not yet")),
    "fix": ("mitigated", lambda till: till.ask("POST", "/api/incidents/shop-1/mitigate")),
    "take": ("way_taken", lambda till: till.ask("POST", "/api/incidents/shop-1/take", line=till.way)),
    "jump": ("scenario_pursued", lambda till: till.ask("POST", "/api/incidents/shop-1/jump", scenario="PLAY-002")),
}
"""What people do to a step, with the entry that it leaves. "tick" is for a team that lets nothing run."""
DUE: dict[str, tuple[str, Callable[[Till], Any], str, str, str]] = {
    "waited": (WAIT, lambda till: till.say(WAIT, "wait"), "wait_begun", "until", "wait_ended"),
    "slept": (SLEEP, lambda till: till.approve(SLEEP), "wait_begun", "until", "wait_ended"),
    "watched": (
        WATCH,
        lambda till: till.ask("POST", "/api/incidents/shop-1/mitigate"),
        "wait_begun",
        "until",
        "wait_ended",
    ),
    "gone": (MANUAL, lambda till: till.gather(MANUAL, 12), "countdown_begun", "go_at", "barrier_passed"),
}
"""What is due at a time: the step, how it is begun, the entry that says when (and where), and the end."""
ENDS = ("timer.before_commit", "timer.after_commit")
RECURS = ("intake.before_commit", "intake.after_commit")
HOLDS = ("read.after", "read.before_outcome_commit", "read.after_outcome_commit")

MATRIX = [
    *((kind, moment) for kind in CHANGES for moment in (*LOST, *GOES_ON, *DOUBT, *OVER)),
    *((kind, moment) for kind in READS for moment in LOOKED),
    *((kind, moment) for kind in ACTS for moment in SAID),
    *((kind, moment) for kind in DUE for moment in ENDS),
    *(("recurs", moment) for moment in RECURS),
    *(("check", moment) for moment in (*LOOKED, *ENDS)),
    *(("checked", moment) for moment in HOLDS),
]
SAMPLE = [
    ("command", "change.during"),
    ("pipe", "change.before_start_commit"),
    ("typed", "blob.after_write"),
    ("look", "read.during"),
    ("ssh", "change.after"),
    ("sql", "change.during"),
    ("doubt", "command.after_commit"),
    ("terminal", "change.during"),
    ("check", "read.during"),
]
_BY_COMMAND = {*ACTS, *DUE, "recurs"} - {"propose", "tick"}
"""What is done to a till that is turned by a plain command."""
STORES = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]


def _name(value: object) -> str:
    return str(value)


@pytest.fixture
def make(request: pytest.FixtureRequest, store: str) -> Iterator[Callable[[str], Till]]:
    """Makes the till of a kind, on a database of its own."""
    folder, sink, made = Path(tempfile.mkdtemp(prefix="tocsin-crash-")), Sink(), list[Till]()
    folder.chmod(0o755)
    cluster: Cluster | None = request.getfixturevalue("cluster") if store == "postgres" else None

    def lay_out(kind: str) -> Till:
        till = Till(folder, sink, kind, *(("one", cluster.make_database()) if cluster else ()))
        for key in ("chain", "link") if cluster else ():
            (till.root / "secrets" / f"{key}.key").write_text("5a" * 32)
        made.append(till)
        return till

    yield lay_out
    for till in made:
        till.end()
    sink.close()
    shutil.rmtree(folder)


def test_every_place_of_a_step_is_in_the_matrix() -> None:
    places = {name for name in NAMES if name.startswith(("read.", "change.", "blob.", "command."))}
    assert places <= {moment for _, moment in MATRIX}
    assert set(SAMPLE) < set(MATRIX)


@pytest.mark.parametrize("store", STORES if ALL else STORES[:1])
@pytest.mark.parametrize(("kind", "moment"), MATRIX if ALL else SAMPLE, ids=_name)
def test_a_kill_repeats_reads_and_no_change(make: Callable[[str], Till], kind: str, moment: str) -> None:
    till = make("typed" if kind == "propose" else "command" if kind in _BY_COMMAND else kind)
    if kind in CHANGES:
        _live_through_change(till, moment)
    elif kind in READS:
        _live_through_read(till, moment)
    elif kind in DUE:
        _live_through_end(till, kind, moment)
    elif kind in CHECKED:
        _live_through_check(till, moment)
    elif kind == "recurs":
        _live_through_recurrence(till, moment)
    else:
        _live_through_act(till, kind, moment)
    till.stop()
    checked = till.verify()
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _live_through_change(till: Till, moment: str) -> None:
    text = till.text
    till.open()
    if till.kind in TYPED:
        till.propose(text)
    if till.kind == "together":
        till.gather(text)
    till.die(moment, lambda: till.approve(text))
    till.bring_up()
    if moment in LOST:
        assert till.find(text)["state"] in ("planned", "waiting")
        assert till.count("step_approved", till.find(text)["id"]) == 0
        till.approve(text)
    wanted = "in_doubt" if moment in DOUBT else "ok"
    step = wait_for(lambda: (found := till.find(text)).get("state") == wanted and found, f"{wanted} of {text}")
    assert till.count("step_started", step["id"]) == till.count("step_approved", step["id"]) == 1
    if wanted == "in_doubt":
        _settle(till, text)
    else:
        assert till.turns == 1
        assert till.count("step_finished", step["id"]) == 1


def _settle(till: Till, text: str) -> None:
    """What is in doubt is not approved again, and not run, until somebody has said what became of it."""
    ran = till.turns
    till.approve(text)
    assert till.find(text)["state"] == "in_doubt"
    till.say(text, "doubt", happened=True)
    wait_for(lambda: till.find(text).get("state") == "ok", "settled")
    till.stop()
    till.bring_up()
    wait_for(lambda: till.find(text).get("state") == "ok", "settled")
    assert till.turns == ran <= 1
    assert till.count("step_started", till.find(text)["id"]) == 1


def _live_through_read(till: Till, moment: str) -> None:
    """By itself when the alert comes, or because somebody asks for it."""
    text, is_asked = till.text, till.kind in ASKED
    till.open() if is_asked else till.bring_up()
    if till.kind in TYPED:
        till.propose(text)
    till.die(moment, (lambda: till.approve(text)) if is_asked else till.fire)
    till.bring_up()
    step = wait_for(lambda: (found := till.find(text)).get("state") == "ok" and found, f"end of {text}")
    assert till.count("step_finished", step["id"]) == till.count("step_requested", step["id"]) == 1
    assert till.count("step_started", step["id"]) == 0
    assert till.turns == 0


def _live_through_act(till: Till, act: str, moment: str) -> None:
    """Said and not on disk is said again; said and on disk is there, once."""
    kind, do = ACTS[act]
    till.open()
    _go_before(till, act)
    till.die(moment, lambda: do(till))
    till.bring_up()
    assert _count(till, kind) == (moment == "command.after_commit")
    if moment == "command.before_commit":
        do(till)
    wait_for(lambda: _count(till, kind) == 1, kind)
    assert till.turns <= 1


def _count(till: Till, kind: str) -> int:
    return sum(each["kind"] == kind for each in till.happened())


def _go_before(till: Till, act: str) -> None:
    """What must have happened for this to be said."""
    if act == "unwait":
        till.say(LONG, "wait")
    if act in ("ready", "hold"):
        till.say(MANUAL, "barrier", operators=["ana", "bo"], countdown_s=3)
    if act == "hold":
        till.say(MANUAL, "ready")
    if act == "doubt":
        till.die("change.during", lambda: till.approve(till.change))
        till.bring_up()
        wait_for(lambda: till.find(till.change).get("state") == "in_doubt", "doubt")


def _live_through_end(till: Till, kind: str, moment: str) -> None:
    """What is due comes at its time, or late, and once: before its commit it had not, and behind it, it had."""
    text, begin, begun, due, ended = DUE[kind]
    till.open()
    step = till.find(text)["id"]
    when = till.die_when_due(
        moment, lambda: begin(till), lambda: till.find_event(begun, step).get("event", {}).get(due)
    )
    till.bring_up()
    wait_for(lambda: till.find_event(ended, step) or till.find_event("barrier_held", step), f"end of {text}")
    if till.find_event("barrier_held", step):  # nobody counted, and the moment is no moment for everybody any more
        till.say(text, "ready")
    over = wait_for(lambda: till.find_event(ended, step), f"end of {text}")
    assert (datetime.fromisoformat(over["recorded_at"]) < when) is (moment == "timer.after_commit")
    assert till.count(begun, step) - till.count("barrier_held", step) == till.count(ended, step) == 1
    assert till.turns == 0


def _live_through_recurrence(till: Till, moment: str) -> None:
    """It fires again while it is watched: it is reopened once, and the watch has failed."""
    till.open()
    till.clear()
    till.ask("POST", "/api/incidents/shop-1/mitigate")
    step = till.find(LONG)["id"]
    wait_for(lambda: till.count("wait_begun", step) == 1, "watch")
    till.die(moment, till.fire)
    till.bring_up()
    if moment == "intake.before_commit":
        wait_for(till.fire, "alert taken")
    wait_for(lambda: _count(till, "reopened") == till.count("wait_ended", step) == 1, "reopening")
    assert till.find(LONG)["state"] == "failed"


def _live_through_check(till: Till, moment: str) -> None:
    """The look goes on being repeated, each repetition is told once, and so is that it holds."""
    till.open()
    step = till.find(till.look)["id"]
    till.stop()
    if till.kind == "checked":
        till.free()
    till.die_by_itself(moment)
    till.bring_up()
    if till.kind == "check":
        before = till.count("step_finished", step)
        wait_for(lambda: till.count("step_finished", step) > before, "another look")
        assert till.count("check_ended", step) == 0
        till.free()
    wait_for(lambda: till.count("check_ended", step), "end of the check")
    assert till.count("check_ended", step) == 1
    assert till.count("step_finished", step) == till.count("step_requested", step) >= 2
