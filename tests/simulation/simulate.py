"""`make simulate SEEDS=50 DAYS=30 JOBS=2 NODES=1`: months of trouble, what they broke, what of the trouble they met.

SEEDS is how many (from 1 on), one as ``7-7``, or a span as ``100-199``; with NODES=3 three nodes share one store. An
event is an entry of a timeline: what the production engine decided, sealed and committed. What the world does beside
that (sources that repeat themselves, heartbeats, people who look, turns of the loop) is not counted.

Prints a line for each seed and, for one that broke a law, how to run it again. Exits with 1 if any did, or if a pair of
fault and boundary was met by none.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.simulation.stage import cast

from tocsin.testing.simulation.faults import list_pairs
from tocsin.testing.simulation.laws import check
from tocsin.testing.simulation.month import Plan, run_month
from tocsin.testing.simulation.network import CHANNELS

MOST_SHOWN = 10
MONTHS_A_YEAR = 365.25


class Line(msgspec.Struct, frozen=True):
    """What came of one seed; `seconds` is time of the processor, for the month and for judging it."""

    seed: int
    events: int
    incidents: int
    seconds: float
    judging: float
    violations: list[str]
    coverage: dict[str, int]


def run(asked: tuple[int, float, int]) -> Line:
    """One seed."""
    seed, days, nodes = asked
    cast()
    begun = time.process_time()
    record = run_month(seed, days, cast(), plan=Plan(nodes=nodes))
    lived = time.process_time()
    violations = check(record, cast())
    return Line(
        seed=seed,
        events=sum(map(len, record.timeline.values())),
        incidents=sum("/" not in stream for stream in record.timeline),
        seconds=lived - begun,
        judging=time.process_time() - lived,
        violations=[f"{each.law}: {each.stream}: {each.text}" for each in violations],
        coverage=record.coverage,
    )


def read_span(text: str) -> range:
    """``50`` is 1 to 50; ``7-7`` only the seventh."""
    first, dash, last = text.partition("-")
    return range(int(first), int(last) + 1) if dash else range(1, int(text) + 1)


def show(line: Line, days: float, nodes: int) -> None:
    """One line, and what went wrong."""
    known = list_pairs(CHANNELS, shared=nodes > 1)
    met = sum(pair in line.coverage for pair in known)
    print(
        f"seed {line.seed:>5}  events {line.events:>6}  incidents {line.incidents:>4}  "
        f"violations {len(line.violations):>3}  coverage {met:>3}/{len(known)}  "
        f"{line.events / line.seconds:>6.0f} events/s  judged in {line.judging:.2f} s",
        flush=True,
    )
    for each in line.violations[:MOST_SHOWN]:
        print(f"    {each}")
    if line.violations:
        print(f"    Again: make simulate SEEDS={line.seed}-{line.seed} DAYS={days:g} NODES={nodes}")


def show_coverage(struck: Counter[str], nodes: int) -> list[str]:
    """The table of faults and boundaries; the pairs that nobody met."""
    print("\nFault × boundary, and how often it struck:")
    known = list_pairs(CHANNELS, shared=nodes > 1)
    for pair in [*known, *sorted(set(struck) - set(known))]:
        print(f"  {struck[pair]:>7}  {pair}")
    return [pair for pair in known if not struck[pair]]


def sum_up(lines: Iterable[Line], days: float, nodes: int, begun: float) -> bool:
    """The totals; whether all is well."""
    struck: Counter[str] = Counter()
    count = events = incidents = broken = 0
    seconds = judging = 0.0
    failed = []
    for line in lines:
        show(line, days, nodes)
        struck.update(line.coverage)
        count, events, incidents = count + 1, events + line.events, incidents + line.incidents
        seconds, broken = seconds + line.seconds, broken + len(line.violations)
        judging += line.judging
        failed += [line.seed] if line.violations else []
    missed = show_coverage(struck, nodes)
    took = time.monotonic() - begun
    print(
        f"\n{count} seeds, {count * days / MONTHS_A_YEAR:.1f} simulated years, {incidents} incidents, {events} events, "
        f"{broken} violations, {events / seconds:.0f} events/s of one core "
        f"({events / (seconds + judging):.0f} with the judging), {took:.1f} s."
    )
    if failed:
        print(f"Broken: {', '.join(map(str, failed))}.")
    if missed:
        print(f"Met by no seed: {'; '.join(missed)}.")
    return not failed and not missed


def main() -> int:
    """Run the seeds that the command line names, on so many cores as it says, or all."""
    jobs, nodes = (int(given) if given else None for given in (*sys.argv[3:], "", "")[:2])
    seeds, days, nodes = read_span(sys.argv[1]), float(sys.argv[2]), nodes or 1
    begun = time.monotonic()
    cast()
    with multiprocessing.get_context("fork").Pool(jobs or os.cpu_count()) as pool:
        lines = pool.imap(run, [(seed, days, nodes) for seed in seeds])
        return 0 if sum_up(lines, days, nodes, begun) else 1


if __name__ == "__main__":
    sys.exit(main())
