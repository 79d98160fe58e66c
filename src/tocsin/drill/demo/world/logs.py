"""Prints the logs of the shop's processes as ``docker logs`` and ``docker compose logs`` do."""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

from .journal import Journal
from .place import LOGS, ROOT

FOLLOW_SECONDS = 10.0
"""How long following lasts: nobody is there to interrupt a drill's command."""
POLL = 0.2


class View(NamedTuple):
    """Which logs, how much of each (None: everything) and how they are laid out."""

    services: tuple[str, ...]
    tail: int | None
    prefix: bool
    timestamps: bool


def show(view: View, *, follow: bool) -> None:
    """Print, merged by time; with ``follow`` go on for FOLLOW_SECONDS."""
    last = ""
    for moment, service, text in gather(view, view.tail):
        write(view, moment, service, text)
        last = max(last, moment)
    deadline = time.monotonic() + FOLLOW_SECONDS
    while follow and time.monotonic() < deadline:
        sys.stdout.flush()
        time.sleep(POLL)
        for moment, service, text in gather(view, None):
            if moment > last:
                write(view, moment, service, text)
                last = max(last, moment)
    if follow:
        print(f"logs: stopped following after {FOLLOW_SECONDS:.0f} s, as this drill world does.", file=sys.stderr)


def gather(view: View, tail: int | None) -> list[tuple[str, str, str]]:
    """(moment, service, text) of each line."""
    lines = []
    for service in view.services:
        journal = Journal(ROOT / LOGS / f"{service}.log")
        for line in journal.tail(sys.maxsize if tail is None else tail):
            moment, _, text = line.partition(" ")
            lines.append((moment, service, text))
    return sorted(lines, key=lambda line: line[0])


def write(view: View, moment: str, service: str, text: str) -> None:
    """Print one line."""
    width = max(len(name) for name in view.services) + 2
    head = f"{service}-1".ljust(width) + " | " if view.prefix else ""
    print(f"{head}{moment + ' ' if view.timestamps else ''}{text}")
