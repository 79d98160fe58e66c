"""What is done to servers under load, and how it is mended: one class for each kind of fault."""

from __future__ import annotations

import random
import shutil
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tocsin.store.leases import LEASE_S

from .ground import Ground, run, wait_for
from .nodes import Nodes

LONGEST_S = 60.0
RESTORED_S = 60.0
STEP = "L32"
"""The changing statement of the playbook."""
TURN = """\
#!/bin/sh
# Turns the till once: each run leaves a line.
echo turned >> turns
sleep 2
"""


class Fault:
    """A fault, from its preparation to what came of it. Here: kill -9 of any server."""

    kills = True
    needs_load = False
    """Whether alerts are sent until it is over."""

    def __init__(self, nodes: Nodes, number: int, names: list[str], chance: random.Random) -> None:
        self.nodes, self.number, self.names, self.chance = nodes, number, names, chance
        self.victim = chance.choice(list(nodes.all))
        self.is_over = threading.Event()

    def prepare(self) -> None:
        """What comes before the load."""

    def strike(self) -> float:
        """Wait for the moment, and do it; when that was."""
        self.wait()
        return self.kill()

    def wait(self) -> None:
        """Wait for the moment."""
        time.sleep(self.chance.uniform(0, 1.2))

    def kill(self) -> float:
        """kill -9. Where there is no other server, it is started again at once."""
        self.nodes[self.victim].kill()
        killed = time.monotonic()
        if self.nodes.is_alone:
            self.nodes.start(self.victim)
        return killed

    def wait_for_takeover(self) -> float | None:
        """Wait until others have taken over what the victim was doing; when that was, null where that is not tried."""
        return None

    def mend(self) -> None:
        """Have everything running again, once everybody has acknowledged."""
        if not self.nodes.is_alone:
            self.nodes.start(self.victim)

    def find_doubles(self, repeats: int) -> tuple[str, ...]:
        """What this fault must not do twice, and did."""
        return ()

    def find_broken(self) -> tuple[str, ...]:
        """What this fault must not break, and broke."""
        return ()

    def wait_for_flight(self) -> None:
        """Wait until the sink has a page that it has not answered yet; whoever sends it is the victim."""
        names = set(self.names)
        pages = self.nodes.sink.pages
        wait_for(lambda: any(page["labels"].get("alertname") in names for page in list(pages)), "page", LONGEST_S)
        if not self.nodes.is_alone:
            self.victim = self.nodes.holder() or self.victim


class InFlight(Fault):
    """kill -9 of whoever has a page in flight; somebody acknowledges before it can be sent again."""

    def wait(self) -> None:
        self.wait_for_flight()


class TakenOver(InFlight):
    """The same, and nobody acknowledges before another has sent all that was in the dead one's hands."""

    def strike(self) -> float:
        struck = super().strike()
        self.flying = self._find_flying()
        return struck

    def _find_flying(self) -> list[str]:
        rows = self.nodes.query(
            "SELECT errand.stream, errand.seq FROM errand JOIN node ON node.id = errand.holder "
            f"WHERE node.name = '{self.victim}' AND errand.destination LIKE 'channel:%'"
        )
        return [":".join(row) for row in rows]

    def wait_for_takeover(self) -> float | None:
        return max((self._wait_for_repeat(key) for key in self.flying), default=None)

    def _wait_for_repeat(self, key: str) -> float:
        """When a page came again. One that the victim had not sent yet comes for the first time, and says so too."""

        def find() -> float | None:
            again = [page["came_at"] for page in list(self.nodes.sink.pages) if page["key"] == key and page["repeat"]]
            return float(again[0]) if again else None

        return wait_for(find, f"second sending of {key}", LONGEST_S)


class Slept(TakenOver):
    """SIGSTOP of whoever has a page in flight, past its lease. It wakes after everybody has acknowledged."""

    kills = False

    def kill(self) -> float:
        self.nodes[self.victim].signal(signal.SIGSTOP)
        stopped = time.monotonic()
        if self.nodes.is_alone:
            time.sleep(LEASE_S + self.chance.uniform(1, 3))
            self.nodes[self.victim].signal(signal.SIGCONT)
        return stopped

    def _find_flying(self) -> list[str]:
        return [] if self.nodes.is_alone else super()._find_flying()

    def mend(self) -> None:
        self.nodes[self.victim].signal(signal.SIGCONT)
        wait_for(lambda: self.nodes[self.victim].ask("GET", "/api/incidents"), "answer of the one that slept")
        time.sleep(1)  # what it still holds to be its own would leave now


class DatabaseCut(Fault):
    """kill -9 of a server and, in the same moment, an immediate stop of the database, which is started again."""

    def kill(self) -> float:
        killed = super().kill()
        self.nodes.cluster.crash()
        self.nodes.cluster.start()
        return killed


class SinkAway(Fault):
    """The sink takes nothing for a while: it refuses, hangs up, or says nothing; and amid that, kill -9."""

    def prepare(self) -> None:
        self.nodes.sink.mood = self.chance.choice(("refuses", "hangs up", "hangs"))

    def strike(self) -> float:
        self.wait()
        self.kill()
        time.sleep(self.chance.uniform(0.5, 3))
        self.nodes.sink.mood = ""
        return time.monotonic()


class InStep(Fault):
    """kill -9 of the server that runs a change: it ran once, is in doubt, and never runs again for that approval."""

    incident = ""

    def prepare(self) -> None:
        """An incident of the scenario that has the change, which somebody approves."""
        self.victim = "" if self.nodes.is_alone else "one"
        self.till = self.nodes[self.victim]
        (self.till.till / "turn.sh").write_text(TURN)
        wait_for(lambda: self.nodes.fire_everywhere("TillStuck", round=str(self.number)), "alert that is taken")
        self.incident = wait_for(self._find, f"incident of round {self.number}", LONGEST_S)
        wait_for(lambda: self.nodes.ask_any(self.incident, "acknowledge"), "acknowledgement", LONGEST_S)
        wait_for(lambda: "step_finished" in self.nodes.kinds(self.incident), "read", LONGEST_S)
        self.turned = self.till.turns
        wait_for(self._approve, "approval", LONGEST_S)

    def _find(self) -> str:
        pages = list(self.nodes.sink.pages)
        return next((each["incident"] for each in pages if each["labels"].get("round") == str(self.number)), "")

    def _approve(self) -> bool:
        if "step_approved" in self.nodes.kinds(self.incident):
            return True
        path = f"/api/incidents/{self.incident}/steps/{STEP}"
        shown = self.till.ask("GET", path)
        return bool(shown and self.till.ask("POST", f"{path}/approve", digest=shown["digest"]))

    def wait(self) -> None:
        wait_for(lambda: self.till.turns > self.turned, "change that runs", LONGEST_S)

    def wait_for_takeover(self) -> float | None:
        ends = ("step_in_doubt", "step_finished")  # the first is the read's
        wait_for(lambda: self._count(*ends) > 1, f"end of the change in {self.incident}", LONGEST_S)
        if self.nodes.is_alone:
            return None
        entry = [each for each in self.nodes.timeline(self.incident) if each["kind"] in ends][-1]
        known = datetime.fromisoformat(entry["recorded_at"]).timestamp()
        return known - time.time() + time.monotonic()

    def _count(self, *kinds: str) -> int:
        return sum(kind in kinds for kind in self.nodes.kinds(self.incident))

    def find_doubles(self, repeats: int) -> tuple[str, ...]:
        starts, ran = self._count("step_started"), self.till.turns - self.turned
        wait_for(lambda: self.nodes.ask_any(self.incident, "resolve"), f"end of {self.incident}", LONGEST_S)
        return () if (starts, ran) == (1, 1) else (f"{self.incident}: the change was begun {starts} times, ran {ran}",)


class Rolling(InFlight):
    """An orderly restart of one server after the other, as for a new version. It repeats nothing."""

    kills, needs_load = False, True

    def kill(self) -> float:
        for name in sorted(self.nodes.all, key=lambda name: name != self.victim):
            self.nodes[name].stop()
            self.nodes.start(name)
        return time.monotonic()

    def mend(self) -> None:
        """Everything runs."""

    def find_doubles(self, repeats: int) -> tuple[str, ...]:
        return (f"{repeats} pages were sent again after an orderly end",) if repeats else ()


class BackedUp(InFlight):
    """A backup amid the load, restored elsewhere: it holds all that was taken before, and the record holds together."""

    kills, needs_load = False, True
    flaws: tuple[str, ...] = ()

    def kill(self) -> float:
        begun = time.monotonic()
        archive = self.nodes.folder / f"backup{self.number}.tar.gz"
        source = self.nodes[self.victim]
        before = set(self.nodes.taken)
        made = run("backup", str(archive), "--workspace", str(source.root), database=self.nodes.database)
        try:
            self.flaws = _restore(self.nodes, archive, before) if made.returncode == 0 else (made.stderr + made.stdout,)
        finally:
            archive.unlink(missing_ok=True)
        return begun

    def mend(self) -> None:
        """Everything runs."""

    def find_doubles(self, repeats: int) -> tuple[str, ...]:
        return (f"{repeats} pages were sent again though nothing had ended",) if repeats else ()

    def find_broken(self) -> tuple[str, ...]:
        return self.flaws


def _restore(nodes: Nodes, archive: Path, before: set[str]) -> tuple[str, ...]:
    """What speaks against a backup that is restored."""
    database = "" if nodes.is_alone else nodes.cluster.make_database()
    again = Ground(nodes.folder, nodes.sink, f"{archive.name}-again", database)
    again.node = "" if nodes.is_alone else "one"
    shutil.rmtree(again.root)
    try:
        begun = time.monotonic()
        done = run("restore", str(archive), "--workspace", str(again.root), database=database)
        took = time.monotonic() - begun
        if done.returncode:
            return (f"restore: {done.stdout}{done.stderr}",)
        checked = again.verify()
        found = [f"verify: {checked.stdout}{checked.stderr}"] if checked.returncode else []
        found += [f"restored only after {took:.0f} s"] if took > RESTORED_S else []
        held = nodes.alerts_in(again)
        return tuple(found + [f"{name} is not in the backup" for name in sorted(before - held)])
    finally:
        shutil.rmtree(again.root, ignore_errors=True)
        shutil.rmtree(again.till, ignore_errors=True)


ANY, AIMED, TAKEN = "kill -9", "kill -9, a page in flight", "kill -9, a page in flight, sent again by another"
STEPPED, CUT = "kill -9, a change under way", "kill -9 and an immediate stop of the database"
AWAY, FROZEN = "kill -9, the sink away", "SIGSTOP past the lease, a page in flight"
ORDERLY, COPIED = "an orderly restart of each", "a backup, restored elsewhere"
FAULTS: dict[str, type[Fault]] = {
    ANY: Fault,
    AIMED: InFlight,
    TAKEN: TakenOver,
    STEPPED: InStep,
    CUT: DatabaseCut,
    AWAY: SinkAway,
    FROZEN: Slept,
    ORDERLY: Rolling,
    COPIED: BackedUp,
}
KILLS = {"sqlite": (AIMED, STEPPED, ANY, AIMED, AWAY), "postgres": (TAKEN, STEPPED, CUT, AIMED, AWAY, TAKEN, ANY)}
OTHERS = (ORDERLY, FROZEN, COPIED)
EVERY = 5
"""After so many kills there is one of the others."""


def choose(database: str, number: int) -> str:
    """The fault of a round: each has its turn."""
    turn, at = divmod(number, EVERY + 1)
    return OTHERS[turn % len(OTHERS)] if at == EVERY else _turn(KILLS[database], turn * EVERY + at)


def _turn(kinds: tuple[str, ...], at: int) -> str:
    return kinds[at % len(kinds)]


def numbers_for(kills: int) -> range:
    """The rounds that hold so many kills, and the others among them."""
    return range(kills + kills // EVERY)


def make(kind: str, nodes: Nodes, number: int, names: list[str], chance: random.Random) -> Fault:
    """A fault for these nodes."""
    made: Callable[..., Fault] = FAULTS[kind]
    return made(nodes, number, names, chance)
