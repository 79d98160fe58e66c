"""The direct way in for alerts: a request of exactly one shape is read off the wire, and answered on it.

The shape: an idle connection, one `POST …/api/v2/alerts` that has arrived in one piece, headers that are all known,
each once, its length said in plain digits, and an alert API body. Everything else, also whatever comes while such a
request is being taken in, goes byte for byte to the ordinary parser; so where a request begins and ends is never judged
by two parsers. What is read here is judged by `fast.py`'s rules, and answered in the same bytes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tocsin.alert.sources.posted import Unusual
from tocsin.engine.lane import Receipt
from tocsin.errors import TocsinError
from tocsin.web.hooks.fast import FastIntake

REQUEST = re.compile(rb"POST ((?:/in/[0-9a-f]{32})?/api/v2/alerts) HTTP/1\.1")
HEADER = re.compile(rb"([A-Za-z-]{1,40}): ([!-~](?:[ -~]{0,500}[!-~])?)")
LENGTH = re.compile(rb"0|[1-9][0-9]{0,6}")
END = b"\r\n\r\n"
MOST_HEAD = 2048
MOST_HEADS = 1000
"""Heads of requests that are known again; a client's differ in their length only."""
KNOWN = frozenset(
    (b"host", b"user-agent", b"accept", b"accept-encoding", b"content-type", b"content-length", b"authorization")
)
"""None of these changes what a request is, but the length; no other header is passed over."""


class Head(NamedTuple):
    """What the head of a request says: whose alerts (null: no key is needed), in how many bytes."""

    team: str | None
    length: int


class Heads:
    """The heads that have been read, and what they say as long as the keys are what they were."""

    def __init__(self, fast: FastIntake) -> None:
        self._fast = fast
        self._known: dict[bytes, Head | None] = {}
        self._keys: Mapping[str, str] | None = None

    def find(self, head: bytes) -> Head | None:
        """What a head says; null if it is for the ordinary parser."""
        keys = self._fast.keys()
        if keys is not self._keys or len(self._known) >= MOST_HEADS:
            self._known.clear()
            self._keys = keys
        found = self._known.get(head)
        if found is None and (found := self._read(head)) is not None:
            self._known[head] = found
        return found

    def _read(self, head: bytes) -> Head | None:
        request, *lines = head.split(b"\r\n")
        asked, pairs = REQUEST.fullmatch(request), [HEADER.fullmatch(line) for line in lines]
        headers = [(pair[1].lower(), pair[2]) for pair in pairs if pair is not None]
        named = dict(headers)
        length = named.get(b"content-length", b"")
        if asked is None or None in pairs or len(named) < len(lines) or not named.keys() <= KNOWN:
            return None
        if b"host" not in named or LENGTH.fullmatch(length) is None:
            return None
        entry = self._fast.find_entry(asked[1].decode("ascii"), headers)
        return None if entry is None else Head(entry[0], int(length))


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's protocol, and the direct way beside it."""

    def __init__(self, heads: Heads, fast: FastIntake, **given: Any) -> None:
        super().__init__(**given)
        self._heads, self._fast = heads, fast
        self._is_between = True
        self._taking: Receipt | None = None
        self._held_back: list[bytes] = []
        self._is_ending = False
        self._heard_at = 0.0

    # ── which bytes are whose ──────────────────────────────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        """Bytes of this connection, in their order."""
        if self._taking is not None:
            self._held_back.append(data)
            self.flow.pause_reading()
        elif not (self._is_idle() and self._take(data)):
            super().data_received(data)

    def on_message_begin(self) -> None:
        """The ordinary parser has met the first byte of a request."""
        self._is_between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The ordinary parser has met the last byte of a request; behind an upgrade nothing is HTTP any more."""
        self._is_between = not self.parser.should_upgrade()
        super().on_message_complete()

    def _is_idle(self) -> bool:
        """Whether the next byte begins a request, and nobody waits for an answer."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        is_answered = cycle is None or cycle.response_complete
        is_free = not self.pipeline and not self.flow.write_paused  # who reads no answers is made to wait
        return self._is_between and is_answered and is_free and not self.transport.is_closing()

    def _take(self, data: bytes) -> bool:
        """Take a request in; false if it is for the ordinary way, which then has it all."""
        end = data.find(END, 0, MOST_HEAD)
        head = self._heads.find(data[:end]) if end > 0 else None
        if head is None or len(data) != end + len(END) + head.length or not self._fast.has_room(head.length):
            return False
        try:
            receipt = self._fast.begin(head.team, memoryview(data)[end + len(END) :])
        except (Unusual, TocsinError):
            return False
        self._keep_alive()
        if not receipt.is_settled:
            self._wait_for(receipt, head.length)
        else:
            self._answer(receipt)
        return True

    # ── answering ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _wait_for(self, receipt: Receipt, size: int) -> None:
        self._taking = receipt
        self._fast.note_reading(size)

        def done(task: object = None) -> None:
            self._fast.note_reading(-size)
            self._finish(receipt)

        if receipt.beats:
            task = self.loop.create_task(self._fast.settle(receipt))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            task.add_done_callback(done)
        else:
            receipt.tell(done)

    def _finish(self, receipt: Receipt) -> None:
        """Answer, then go on with what has come meanwhile."""
        self._taking = None
        self._answer(receipt)
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        held_back, self._held_back = self._held_back, []
        if held_back:
            self.data_received(b"".join(held_back))

    def _answer(self, receipt: Receipt) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if not receipt.is_settled:  # let go of by a server that ends: nobody knows yet how it went
            self.transport.close()
            return
        self.transport.write(self._fast.spell(self.server_state.default_headers, receipt, is_last=self._is_ending))
        if self._is_ending:
            self.transport.close()

    # ── the connection ─────────────────────────────────────────────────────────────────────────────────────────────

    def shutdown(self) -> None:
        """End the connection, once whoever waits has an answer."""
        if self._taking is None:
            super().shutdown()
        else:
            self._is_ending = True

    def _keep_alive(self) -> None:
        """The alarm is not set anew for each request: when it rings, it looks when the last one was."""
        self._heard_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._set_alarm(self.timeout_keep_alive)

    def _set_alarm(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing has come for long."""
        left = self._heard_at + self.timeout_keep_alive - self.loop.time()
        if self._taking is not None or left > 0:
            self._set_alarm(max(left, 1.0))
        else:
            super().timeout_keep_alive_handler()


def make_protocol(fast: FastIntake) -> type[asyncio.Protocol]:
    """The protocol of a server whose alerts come in by `fast`; uvicorn calls it for each connection."""
    heads = Heads(fast)

    def make(**given: Any) -> DirectProtocol:
        return DirectProtocol(heads, fast, **given)

    return cast("type[asyncio.Protocol]", make)
