"""What steps print while they run: the end of it, without secrets, for whoever looks. Nothing of it is kept.

Only whole lines are shown, and nothing of a private key whose end has not come: a secret never shows because a piece
of output happened to end in the middle of it. Each byte is redacted at most once, a flood is skipped through, a line
that is longer than all that is shown is only named, and listeners hear of a step at most twice a second. More than a
little is read in a thread: what a hostile program prints takes seconds to redact, and pages do not wait for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from tocsin.timeline.bare_keys import find_open_key
from tocsin.timeline.blocks import find_open_array
from tocsin.timeline.columns import find_open_columns
from tocsin.timeline.invisible import locate, take_out
from tocsin.timeline.manifests import find_open, find_open_table
from tocsin.timeline.phrases import FEWEST, count_last_words
from tocsin.timeline.redact import plain_bytes, redact_bytes
from tocsin.timeline.seek import find_places

MOST_SHOWN = 65536
MOST_HELD = 65536
"""Bytes of a possible key that wait for its end; none is longer."""
MOST_WAITING = 2**20
MOST_BEFORE, MOST_TOKEN, MOST_UNFINISHED = 2048, 512, 8192
"""Bytes of what was shown that are looked at again with what comes next, of a line that may go on, and of all such."""
MAY_GO_ON = re.compile(
    rb"[^\n]*\\\n|(?=[^\n]*[0-9])(?:[^\n]*[ \t\"'=:|])?[A-Za-z0-9+/_=-]{16,}[ \t]*\n"
    rb"|[ \t]*(?:0x)?[0-9a-f]{4,16}:?[ \t]{1,3}(?:[0-9a-f]{2,8}[ \t]{1,2}){2,32}[^\n]*\n"
    rb"|[ \t]*\d{1,2}[.):]?[ \t]+[a-z]{3,12}\n|[ \t]*[a-z]{3,12}(?:[ \t]+[a-z]{3,12}){4,24}[ \t]*\n"
)
"""A long word with digits at the end of a line, a backslash, a line of a dump, one numbered word, or
words that may be a wallet's.
"""
LEAST_KNOWN = 6
"""Characters of a known secret that is looked for; what is shorter would tear words apart."""
LEAST_WORDS = 4
"""Lines of a word each that wait for more: what programs say on their way has fewer."""
EVERY_S = 0.5
SOON_S = 0.05
LITTLE = 4096
"""Bytes that are redacted at once, in a few hundredths of a second at worst."""
MOST_BESIDE = 2**20
"""Bytes that may come while a thread reads; a flood beyond that waits for it."""
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="tocsin-output")

_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}-----")
_LINE_OF_KEY = re.compile(rb"[ \t]*[A-Za-z0-9+/=]{8,}[ \t]*\r?\n?")
_TOO_LONG = b"[a line that is too long to be shown here]\n"
_HIDDEN = b"[redacted: private key]\n"

Listener = Callable[[str, str], None]


class Shown(msgspec.Struct, frozen=True):
    """The end of what a running step has printed; `skipped` bytes before it are not shown."""

    text: str = ""
    skipped: int = 0


class _Strand:
    """One stream of a step: bytes come in anyhow, lines without secrets go out."""

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.held = b""
        self.before = b""
        self.skipped = 0
        self.broken = b""
        self.is_torn = False
        self.is_key = False

    def add(self, chunk: bytes) -> None:
        self.waiting += chunk
        if len(self.waiting) > MOST_WAITING:
            latest = len(self.waiting) - 2 * MOST_SHOWN
            over = self.waiting.rfind(b"\n", 0, latest) + 1 or latest
            self.is_torn = self.waiting[over - 1 : over] != b"\n"
            self.skipped += over
            self._remember(bytes(self.waiting[:over]))
            del self.waiting[:over]

    def take(self) -> bytes:
        """The lines that have become whole, redacted."""
        end = self.waiting.rfind(b"\n") + 1
        lines = bytes(self.waiting[:end])
        del self.waiting[:end]
        said = b""
        if self.is_torn and lines:
            torn, _, lines = lines.partition(b"\n")
            self.is_torn, said = False, _TOO_LONG
            self.skipped += len(torn) + 1
            self._remember(torn + b"\n")
        if len(lines) > MOST_SHOWN:
            start = lines.find(b"\n", len(lines) - MOST_SHOWN - 1) + 1
            self.skipped += start
            self._remember(lines[:start])
            lines, said = lines[start:], said if lines[start:] else _TOO_LONG
        return said + self._redact(self._hold(_see(lines)))

    def _redact(self, lines: bytes) -> bytes:
        """Lines without secrets, those too that the lines before them announce, or begin.

        A last line that may be the beginning of one waits for the next.
        """
        lines, self.broken = self.broken + lines, b""
        start = min(_find_unfinished(lines), _find_words(self.before, lines))
        lines, self.broken = lines[:start], lines[start:]
        if not lines:
            return b""
        whole, border = self.before + lines, len(self.before)
        self.before = whole[-MOST_BEFORE:]
        if len(whole) > MOST_BEFORE and (head := find_open_table(whole) or find_open_columns(whole)):
            self.before = head + self.before[self.before.find(b"\n") + 1 :]
        places = find_places(whole) if border else None
        if places == []:
            return lines
        kept: list[bytes] = []
        done = border
        for first, last, kind in places or ():
            if last > done:
                kept += (whole[done:first], b"[redacted: %s]" % kind)
                done = last
        return redact_bytes(b"".join([*kept, whole[done:]]))

    def _remember(self, skipped: bytes) -> None:
        """Whether what is skipped ends within a key, of what came before it and itself."""
        skipped = plain_bytes(skipped)
        text = self.held + skipped
        at = _find_open(text, self.before)
        self.is_key = self.is_key and b"-----END " not in take_out(skipped)
        self.held = text[at:] if at >= 0 else b""
        if len(self.held) > MOST_HELD:
            self.held, self.is_key = b"", True

    def _hold(self, lines: bytes) -> bytes:
        """What can be shown: not what may be part of a key that goes on."""
        text = self.held + (self._pass_key(lines) if self.is_key else lines)
        at = _find_open(text, self.before)
        self.held = text[at:] if at >= 0 else b""
        shown = text[:at] if at >= 0 else text
        if len(self.held) > MOST_HELD:
            self.held, self.is_key = b"", True
            shown += _HIDDEN
        return shown

    def _pass_key(self, lines: bytes) -> bytes:
        at, seen = 0, take_out(lines)
        while at < len(seen) and (found := _LINE_OF_KEY.match(seen, at)):
            at = found.end()
        self.is_key = at == len(seen)
        return b"" if self.is_key else lines[locate(lines, at) :]


def _find_unfinished(lines: bytes) -> int:
    """Where the last lines begin that may be a part of something whose end has not come."""
    start = len(lines)
    while start > max(0, len(lines) - MOST_UNFINISHED):
        before = lines.rfind(b"\n", 0, start - 1) + 1
        if start - before > MOST_TOKEN or MAY_GO_ON.fullmatch(lines, before, start) is None:
            break
        start = before
    return start if start > len(lines) - MOST_UNFINISHED else len(lines)


def _find_words(before: bytes, lines: bytes) -> int:
    """Where the last lines begin that are a word each, and too few yet to be a wallet's."""
    count = count_last_words(before[-MOST_TOKEN:] + lines[-MOST_TOKEN:])
    start = len(lines)
    for _ in range(count if LEAST_WORDS <= count < FEWEST else 0):
        start = lines.rfind(b"\n", 0, max(0, start - 1)) + 1
    return start


def _find_open(text: bytes, before: bytes) -> int:
    """Where the line begins on which something begins that has not ended; -1 for nowhere."""
    seen = take_out(text)
    key = seen.rfind(b"-----BEGIN ")
    if key >= 0 and (seen.find(b"-----END ", key) >= 0 or not _BEGIN.match(seen, key)):
        key = -1
    begun = [at for at in (key, find_open(before, seen), find_open_key(seen), find_open_array(seen)) if at >= 0]
    return text.rfind(b"\n", 0, locate(text, min(begun))) + 1 if begun else -1


def _see(lines: bytes) -> bytes:
    """What a terminal would show of them: the end of a line stands over its beginning after a carriage return.

    Not where that would tear a secret: such a line is as it would be without the return.
    """
    lines = lines.decode(errors="replace").encode()
    whole = plain_bytes(lines)
    raw, glued, safe = lines.split(b"\n"), whole.split(b"\n"), redact_bytes(whole).split(b"\n")
    if b"\r" not in lines or not len(raw) == len(glued) == len(safe):
        return whole
    return b"\n".join(_see_line(*each) for each in zip(raw, glued, safe, strict=True))


def _see_line(raw: bytes, glued: bytes, safe: bytes) -> bytes:
    if b"\r" not in raw or glued != safe or b"-----" in glued:
        return glued
    return plain_bytes(raw.rstrip(b"\r").rpartition(b"\r")[2])


def _call(loop: asyncio.AbstractEventLoop, call: Callable[[Future[bytes]], None], done: Future[bytes]) -> None:
    """Have it called by the loop, if that is still there."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call, done)


class Output:
    """What one running step prints. `hear` takes pieces of its streams as they come."""

    def __init__(self, tell: Callable[[], None], known: Collection[str] = ()) -> None:
        self._tell, self._known = tell, known
        self._strands: dict[str, _Strand] = {}
        self._text = ""
        self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None
        self._told_at = float("-inf")
        self._reading: Future[bytes] | None = None
        self._beside: list[tuple[str, bytes]] = []
        self._size_beside = 0
        self._is_over = False

    def hear(self, name: str, chunk: bytes) -> None:
        """Take a piece; whoever listens is told soon, and not too often."""
        if self._reading is not None:
            self._beside.append((name, chunk))
            self._size_beside += len(chunk)
            if self._size_beside > MOST_BESIDE:
                self._take_back(self._reading)
            return
        self._strands.setdefault(name, _Strand()).add(chunk)
        self._plan()

    def _plan(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            at = max(loop.time() + SOON_S, self._told_at + EVERY_S)
            self._timer = loop.call_at(at, self._begin)

    def _begin(self) -> None:
        """Read what has come: a little here, more in a thread, which has the strands to itself meanwhile."""
        self._timer = None
        if sum(len(strand.waiting) + len(strand.held) for strand in self._strands.values()) <= LITTLE:
            self._turn()
            return
        loop = asyncio.get_running_loop()
        self._reading = reading = _THREADS.submit(self._read)
        reading.add_done_callback(lambda done: _call(loop, self._take_back, done))

    def _take_back(self, reading: Future[bytes]) -> None:
        """The strands are here again, with what was read; waits for it, if a flood cannot."""
        if self._reading is not reading:
            return
        self._reading = None
        new = reading.result()
        came, self._beside, self._size_beside = self._beside, [], 0
        if self._is_over:
            return
        for name, chunk in came:
            self._strands.setdefault(name, _Strand()).add(chunk)
        self._told_at = asyncio.get_running_loop().time()
        self._say(new)
        if came:
            self._plan()

    def _turn(self) -> None:
        self._told_at = asyncio.get_running_loop().time()
        self._say(self._read())

    def _read(self) -> bytes:
        new = b"".join(strand.take() for strand in self._strands.values())
        for value in self._known:
            new = (
                new.replace(value.encode(errors="replace"), b"[redacted: secret]") if len(value) >= LEAST_KNOWN else new
            )
        return new

    def _say(self, new: bytes) -> None:
        if new:
            self._add(new.decode(errors="replace"))
            self._tell()

    def _add(self, text: str) -> None:
        whole = self._text + text
        if len(whole) > MOST_SHOWN:
            start = whole.find("\n", len(whole) - MOST_SHOWN) + 1
            self._dropped += len(whole[:start].encode())
            whole = whole[start:]
        self._text = whole

    def show(self) -> Shown:
        """What there is to see."""
        return Shown(self._text, self._dropped + sum(strand.skipped for strand in self._strands.values()))

    def end(self) -> None:
        """Say nothing more."""
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()


class Outputs:
    """The outputs of all steps that run now."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], Output] = {}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with the incident and step that have printed more; the answer stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def begin(self, incident: str, step: str, known: Collection[str] = ()) -> Output:
        """The output of a step that begins; `known` are values that are secret, whatever they look like."""
        self._running[incident, step] = output = Output(lambda: self._tell(incident, step), known)
        return output

    def end(self, incident: str, step: str) -> None:
        """The step is over: what it printed is evidence from now on."""
        output = self._running.pop((incident, step), None)
        if output is not None:
            output.end()

    def show(self, incident: str, step: str) -> Shown | None:
        """What a running step has printed so far, null for one that does not run."""
        output = self._running.get((incident, step))
        return output.show() if output is not None else None

    def _tell(self, incident: str, step: str) -> None:
        for listener in tuple(self._listeners):
            listener(incident, step)
