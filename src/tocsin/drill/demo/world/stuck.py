"""The fault itself: a client that takes every connection of the database it can get, and forgets them.

It plays an export job that hangs inside a transaction. It takes slots until there are none left, says so on standard
output, and then only waits; when the database is restarted its connections are gone and so is it.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from .database import LIMIT
from .lifeline import hold
from .link import Failed, Link, Refused

HASTE = 0.02
PATIENCE = 10.0


def take_all() -> list[Link]:
    """Collect every connection that the database allows, as soon as others give theirs back; give up after a while."""
    links: list[Link] = []
    deadline = time.monotonic() + PATIENCE
    while len(links) < LIMIT and time.monotonic() < deadline:
        try:
            links.append(Link())
        except Refused:
            time.sleep(HASTE)
    return links


def main(_: list[str]) -> int:
    """Exhaust the database, report how many connections are held, and hang."""
    hold()
    links = take_all()
    if links:
        with suppress(Refused, Failed):
            links[0].run("BEGIN IMMEDIATE")
    print(len(links), flush=True)
    waiting = [threading.Thread(target=link.wait_for_end) for link in links]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    return 0
