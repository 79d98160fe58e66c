"""Output of bounded size: the beginning and the end are kept, and what was left out between them is counted."""

from __future__ import annotations

import asyncio
import codecs
from collections import deque
from collections.abc import Callable

from tocsin.timeline.invisible import WINDOW
from tocsin.timeline.redact import plain, redact_bytes

MOST_BYTES = 64 * 2**20
CHUNK = 65536


class Capture:
    """Keeps at most `most` bytes of a stream."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._half = most // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.cut = 0

    def __bool__(self) -> bool:
        """Whether there was anything."""
        return bool(self._head)

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        room = self._half - len(self._head)
        self._head += chunk[:room]
        rest = chunk[room:] if room < len(chunk) else b""
        if rest:
            self._tail.append(rest)
            self._tail_size += len(rest)
        while self._tail_size > self._half:
            self._drop()

    def _drop(self) -> None:
        over = self._tail_size - self._half
        first = self._tail.popleft()
        gone = min(over, len(first))
        if gone < len(first):
            self._tail.appendleft(first[gone:])
        self._tail_size -= gone
        self.cut += gone

    def content(self) -> bytes:
        """What was kept; a line says how much is missing between head and tail."""
        gap = f"\n[… {self.cut} bytes left out …]\n".encode() if self.cut else b""
        return bytes(self._head) + gap + b"".join(self._tail)

    async def drain(self, stream: asyncio.StreamReader, hear: Callable[[bytes], None] = lambda chunk: None) -> None:
        """Take everything that a process prints, so that it never waits for us; `hear` is given each piece too."""
        while chunk := await stream.read(CHUNK):
            self.add(chunk)
            hear(chunk)

    def spell(self) -> bytes:
        """What was kept as evidence: plain, without secrets, in UTF-8. For a thread: it may take seconds."""
        content, decoder = self.content(), codecs.getincrementaldecoder("utf-8")("replace")
        parts = (decoder.decode(content[at : at + WINDOW]) for at in range(0, len(content), WINDOW))
        return redact_bytes(b"".join([*(part.encode() for part in parts), decoder.decode(b"", final=True).encode()]))


def spell_head(evidence: bytes, characters: int) -> str:
    """The beginning of a piece of evidence, safe for screens, chat and terminals."""
    return plain(evidence[: 16 * characters].decode(errors="ignore"))[:characters]
