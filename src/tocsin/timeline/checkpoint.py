"""Checkpoints: where every timeline stood, in a form that whoever has no key of ours can check.

The chain of a record is keyed, so that nobody can recompute it; whoever has its key can. A checkpoint goes to somebody
else (a witness, a mailbox), and later shows what the record was then. So that it can be checked without the key, it
holds *links*: a plain chain of hashes along each stream, over all that stands in its entries.

A checkpoint names the streams that have changed since the one before, whose hash it holds. It is signed over the hash
of what it names, line by line: a line can be shown alone, with the hashes of the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from tocsin.timeline.entry import Sealed

FORMAT = "tocsin-checkpoint-1"
NO_LINK = b"\0" * 32
"""Before the first entry of a stream."""


class Tip(msgspec.Struct, frozen=True, kw_only=True):
    """That a stream ended with entry `seq`; `link` (hex) is the hash over this entry and all before it."""

    stream: str
    seq: int
    link: str


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The `number`-th checkpoint (from 1) of the server whose public key (hex) is `key`, made at `at`.

    `before` is the hash of the one before; `upto` how many changes the record had, `streams` how many timelines.
    `lines` is the hash over the hashes of all `tips`, which are the streams that have changed since the one before.
    """

    format: str = FORMAT
    number: int
    at: str
    key: str
    before: str
    upto: int
    streams: int
    lines: str
    tips: tuple[Tip, ...] = ()
    sign: str = ""


def link(before: bytes, sealed: Sealed) -> bytes:
    """The link of an entry behind the one whose link is `before`. Fields are length-prefixed."""
    fields = (sealed.stream.encode(), b"%d" % sealed.seq, sealed.at.encode(), sealed.recorded_at.encode())
    digest = hashlib.sha256(b"tocsin-link-1" + before)
    for field in (*fields, sealed.body, sealed.mac):
        digest.update(len(field).to_bytes(4, "big") + field)
    return digest.digest()


def hash_line(tip: Tip) -> bytes:
    """The hash of one line of a checkpoint."""
    return hashlib.sha256(f"{tip.stream}\n{tip.seq}\n{tip.link}\n".encode()).digest()


def hash_lines(tips: Iterable[Tip]) -> str:
    """The hash over all lines."""
    return hashlib.sha256(b"".join(map(hash_line, tips))).hexdigest()


def spell_signed(checkpoint: Checkpoint) -> bytes:
    """Exactly the bytes that the signature is over."""
    c = checkpoint
    parts = (c.format, c.number, c.at, c.key, c.before, c.upto, c.streams, c.lines)
    return "".join(f"{part}\n" for part in parts).encode()


def hash_checkpoint(checkpoint: Checkpoint) -> str:
    """The hash that the next one holds."""
    return hashlib.sha256(spell_signed(checkpoint) + checkpoint.sign.encode()).hexdigest()
