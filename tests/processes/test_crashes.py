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
from .crashing import ASKED, CHANGES, MANUAL, READS, TYPED, WAIT, Till
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
ACTS = ("done", "skip", "doubt", "propose", "wait")

MATRIX = [
    *((kind, moment) for kind in CHANGES for moment in (*LOST, *GOES_ON, *DOUBT, *OVER)),
    *((kind, moment) for kind in READS for moment in LOOKED),
    *((kind, moment) for kind in ACTS for moment in SAID),
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
]
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
    till = make("typed" if kind == "propose" else kind if kind not in ACTS else "command")
    if kind in CHANGES:
        _live_through_change(till, moment)
    elif kind in READS:
        _live_through_read(till, moment)
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
        return till.change, "step_skipped", lambda: till.say(till.change, "skip", reason="not this till")
    if act == "propose":
        return till.text, "step_proposed", lambda: till.propose(till.text)
    if act == "wait":
        return WAIT, "wait_begun", lambda: till.say(WAIT, "wait")
    till.die("change.during", lambda: till.approve(till.change))
    till.bring_up()
    wait_for(lambda: till.find(till.change).get("state") == "in_doubt", "doubt")
    return till.change, "doubt_settled", lambda: till.say(till.change, "doubt", happened=True)
