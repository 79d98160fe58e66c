"""Notices that a step waits for an answer at its terminal, where nobody sits.

Who waits there waits for ever. So: nothing was printed for `PATIENCE_S`, and either a process sleeps in reading lines
from the terminal, or the last line stands there unfinished and is a question in its words. The words count alone where
nobody can look at the processes (another machine), or where keys are read instead of lines, as clients of containers do
all the time. What works on behind an unfinished line must not be ended for it, so that the words are few; and a change
is never ended for words, here or on another machine: its deadline ends it, and says what stood there.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from tocsin.timeline.redact import plain, redact

COLUMNS, ROWS = 400, 1000
"""So wide and high is a step's terminal that nothing is cut, or shown by the page."""
PATIENCE_S = 3.0
LOOK_S = 0.5
MOST_LINE = 2000
MOST_SAID = 120
"""Characters of a question that are told."""

_ASKS = re.compile(
    r"\A(?:\[sudo\] )?(?:(?:enter|new|retype|current) )*(?:password|passphrase|PIN|OTP)(?: for (?:key )?\S+)?:\s*\Z"
    r"|\A\S+'s password:\s*\Z|\A(?:verification code|enter a value):\s*\Z"
    r"|[\[(]\s*(?:y|n|yes|no)\s*/\s*(?:y|n|yes|no)\b[^\n]{0,40}[\])][\s:?>]*\Z"
    r"|\b(?:y/n|yes/no)\b[\s:?>]*\Z"
    r"|\Apress (?:any key|enter|return|space)\b[^\n:]{0,40}\Z"
    r"|\A--More--[^\n]{0,20}\Z|\A\(END\)\s*\Z",
    re.IGNORECASE,
)
"""Whole lines that programs ask with; what only speaks of a password, or ends with a question mark, is work."""


class Asking:
    """Notices that a step waits for an answer, by what it prints and when."""

    def __init__(self) -> None:
        self._line = b""
        self._last = time.monotonic()

    def hear(self, chunk: bytes) -> None:
        """Take what it prints."""
        self._last = time.monotonic()
        self._line = (self._line + chunk).rpartition(b"\n")[2][-MOST_LINE:]

    @property
    def is_silent(self) -> bool:
        """Whether it has printed nothing for so long that somebody would have to answer."""
        return time.monotonic() - self._last >= PATIENCE_S

    @property
    def question(self) -> str:
        """The line that stands there unfinished, without what terminals swallow and without secrets."""
        return " ".join(redact(plain(self._line.decode(errors="replace"))).split())[-MOST_SAID:]

    @property
    def is_question(self) -> bool:
        """Whether that line asks in its words."""
        return _ASKS.search(self.question) is not None

    @property
    def doubt(self) -> str:
        """What to add for whoever wonders why its deadline has passed; empty if nothing stands there unfinished."""
        said = self.question
        if not said or not self.is_silent:
            return ""
        return f" It may have waited for an answer at its terminal after “{said}”: nobody sits there."

    def explain(self) -> str:
        """The sentence for whoever wonders why it was ended."""
        said = self.question
        asked = f" after “{said}”" if said else ""
        return (
            f"It waits for an answer at its terminal{asked}, and nobody sits there; so it was ended. Use a form that "
            "asks nobody (-y, --force, a key in place of a password), or run it by hand."
        )


async def watch_for_question(asking: Asking, reads_lines: Callable[[], bool | None], *, changes: bool) -> str:
    """Wait until it waits for an answer; the sentence that says so. `reads_lines`: whether a process sleeps in reading
    a line of the terminal, null where nobody can tell: then its words do, but not for what `changes` something.
    """
    seen = 0
    while True:
        await asyncio.sleep(LOOK_S)
        if not asking.is_silent:
            seen = 0
            continue
        reads = await asyncio.to_thread(reads_lines)
        asks = reads is None and not changes and asking.is_question
        seen = seen + 1 if reads or asks else 0
        if seen > 1:  # not only for the moment in which somebody looked
            return asking.explain()
