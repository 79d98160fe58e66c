"""Three real servers on one real PostgreSQL, and what can be done to them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Self

# The cluster is the whole suite's; the torture runs this file outside of it.
from ..postgres import Cluster, name_of  # noqa: TID252
from .ground import Ground, Sink, wait_for

NAMES = ("one", "two", "three")
START_S = 120.0
"""Three servers that start at once on a busy machine take their time."""


class Nodes:
    """The nodes of one database, with a sink that they all page to. Use it as a context.

    `alone` is one server with a file of its own, so that the same can be done to it. `taken` are the names of the
    alerts that were taken.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-nodes-"))
        self.folder.chmod(0o755)
        self.is_alone = alone
        self.taken: set[str] = set()
        self._cluster = None if alone else Cluster(durable=True)
        self.database = self._cluster.make_database() if self._cluster is not None else ""
        self.sink = Sink()
        names = ("",) if alone else NAMES
        self.all = {name: Ground(self.folder, self.sink, name, self.database) for name in names}
        for node in self.all.values():
            for key in ("chain", "link"):
                (node.root / "secrets" / f"{key}.key").write_text("5a" * 32)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.sink.holds.clear()
        for node in self.all.values():
            if node.process is not None and node.process.poll() is None:
                node.process.kill()
                node.process.wait()
        self.sink.close()
        if self._cluster is not None:
            self._cluster.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __getitem__(self, name: str) -> Ground:
        return self.all[name]

    def start(self, *names: str) -> None:
        """Start nodes (default: all) and wait until they answer."""
        for name in names or self.all:
            self.all[name].start()
        for name in names or self.all:
            try:
                wait_for(self.all[name].url, f"server {name}", START_S)
            except AssertionError as error:
                error.add_note(self._read_log())
                raise

    @property
    def cluster(self) -> Cluster:
        """The database's server."""
        assert self._cluster is not None
        return self._cluster

    def living(self) -> list[Ground]:
        """The nodes that have not been ended, and do not sleep."""
        return [node for node in self.all.values() if node.process is not None and node.is_awake()]

    def ask_any(self, incident: str, verb: str) -> bool:
        """Ask one living node after the other to do something in an incident; whether one did."""
        return any(node.ask("POST", f"/api/incidents/{incident}/{verb}") for node in self.living())

    def query(self, text: str) -> list[list[str]]:
        """What a statement answers."""
        return self.cluster.query(text, name_of(self.database))

    def holder(self, destination: str = "channel:hook") -> str:
        """The node that has an errand in flight; empty if none has."""
        rows = self.query(
            "SELECT node.name FROM errand JOIN node ON node.id = errand.holder "
            f"WHERE errand.claimed AND errand.destination = '{destination}' ORDER BY errand.id LIMIT 1"
        )
        return rows[0][0] if rows else ""

    def holder_of(self, key: str) -> str:
        """The node that has this page in flight; empty if none has."""
        stream, _, seq = key.rpartition(":")
        rows = self.query(
            "SELECT node.name FROM errand JOIN node ON node.id = errand.holder "
            f"WHERE errand.claimed AND errand.stream = '{stream}' AND errand.seq = {seq}"
        )
        return rows[0][0] if rows else ""

    def timeline(self, incident: str = "shop-1") -> list[dict[str, Any]]:
        """The timeline, as a living node exports it."""
        return self.living()[0].ask("GET", f"/api/incidents/{incident}/timeline") or []

    def alerts_in(self, node: Ground) -> set[str]:
        """The names of the alerts in the record of a server that does not run, perhaps on another database."""
        if self.is_alone:
            with closing(sqlite3.connect(f"file:{node.root}/.tocsin/data/tocsin.db?mode=ro", uri=True)) as database:
                found = [row[0] for row in database.execute("SELECT labels FROM alert")]
        else:
            found = [row[0] for row in self.cluster.query("SELECT labels FROM alert", name_of(node.database))]
        return {json.loads(labels)["alertname"] for labels in found}

    def incidents(self) -> list[dict[str, Any]]:
        """All incidents."""
        return self.living()[0].ask("GET", "/api/incidents") or []

    def kinds(self, incident: str = "shop-1") -> list[str]:
        """The kinds of its entries."""
        return [entry["kind"] for entry in self.timeline(incident)]

    def describe(self, incident: str) -> str:
        """What each node says of an incident (none: of no one), what is still to be done, and what they logged: for a
        failure.
        """
        told = [
            f"{name}: {pages_of(node.ask('GET', f'/api/incidents/{incident}/timeline') or [])}"
            for name, node in self.all.items()
            if incident
        ]
        if self._cluster is not None and self._cluster.process is not None:
            told += [" ".join(row) for row in self.query("SELECT * FROM errand") + self.query("SELECT * FROM node")]
        told.append(self._read_log(150))
        for node in self.living():
            node.ask_where()
        time.sleep(2)
        told += [f"{name} is {node.process.pid}" for name, node in self.all.items() if node.process is not None]
        if incident:
            told += [str(entry) for entry in self.timeline(incident)]
            told += [str(page) for page in list(self.sink.pages) if page["incident"] == incident]
        return "\n".join([*told, self._read_log(1000)])

    def _read_log(self, lines: int = 150) -> str:
        return "\n".join((self.folder / "server.log").read_text(errors="replace").splitlines()[-lines:])

    def fire_everywhere(self, name: str, **labels: str) -> bool:
        """Send one alert to all living nodes at once, as a Prometheus does; whether any took it."""
        taken: list[bool] = []
        threads = [
            threading.Thread(target=lambda node=node: taken.append(node.fire(name, **labels))) for node in self.living()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if any(taken):
            self.taken.add(name)
        return any(taken)


def pages_of(timeline: list[dict[str, Any]]) -> dict[str, set[int]]:
    """The pages that were requested, and those that were told to have ended, by their numbers."""
    requested = {entry["seq"] for entry in timeline if entry["kind"] == "page_requested"}
    outcomes = ("page_delivered", "page_failed", "page_withheld")
    ended = [entry["event"]["answers"] for entry in timeline if entry["kind"] in outcomes]
    assert len(ended) == len(set(ended)), f"A page has two ends: {ended}"
    return {"requested": requested, "ended": set(ended)}
