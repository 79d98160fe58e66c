"""Kill servers under load, again and again, and count what was lost or done twice: ``make torture COUNT=200``.

What is judged is only what was answered to the senders of alerts, what arrived at the sink, and the exported timeline.
Each round is one line of `.torture/rounds.jsonl`; a later call goes on from there, so the totals add up.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from .ground import wait_for
from .nodes import Nodes, pages_of

ALERTS = 4
ANSWERS_AFTER_S = 0.5
LONGEST_S = 60.0
SLACK_S = 2.0
"""A page that left before an acknowledgement may arrive so much after its answer."""
STATE = Path(".torture") / "rounds.jsonl"
ANY, AIMED, CUT = "kill -9", "kill -9 of whoever has a page in flight", "kill -9 and a stop of the database"
TAKEN = "kill -9 of whoever has a page in flight, which another sends again"
ORDERLY = "an orderly restart of each"
KILLS = {"sqlite": (ANY, AIMED, ORDERLY), "postgres": (ANY, AIMED, TAKEN, TAKEN, CUT, ORDERLY)}
"""How servers are ended; after `AIMED` somebody acknowledges before the page can be sent again."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One kill and what came of it, counted from then on.

    `paged_s`: until every alert had been paged; `taken_s`: until another had sent again all that the killed one was
    sending; `rest_s`: until nothing was in flight any more.
    """

    database: str
    number: int
    kill: str
    accepted: int
    pages: int
    repeats: int
    paged_s: float
    rest_s: float
    taken_s: float | None = None
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, doubled, late or broken."""
        return not (self.lost or self.doubled or self.late or self.broken)


class Torture:
    """The rounds of one database."""

    def __init__(self, nodes: Nodes, database: str) -> None:
        self._nodes, self._database = nodes, database
        self._accepted: set[str] = set()

    def run(self, number: int, kill: str | None = None) -> Round:
        """One kill under load, of the kind that is given or of any."""
        chance = random.Random(f"{self._database}{number}")
        names = [f"T{number}x{at}" for at in range(ALERTS)]
        kill = kill or chance.choice(KILLS[self._database])
        victim = chance.choice(list(self._nodes.all))
        self._nodes.sink.takes_s = ANSWERS_AFTER_S
        senders = [threading.Thread(target=self._send, args=(name,)) for name in names]
        for sender in senders:
            sender.start()
        if kill in (AIMED, TAKEN, ORDERLY):
            victim = self._wait_for_flight(names) or victim
        else:
            time.sleep(chance.uniform(0, 1.2))
        killed = self._kill(victim, kill)
        flying = self._find_flying(victim) if kill == TAKEN else []
        for sender in senders:
            sender.join()
        first = [self._wait_for_page(name) for name in names]
        taken = max((self._wait_for_repeat(key) for key in flying), default=None)
        answered = {incident: self._acknowledge(incident) for incident in self._incidents(names)}
        for incident in answered:
            self._wait_for_rest(incident)
        rested = time.monotonic()
        found = self._judge(names, answered)
        if kill == ORDERLY and found["repeats"]:
            found["doubled"] += (f"{found['repeats']} pages were sent again after an orderly end",)
        if self._database == "postgres" and kill != ORDERLY:
            self._nodes.start(victim)
        paged = max((moment for moment in first if moment is not None), default=killed)
        return Round(
            database=self._database,
            number=number,
            kill=kill,
            accepted=len(names),
            paged_s=round(max(0.0, paged - killed), 2),
            rest_s=round(rested - killed, 2),
            taken_s=None if taken is None else round(taken - killed, 2),
            lost=tuple(name for name, moment in zip(names, first, strict=True) if moment is None),
            **found,
        )

    def _send(self, name: str) -> None:
        """As a source does: again and again until it is taken, and once more."""
        deadline = time.monotonic() + LONGEST_S
        while time.monotonic() < deadline and not self._nodes.fire_everywhere(name):
            time.sleep(0.1)
        self._nodes.fire_everywhere(name)

    def _kill(self, victim: str, kill: str) -> float:
        if kill == ORDERLY:
            return self._restart(victim)
        self._nodes[victim].kill()
        killed = time.monotonic()
        if self._database == "sqlite":
            self._nodes.start(victim)
        elif kill == CUT:
            self._nodes.cluster.crash()
            self._nodes.cluster.start()
        return killed

    def _restart(self, first: str) -> float:
        """End and start one server after the other, as for a new version."""
        for name in sorted(self._nodes.all, key=lambda name: name != first):
            self._nodes[name].stop()
            self._nodes.start(name)
        return time.monotonic()

    def _wait_for_flight(self, names: list[str]) -> str:
        """Wait until the sink has a page that it has not answered yet; the node that sends it."""
        wait_for(lambda: any(self._pages(name) for name in names), "page", LONGEST_S)
        return self._nodes.holder() if self._database == "postgres" else ""

    def _find_flying(self, victim: str) -> list[str]:
        """The pages that a dead node had in hand."""
        rows = self._nodes.query(
            "SELECT errand.stream, errand.seq FROM errand JOIN node ON node.id = errand.holder "
            f"WHERE node.name = '{victim}' AND errand.destination LIKE 'channel:%'"
        )
        return [":".join(row) for row in rows]

    def _wait_for_repeat(self, key: str) -> float:
        """When a page came again. One that the dead node had not sent yet comes for the first time, and says so too."""

        def find() -> float | None:
            again = [page["came_at"] for page in list(self._nodes.sink.pages) if page["key"] == key and page["repeat"]]
            return float(again[0]) if again else None

        return wait_for(find, f"second sending of {key}", LONGEST_S)

    def _pages(self, name: str) -> list[dict[str, Any]]:
        return [page for page in list(self._nodes.sink.pages) if page["labels"].get("alertname") == name]

    def _wait_for_page(self, name: str) -> float | None:
        deadline = time.monotonic() + LONGEST_S
        while time.monotonic() < deadline:
            pages = self._pages(name)
            if pages:
                return float(pages[0]["came_at"])
            time.sleep(0.03)
        return None

    def _incidents(self, names: list[str]) -> dict[str, str]:
        """The incidents of these alerts, by id with the alert."""
        return {page["incident"]: name for name in names for page in self._pages(name)}

    def _ask(self, incident: str, verb: str) -> bool:
        return any(node.ask("POST", f"/api/incidents/{incident}/{verb}") for node in self._nodes.living())

    def _acknowledge(self, incident: str) -> float:
        wait_for(lambda: self._ask(incident, "acknowledge"), f"acknowledgement of {incident}", LONGEST_S)
        return time.monotonic()

    def _wait_for_rest(self, incident: str) -> None:
        def is_at_rest() -> bool:
            timeline = self._nodes.timeline(incident)
            found = pages_of(timeline)
            return bool(timeline) and found["requested"] == found["ended"]

        try:
            wait_for(is_at_rest, f"rest in {incident}", LONGEST_S)
        except AssertionError as error:
            error.add_note(self._nodes.describe(incident))
            raise

    def _judge(self, names: list[str], answered: dict[str, float]) -> dict[str, Any]:
        doubled, late, broken = [], [], []
        pages = [page for page in list(self._nodes.sink.pages) if page["incident"] in answered]
        homes: dict[str, set[str]] = {}
        for incident, name in self._incidents(names).items():
            homes.setdefault(name, set()).add(incident)
        doubled += [f"{name}: {sorted(found)}" for name, found in homes.items() if len(found) > 1]
        for incident, moment in answered.items():
            doubled += self._find_doubles(incident)
            late += [
                f"{page['key']} {page['responder']}"
                for page in pages
                if page["incident"] == incident and page["came_at"] > moment + SLACK_S
            ]
            broken += self._find_broken(incident, homes)
        return {
            "pages": len(pages),
            "repeats": sum(page["repeat"] for page in pages),
            "doubled": tuple(doubled),
            "late": tuple(late),
            "broken": tuple(broken),
        }

    def _find_doubles(self, incident: str) -> list[str]:
        """Pages that were decided twice, or sent twice without saying so."""
        requested = [entry["event"] for entry in self._nodes.timeline(incident) if entry["kind"] == "page_requested"]
        counted = Counter((each["responder"], each["round"], each["channel"]) for each in requested)
        found = [f"{incident} {who} was decided {count} times" for who, count in counted.items() if count > 1]
        sent: dict[str, list[bool]] = {}
        for page in list(self._nodes.sink.pages):
            if page["incident"] == incident:
                sent.setdefault(page["key"], []).append(page["repeat"])
        return found + [f"{key}: {repeats}" for key, repeats in sent.items() if repeats.count(False) > 1]

    def _find_broken(self, incident: str, homes: dict[str, set[str]]) -> list[str]:
        """Gaps in a timeline, pages that nobody requested, alerts that are not on their incident's timeline."""
        timeline = self._nodes.timeline(incident)
        seqs = [entry["seq"] for entry in timeline]
        found = [] if seqs == list(range(1, len(seqs) + 1)) else [f"{incident}: {seqs}"]
        requested = {f"{incident}:{seq}" for seq in pages_of(timeline)["requested"]}
        sent = {page["key"] for page in list(self._nodes.sink.pages) if page["incident"] == incident}
        found += [f"{key} was never requested" for key in sent - requested]
        joined = [entry["event"]["alerts"] for entry in timeline if entry["kind"] == "alerts_joined"]
        told = {alert["name"] for alerts in joined for alert in alerts}
        return found + [f"{name} is not told of" for name, at in homes.items() if incident in at and name not in told]

    def verify(self) -> list[str]:
        """What `tocsin verify` says of the whole record, asked beside each node's mark."""
        done = [node.verify() for node in self._nodes.all.values()]
        return [each.stdout + each.stderr for each in done if each.returncode]


def torture(database: str, numbers: range, keep: Path | None) -> list[Round]:
    """Rounds on fresh servers; each is kept as soon as it is over. Raises if the record does not hold in the end."""
    rounds = []
    with Nodes(alone=database == "sqlite") as nodes:
        made = Torture(nodes, database)
        for number in numbers:
            rounds.append(made.run(number))
            print(f"{database} {number}: {show([rounds[-1]])}", flush=True)
            if keep is not None:
                with keep.open("ab") as file:
                    file.write(msgspec.json.encode(rounds[-1]) + b"\n")
        flaws = made.verify()
        if flaws:
            raise AssertionError("\n".join(flaws))
    return rounds


def show(rounds: list[Round]) -> str:
    """Totals."""
    figures = {
        "kills": len(rounds),
        "alerts": sum(each.accepted for each in rounds),
        "pages": sum(each.pages for each in rounds),
        "repeats": sum(each.repeats for each in rounds),
        "lost": sum(len(each.lost) for each in rounds),
        "doubled": sum(len(each.doubled) for each in rounds),
        "late": sum(len(each.late) for each in rounds),
        "broken": sum(len(each.broken) for each in rounds),
    }
    taken = sorted(each.taken_s for each in rounds if each.taken_s is not None)
    if taken:
        figures["takeovers"] = len(taken)
    slowest = max((each.paged_s for each in rounds), default=0.0)
    rest = max((each.rest_s for each in rounds), default=0.0)
    told = ", ".join(f"{count} {name}" for name, count in figures.items())
    if taken:
        told += f" (median {taken[len(taken) // 2]:g} s, at most {taken[-1]:g} s after the kill)"
    return f"{told}; all paged at most {slowest:g} s after a kill, nothing in flight after {rest:g} s"


def main() -> int:
    """Do what is lacking to so many kills on each database, and print the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--rounds", type=int, default=20, help="rounds on one set of servers")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it started ends with it
    STATE.parent.mkdir(exist_ok=True)
    for database in given.database or ["sqlite", "postgres"]:
        while (done := len(read_rounds(database))) < given.count:
            torture(database, range(done, min(done + given.rounds, given.count)), STATE)
    every = [read_rounds(database) for database in ("sqlite", "postgres")]
    for rounds in filter(None, every):
        print(f"{rounds[0].database}: {show(rounds)}")
    bad = [each for rounds in every for each in rounds if not each.is_good]
    for each in bad:
        print(f"  {each.database} {each.number} ({each.kill}): {each.lost + each.doubled + each.late + each.broken}")
    return int(bool(bad))


def read_rounds(database: str) -> list[Round]:
    """The rounds that were kept."""
    if not STATE.exists():
        return []
    rounds = [msgspec.json.decode(line, type=Round) for line in STATE.read_bytes().splitlines()]
    return [each for each in rounds if each.database == database]


if __name__ == "__main__":
    sys.exit(main())
