"""Documents that people drop: compiled off the loop, few at a time, and nothing of them kept."""

from __future__ import annotations

import asyncio

from tocsin.playbook.model import Playbook
from tocsin.web.desk import Desk

MOST_SOURCE = 10 * 2**20
"""As much as `tocsin compile` reads, so that a document has the same answer here and there."""
AT_ONCE = 2


class Compiler:
    """Compiles for requests; a page goes out on time however many documents are dropped meanwhile."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._places = asyncio.Semaphore(AT_ONCE)

    async def compile(self, source: bytes, name: str) -> Playbook:
        """The playbook in `source`. It never fails: what cannot be read is a diagnostic."""
        async with self._places:
            return await asyncio.to_thread(self._desk.compile_text, source, name)
