"""An event with its place and times: what a stream is made of."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.timeline.events import Event


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The `seq`-th event of `stream` (from 1): `at` is when it happened, `recorded_at` when it was written, in UTC."""

    stream: str
    seq: int
    at: datetime
    recorded_at: datetime
    event: Event


class Sealed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry as it is stored: the event's exact bytes, and the seal over them and all before them."""

    stream: str
    seq: int
    at: str
    recorded_at: str
    body: bytes
    mac: bytes
