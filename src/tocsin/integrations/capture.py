"""Output of bounded size: the beginning and the end are kept, and what was left out between them is counted."""

from __future__ import annotations

import asyncio
import codecs
from collections import deque
from collections.abc import Callable, Collection

from tocsin.timeline.invisible import WINDOW
from tocsin.timeline.redact import plain, redact_bytes

MOST_LINE = 65536
LEAST_KNOWN = 6
MOST_BYTES = 64 * 2**20
CHUNK = 65536
REDACTED = b"[redacted: "
"""What a text has in it from which something was taken out."""


class Capture:
    """Keeps at most `most` bytes of a stream."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._half = most // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._cut = 0

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
        self._cut += gone

    def content(self) -> bytes:
        """What was kept; a line says how much is missing between head and tail.

        The line that the cut goes through is left out too: half a secret is known to nobody as one.
        """
        head, tail = self._find_kept()
        if not self._cut:
            return head + tail
        return head + f"[… {self.cut} bytes left out …]\n".encode() + tail

    def _find_kept(self) -> tuple[bytes, bytes]:
        head, tail = bytes(self._head), b"".join(self._tail)
        if not self._cut:
            return head, tail
        least = max(0, len(head) - MOST_LINE)
        return head[: head.rfind(b"\n", least) + 1 or least], tail[tail.find(b"\n", 0, MOST_LINE) + 1 or MOST_LINE :]

    @property
    def cut(self) -> int:
        """How many bytes were left out of the middle."""
        if not self._cut:
            return 0
        return self._cut + len(self._head) + self._tail_size - sum(map(len, self._find_kept()))

    async def drain(self, stream: asyncio.StreamReader, hear: Callable[[bytes], None] = lambda chunk: None) -> None:
        """Take everything that a process prints, so that it never waits for us; `hear` is given each piece too."""
        while chunk := await stream.read(CHUNK):
            self.add(chunk)
            hear(chunk)

    def spell(self, known: Collection[str] = ()) -> bytes:
        """What was kept as evidence: plain, without secrets, in UTF-8. For a thread: it may take seconds.

        `known` are values that are secret, whatever they look like.
        """
        content, decoder = self.content(), codecs.getincrementaldecoder("utf-8")("replace")
        parts = (decoder.decode(content[at : at + WINDOW]) for at in range(0, len(content), WINDOW))
        text = b"".join([*(part.encode() for part in parts), decoder.decode(b"", final=True).encode()])
        return hide(redact_bytes(text), known)


def hide(content: bytes, known: Collection[str]) -> bytes:
    """The content without values that are known to be secret; what is too short would tear words apart."""
    for value in sorted(known, key=len, reverse=True):
        if len(value) >= LEAST_KNOWN:
            content = content.replace(value.encode(errors="replace"), b"[redacted: secret]")
    return content


def spell_head(evidence: bytes, characters: int) -> str:
    """The beginning of a piece of evidence, safe for screens, chat and terminals."""
    return plain(evidence[: 16 * characters].decode(errors="ignore"))[:characters]
