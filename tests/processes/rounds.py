"""One round of torture: alerts come in, something is done to the servers, and everything is judged.

What is judged is only what was answered to the senders of alerts, what arrived at the sink, what the target has done,
and the exported timeline.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import Any

import msgspec

from . import faults
from .faults import Fault
from .ground import Lag, wait_for
from .nodes import Nodes, pages_of

ALERTS = 4
ANSWERS_AFTER_S = 0.5
LONGEST_S = 60.0
TAKEN_S = 120.0
"""A source tries for so long: a server that was killed is started again meanwhile, on a busy machine, too."""
SLACK_S = 5.0
"""A page that left before an acknowledgement may arrive so much after its answer."""
TAKEOVER_S = 15.0
"""After a server's death another has sent again what it was sending, and knows of each change that it is in doubt."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One fault and what came of it, counted from then on.

    `paged_s`: until every alert had been paged; `taken_s`: until another had taken over all that the struck one was
    doing; `rest_s`: until nothing was in flight any more.
    """

    database: str
    number: int
    fault: str
    commit: str = ""
    accepted: int = 0
    pages: int = 0
    repeats: int = 0
    paged_s: float = 0.0
    rest_s: float = 0.0
    taken_s: float | None = None
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def flaws(self) -> tuple[str, ...]:
        """All that was lost, done twice, too late, or does not hold together."""
        return self.lost + self.doubled + self.late + self.broken

    @property
    def is_good(self) -> bool:
        """Whether there are none."""
        return not self.flaws


class Torture:
    """The rounds of one database. `commit` is written down with each."""

    def __init__(self, nodes: Nodes, database: str, commit: str = "") -> None:
        self._nodes, self._database, self._commit = nodes, database, commit
        self.lag = Lag()
        """Of the machine, in the last round."""

    def run(self, number: int, fault: str | None = None) -> Round:
        """One fault under load: the one that is given, or the one whose turn it is."""
        with Lag() as self.lag:
            return self._run(number, fault)

    def _run(self, number: int, fault: str | None) -> Round:
        kind = fault or faults.choose(self._database, number)
        names = [f"T{number}x{at}" for at in range(ALERTS)]
        self._nodes.sink.takes_s = ANSWERS_AFTER_S
        under = faults.make(kind, self._nodes, number, names, random.Random(f"{self._database}{number}"))
        under.prepare()
        senders = [threading.Thread(target=self._send, args=(name, under)) for name in names]
        for sender in senders:
            sender.start()
        try:
            struck = under.strike()
        finally:
            under.is_over.set()
            for sender in senders:
                sender.join()
        taken_in = [name for name in names if name in self._nodes.taken]
        first = [self._wait_for_page(name) for name in taken_in]
        taken = under.wait_for_takeover()
        answered = {incident: self._acknowledge(incident) for incident in self._incidents(names)}
        under.mend()
        for incident in answered:
            self._wait_for_rest(incident)
        rested = time.monotonic()
        judged = self._judge(names, answered)
        judged["doubled"] += under.find_doubles(judged["repeats"])
        judged["broken"] += under.find_broken()
        judged["broken"] += tuple(f"{name} was never taken" for name in names if name not in taken_in)
        if taken is not None and taken - struck > TAKEOVER_S + self.lag.lost_s:
            judged["late"] += (f"taken over only {taken - struck:.1f} s after",)
        paged = max((moment for moment in first if moment is not None), default=struck)
        return Round(
            database=self._database,
            number=number,
            fault=kind,
            commit=self._commit,
            accepted=len(taken_in),
            paged_s=round(max(0.0, paged - struck), 2),
            rest_s=round(rested - struck, 2),
            taken_s=None if taken is None else round(max(0.0, taken - struck), 2),
            lost=tuple(name for name, moment in zip(taken_in, first, strict=True) if moment is None),
            **judged,
        )

    def _send(self, name: str, under: Fault) -> None:
        """As a source does: again and again until it is taken, and once more."""
        deadline = time.monotonic() + TAKEN_S
        while time.monotonic() < deadline and not self._nodes.fire_everywhere(name):
            time.sleep(0.1)
        while under.needs_load and not under.is_over.wait(0.05):
            self._nodes.fire_everywhere(name)
        self._nodes.fire_everywhere(name)

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

    def _acknowledge(self, incident: str) -> float:
        wait_for(lambda: self._nodes.ask_any(incident, "acknowledge"), f"acknowledgement of {incident}", LONGEST_S)
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
            timeline = self._nodes.timeline(incident)
            doubled += self._find_doubles(incident, timeline)
            late += [
                f"{page['key']} {page['responder']} came {page['came_at'] - moment:.1f} s after the acknowledgement"
                for page in pages
                if page["incident"] == incident and page["came_at"] > moment + SLACK_S + self.lag.lost_s
            ]
            broken += self._find_broken(incident, timeline, homes)
        return {
            "pages": len(pages),
            "repeats": sum(page["repeat"] for page in pages),
            "doubled": tuple(doubled),
            "late": tuple(late),
            "broken": tuple(broken),
        }

    def _find_doubles(self, incident: str, timeline: list[dict[str, Any]]) -> list[str]:
        """Pages that were decided twice, or sent twice without saying so."""
        requested = [entry["event"] for entry in timeline if entry["kind"] == "page_requested"]
        counted = Counter((each["responder"], each["round"], each["channel"]) for each in requested)
        found = [f"{incident} {who} was decided {count} times" for who, count in counted.items() if count > 1]
        sent: dict[str, list[bool]] = {}
        for page in list(self._nodes.sink.pages):
            if page["incident"] == incident:
                sent.setdefault(page["key"], []).append(page["repeat"])
        return found + [f"{key}: {repeats}" for key, repeats in sent.items() if repeats.count(False) > 1]

    def _find_broken(self, incident: str, timeline: list[dict[str, Any]], homes: dict[str, set[str]]) -> list[str]:
        """Gaps in a timeline, pages that nobody requested, alerts that are not on their incident's timeline."""
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
