"""Break servers under load, again and again, and count what was lost or done twice: ``make torture COUNT=200``.

So many kills on one server with a file, so many on three with a PostgreSQL of their own, other faults between them
(`faults.py`), and so many power cuts (`powercut.py`), in several worlds at once. What is over is kept in `.torture/`; a
later call goes on from there, so the totals add up.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections import Counter
from collections.abc import Sequence
from functools import partial

from . import faults, powercut
from .faults import FAULTS
from .nodes import Nodes
from .rounds import Round, Torture
from .tally import Tally, find_commit
from .worlds import live_all, split, weave

DATABASES = ("sqlite", "postgres")
CUTS = "cuts"
ROUNDS_OF_ONE = 24
"""Rounds on one set of servers: they grow old together."""


def live(database: str, commit: str, numbers: Sequence[int]) -> None:
    """Rounds on fresh servers; each is kept as soon as it is over. After one that went wrong, the servers are new."""
    tally, left = Tally(f"rounds-{database}", Round), list(numbers)
    while left:
        with Nodes(alone=database == "sqlite") as nodes:
            made = Torture(nodes, database, commit)
            while left:
                found = _try(made, nodes, tally, database, commit, left.pop(0), is_last=not left)
                tally.add(found)
                print(f"{database} {found.number} ({found.fault}): {show([found])}", flush=True)
                if not found.is_good:
                    break


def _try(
    made: Torture, nodes: Nodes, tally: Tally[Round], database: str, commit: str, number: int, *, is_last: bool
) -> Round:
    """One round; with the last of a world the whole record is verified. What goes wrong is kept, too."""
    fault = faults.choose(database, number)
    try:
        found = made.run(number, fault)
        flaws = made.verify() if is_last or not found.is_good else []
        if flaws:
            raise AssertionError("\n".join(flaws))
    except Exception as error:  # noqa: BLE001 whatever it was, it speaks against what is tried
        told = "".join(traceback.format_exception(error))
        tally.note_trouble(number, told if hasattr(error, "__notes__") else f"{told}\n{nodes.describe('')}")
        return Round(database=database, number=number, fault=fault, commit=commit, broken=(str(error),))
    if not found.is_good:
        incidents = {page["incident"] for page in nodes.sink.pages if f"T{number}x" in str(page["labels"])}
        told = "\n".join(f"{each}: {nodes.timeline(each)}" for each in sorted(incidents))
        tally.note_trouble(number, f"{found}\n{told}\n{nodes.describe('')}")
    return found


def show(rounds: Sequence[Round]) -> str:
    """Totals."""
    figures = {
        "kills": sum(FAULTS[each.fault].kills for each in rounds),
        "other faults": sum(not FAULTS[each.fault].kills for each in rounds),
        "alerts": sum(each.accepted for each in rounds),
        "pages": sum(each.pages for each in rounds),
        "repeats": sum(each.repeats for each in rounds),
        "lost": sum(len(each.lost) for each in rounds),
        "double decisions": sum(len(each.doubled) for each in rounds),
        "late": sum(len(each.late) for each in rounds),
        "broken": sum(len(each.broken) for each in rounds),
    }
    slowest = max((each.paged_s for each in rounds), default=0.0)
    rest = max((each.rest_s for each in rounds), default=0.0)
    told = ", ".join(f"{count} {name}" for name, count in figures.items())
    taken = sorted(each.taken_s for each in rounds if each.taken_s is not None)
    if taken:
        told += f"; {len(taken)} takeovers (median {taken[len(taken) // 2]:g} s, max {taken[-1]:g} s after the fault)"
    return f"{told}; all paged at most {slowest:g} s after a fault, nothing in flight after {rest:g} s"


def tell(database: str, rounds: Sequence[Round]) -> None:
    """Print the totals, those of each fault, and what has gone wrong."""
    print(f"{database}: {show(rounds)}")
    for fault in FAULTS:
        some = [each for each in rounds if each.fault == fault]
        taken = max((each.taken_s or 0.0 for each in some), default=0.0)
        bad = sum(not each.is_good for each in some)
        if some:
            print(f"  {len(some):4} × {fault}: {bad} went wrong" + (f"; takeover within {taken:g} s" if taken else ""))
    tell_commits(Counter(each.commit for each in rounds))
    for each in rounds:
        if not each.is_good:
            print(f"  {database} {each.number} ({each.fault}, {each.commit}): {' | '.join(each.flaws)[:600]}")


def tell_commits(counted: Counter[str]) -> None:
    """Print on which commits that was."""
    print("  on " + ", ".join(f"{commit or 'no commit'} ({count})" for commit, count in counted.items()))


def main() -> int:
    """Do what is lacking to so many kills on each database and so many power cuts, and print the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1), help="worlds at the same time")
    parser.add_argument("--only", choices=(*DATABASES, CUTS), action="append")
    given = parser.parse_args()
    kinds, commit = given.only or [*DATABASES, CUTS], find_commit()
    parts = []
    for kind in kinds:
        if kind == CUTS:
            lacking = powercut.TALLY.missing(range(given.count))
            parts.append(split(kind, lacking, powercut.CUTS_OF_ONE, partial(powercut.live, commit)))
        else:
            lacking = Tally(f"rounds-{kind}", Round).missing(faults.numbers_for(given.count))
            parts.append(split(kind, lacking, ROUNDS_OF_ONE, partial(live, kind, commit)))
    good = live_all(weave(parts), given.jobs)
    return int(not (_tell_all(kinds) and good))


def _tell_all(kinds: Sequence[str]) -> bool:
    """Print the totals; whether all is well."""
    good = True
    for kind in kinds:
        if kind == CUTS:
            good = powercut.tell(powercut.TALLY.read()) and good
            tell_commits(Counter(each.commit for each in powercut.TALLY.read()))
            continue
        rounds = Tally(f"rounds-{kind}", Round).read()
        tell(kind, rounds)
        good = good and all(each.is_good for each in rounds)
    return good


if __name__ == "__main__":
    sys.exit(main())
