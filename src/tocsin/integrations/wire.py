"""Posting over plain HTTP/1.1, with connections that are kept: what a storm of pages needs, and nothing else.

No redirects, no proxies, no TLS: whoever needs one of these is served by `httpx`. A request is sent once; what becomes
of it when the connection breaks is for the caller to judge, since the other side may have taken it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

import httptools

MOST_IDLE = 32
PATIENCE, LENGTH, CODING = b"retry-after", b"content-length", b"transfer-encoding"
LENGTHS = (len(LENGTH), len(CODING))
MOST_ANSWER = 2**20
"""Bytes of an answer, which nobody reads beyond its status."""


class Broken(Exception):
    """The connection could not be made, or ended before the answer was whole."""


class Wire:
    """Posts to one host and port."""

    def __init__(self, host: str, port: int, netloc: str) -> None:
        self._host, self._port, self._netloc = host, port, netloc
        self._idle: deque[_Line] = deque()

    async def post(
        self,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_s: float,
        sent: Callable[[], None],
        hear_patience: Callable[[str], None] | None = None,
    ) -> int:
        """The status that the other side answers with. Raises `Broken`, also after `timeout_s`. What its `Retry-After`
        says, if it has one, is told to `hear_patience`.
        """
        head = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        request = f"POST {path} HTTP/1.1\r\nHost: {self._netloc}\r\n{head}\r\n".encode("latin-1")
        line = self._find_line() or await self._connect(timeout_s)
        try:
            line.hear_patience = hear_patience
            return await line.ask(request + body, sent, timeout_s)
        finally:
            self._give_back(line)

    def close(self) -> None:
        """Hang up wherever nobody is being asked."""
        while self._idle:
            self._idle.pop().close()

    def _find_line(self) -> _Line | None:
        while self._idle:
            line = self._idle.pop()
            if line.is_free:
                return line
            line.close()
        return None

    async def _connect(self, timeout_s: float) -> _Line:
        try:
            async with asyncio.timeout(timeout_s):
                _, made = await asyncio.get_running_loop().create_connection(_Line, self._host, self._port)
        except TimeoutError as error:
            raise Broken(f"no connection within {timeout_s:g} s") from error
        except OSError as error:
            raise Broken(f"{type(error).__name__}: {error.strerror or error}") from error
        return made

    def _give_back(self, line: _Line) -> None:
        if line.is_free and len(self._idle) < MOST_IDLE:
            self._idle.append(line)
        else:
            line.close()


class _Line(asyncio.Protocol):
    """One connection; one request at a time.

    Its alarm is not set anew for each: when it rings it looks at what is being asked then.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waits: asyncio.Future[int] | None = None
        self._until = self._timeout_s = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._size, self._is_told, self._ends_with_line = 0, False, True
        self.is_free = False
        self.hear_patience: Callable[[str], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.is_free = transport, True

    async def ask(self, request: bytes, sent: Callable[[], None], timeout_s: float) -> int:
        """Send a request; the status of its answer."""
        assert self._transport is not None
        until = self._loop.time() + timeout_s
        self.is_free, self._size, self._until, self._timeout_s = False, 0, until, timeout_s
        self._is_told = False
        self._parser = httptools.HttpResponseParser(self)
        self._waits = self._loop.create_future()
        if self._alarm is None or self._alarm.when() > until:
            self._set_alarm()
        self._transport.write(request)
        sent()
        return await self._waits

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._until, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._waits is None or self._waits.done():
            return
        if self._loop.time() < self._until:
            self._set_alarm()
        else:
            self._end(Broken(f"no answer within {self._timeout_s:g} s"))

    def close(self) -> None:
        """Hang up."""
        self.is_free = False
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._size += len(data)
        if self._parser is None or self._waits is None or self._waits.done():
            self.close()  # nobody has asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._end(Broken(f"the answer is no HTTP ({error})"))
        if self._size > MOST_ANSWER and not self._waits.done():
            self._end(Broken(f"the answer is longer than {MOST_ANSWER} bytes"))

    def on_message_begin(self) -> None:
        """An answer begins (the parser calls this); one of the kind 1xx may have come before it."""
        self._is_told, self._ends_with_line = False, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of the answer's headers (the parser calls this)."""
        if len(name) in LENGTHS and name.lower() in (LENGTH, CODING):
            self._ends_with_line = False
        if self.hear_patience is not None and len(name) == len(PATIENCE) and name.lower() == PATIENCE:
            self.hear_patience(value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        """All headers are there (the parser calls this)."""
        self._is_told = True

    def on_message_complete(self) -> None:
        """The answer is whole (the parser calls this); one of the kind 1xx is not the answer yet."""
        assert self._parser is not None
        assert self._waits is not None
        status = self._parser.get_status_code()
        if status >= 200 and not self._waits.done():
            self.is_free = self._parser.should_keep_alive()
            self._waits.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        if self._waits is not None and not self._waits.done():
            status = self._find_ended() if error is None else 0
            if status:
                self._waits.set_result(status)
                self.close()
                return
            self._end(Broken(f"the connection ended without an answer{f' ({error})' if error else ''}"))
        self.is_free = False

    def _find_ended(self) -> int:
        """The status of an answer that says no length: it is whole when the connection ends (RFC 9112, 6.3)."""
        assert self._parser is not None
        status = self._parser.get_status_code() if self._is_told and self._ends_with_line else 0
        return status if status >= 200 else 0

    def _end(self, error: Broken) -> None:
        assert self._waits is not None
        if not self._waits.done():
            self._waits.set_exception(error)
        self.close()
