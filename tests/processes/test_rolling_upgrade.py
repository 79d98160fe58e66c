"""Three nodes of the previous version are replaced one after the other under load, and one of them goes back between.

It takes a minute, so only `make torture` runs it (`conftest.py`). The previous version comes from the repository's own
history.
"""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..unpacking import unpack  # noqa: TID252
from .ground import wait_for
from .nodes import Nodes, pages_of

PREVIOUS = "581746c"
"""The last commit whose schema is the one before this."""
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
MORE = 3
"""Alerts that are paged between two steps."""

pytestmark = pytest.mark.needs("postgres", "git")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The previous version; skipped by name where the history is not there."""
    archive = tmp_path / "previous.tar"
    argv = ["git", "-C", str(ROOT), "archive", f"--output={archive}", PREVIOUS, "src"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"The history of this repository does not reach back to {PREVIOUS}: {done.stderr.strip()}")
    unpack(archive, tmp_path / "previous")
    return tmp_path / "previous" / "src"


class Load:
    """Fires one new alert after the other at all nodes, each until it is taken."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes, self._ended = nodes, threading.Event()
        self.taken: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        count = 0
        while not self._ended.is_set():
            count += 1
            name = f"R{count}"
            while not self._nodes.fire_everywhere(name) and not self._ended.wait(0.1):
                continue
            self.taken.append(name)
            self._ended.wait(1.0)

    def end(self) -> None:
        """Fire nothing more."""
        self._ended.set()
        self._thread.join(PATIENCE_S)

    def go_on(self) -> None:
        """Return once a few more alerts were taken, and paged."""
        wanted = len(self.taken) + MORE
        wait_for(lambda: len(self.taken) >= wanted, "alert that is taken", PATIENCE_S)
        self.be_paged(self.taken[:wanted])

    def be_paged(self, names: list[str]) -> None:
        """Return once somebody was paged for each of them."""
        wait_for(lambda: not self._unpaged(names), "page for each alert", PATIENCE_S)

    def _unpaged(self, names: list[str]) -> set[str]:
        titles = {page["incident"]: page for page in self._nodes.sink.pages}
        known = {each["title"]: each["id"] for each in self._nodes.incidents()}
        return {
            name for name in names if not any(name == title.split()[0] and i in titles for title, i in known.items())
        }


@pytest.fixture
def nodes(sources: Path) -> Iterator[Nodes]:
    """Three nodes of the previous version."""
    made = Nodes()
    for node in made.all.values():
        node.sources = sources
        playbook = node.root / "playbooks" / "shop.md"
        playbook.write_text(playbook.read_text().replace("6 seconds", "15 minutes"))  # repeats are minutes apart
    with made:
        yield made


def replace(nodes: Nodes, name: str, sources: Path | None) -> None:
    """End a node in an orderly way and start it in another version."""
    nodes[name].stop()
    nodes[name].sources = sources
    nodes.start(name)
    told = nodes.query(f"SELECT version FROM node WHERE name = '{name}'")[0][0]
    assert ("schema" in told) == (sources is None), "it is the version that was meant"


def test_a_rolling_upgrade_loses_and_doubles_nothing(nodes: Nodes, sources: Path) -> None:
    nodes.sink.takes_s = 0.2
    load = Load(nodes)
    load.go_on()
    for name, version in (("one", None), ("two", None), ("one", sources), ("three", None), ("one", None)):
        replace(nodes, name, version)
        load.go_on()
    load.end()
    load.be_paged(load.taken)
    incidents = [each["id"] for each in nodes.incidents()]
    assert len(incidents) == len(load.taken), "each alert is one incident"
    for incident in incidents:  # nobody is paged again while the rest is looked at
        wait_for(lambda each=incident: nodes["two"].ask("POST", f"/api/incidents/{each}/acknowledge"), "answer")  # type: ignore[misc]
    for incident in incidents:
        wait_for(lambda each=incident: _is_at_rest(nodes, each), f"rest of {incident}", PATIENCE_S)  # type: ignore[misc]
        requested = [e["event"] for e in nodes.timeline(incident) if e["kind"] == "page_requested"]
        assert set(Counter((each["responder"], each["channel"], each["round"]) for each in requested).values()) == {1}
    arrived = Counter(page["key"] for page in nodes.sink.pages)
    assert {key: count for key, count in arrived.items() if count > 1} == {}, "an orderly end repeats no page"
    for node in nodes.all.values():
        checked = node.verify()
        assert checked.returncode == 0, checked.stdout + checked.stderr


def _is_at_rest(nodes: Nodes, incident: str) -> bool:
    found = pages_of(nodes.timeline(incident))
    return bool(found["requested"]) and found["requested"] == found["ended"]
