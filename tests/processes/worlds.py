"""Several worlds side by side: each a process of its own that does a part of the rounds, with servers of its own.

A round mostly waits, for a lease, a deadline or a server that starts; so more worlds than cores are worth their while.
A world that is told to end takes everything along that it has started; its last round is not counted.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.context import SpawnProcess
from typing import NamedTuple, NoReturn

LOOK_EVERY_S = 0.2


class Part(NamedTuple):
    """Rounds of one kind that are done in one world, which `live` makes and ends; it can be pickled."""

    kind: str
    numbers: tuple[int, ...]
    live: Callable[[tuple[int, ...]], None]


def split(kind: str, numbers: Sequence[int], size: int, live: Callable[[tuple[int, ...]], None]) -> list[Part]:
    """The numbers in parts of at most `size`."""
    return [Part(kind, tuple(numbers[at : at + size]), live) for at in range(0, len(numbers), size)]


def weave(kinds: Sequence[Sequence[Part]]) -> list[Part]:
    """The parts of all kinds in turn, so that what waits and what works are done beside each other."""
    placed = [(at / len(parts), kind, part) for kind, parts in enumerate(kinds) for at, part in enumerate(parts)]
    return [part for _, _, part in sorted(placed, key=lambda each: each[:2])]


def live_all(parts: Sequence[Part], jobs: int) -> bool:
    """Do all parts, so many at the same time; whether every world lived to its end."""
    waiting, running, good = list(parts), list[SpawnProcess](), True
    signal.signal(signal.SIGTERM, _end)
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(_begin(waiting.pop(0)))
            time.sleep(LOOK_EVERY_S)
            ended = [each for each in running if not each.is_alive()]
            good = good and not any(each.exitcode for each in ended)
            running = [each for each in running if each not in ended]
    finally:
        for each in running:
            each.terminate()
        for each in running:
            each.join()
    return good


def _begin(part: Part) -> SpawnProcess:
    world = multiprocessing.get_context("spawn").Process(target=_live, args=(part, os.getpid()))
    world.start()
    return world


def _live(part: Part, parent: int) -> None:
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    if os.getppid() == parent:
        part.live(part.numbers)


def _end(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is being ended is ended once
    sys.exit(1)
