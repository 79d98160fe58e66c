"""The terminal of the server: the channel that needs nothing and nobody should rely on alone.

It may stop taking anything (Ctrl-S, a pipe that nobody reads), for good. So each page is printed by a thread of its own
that is left behind if it hangs; it writes past the buffers of `sys.stdout`, whose lock it would keep for ever.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
from typing import Literal, TextIO

import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import Unavailable
from tocsin.integrations.beside import run_beside
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage, spell
from tocsin.timeline.redact import plain

PATIENCE_S = 3.0
"""How long a page may take to print, and to wait for the one before it."""


class TerminalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "terminal"`."""

    kind: Literal["terminal"]


class Terminal:
    """Rings the bell and prints the page. Signs that the terminal's encoding does not have are shown as `?`."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._printing: asyncio.Future[None] | None = None

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Print the page, after those before it."""
        rule = "━" * 72
        text = f"\a\n{rule}\nPAGE for {plain(person.name)}\n{plain(spell(message))}\n{rule}\n"
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self._printing is not None and not self._printing.done():
                    await asyncio.wait([self._printing])
                self._printing = self._print(text)
                await asyncio.shield(self._printing)
        except TimeoutError as error:
            raise Unavailable(
                "The server's terminal takes nothing; is it stopped (Ctrl-S), or its pipe full?"
            ) from error
        except (OSError, ValueError, AttributeError) as error:
            raise Unavailable(f"The server's terminal cannot be written ({type(error).__name__}).") from error
        return "printed"

    def _print(self, text: str) -> asyncio.Future[None]:
        return run_beside(lambda: _write(self._out, text), "tocsin-terminal")


def _write(out: TextIO, text: str) -> None:
    """Write all of it, past the buffers where there is a file below them."""
    try:
        file = out.fileno()
    except (OSError, AttributeError):
        out.write(text)
        out.flush()
        return
    left = memoryview(text.encode(out.encoding or "utf-8", errors="replace"))
    while left:
        try:
            left = left[os.write(file, left) :]
        except BlockingIOError:
            select.select([], [file], [])
