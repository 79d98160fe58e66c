"""The keyed chain: each entry's seal covers its content and the seal before it, under a key kept outside the database.

A plain hash chain could be recomputed by whoever can write the database; an HMAC cannot without the key. Two chains
hold: one along each stream, and one over the heads of all streams (so that a cut tail or a whole missing stream is
seen). Fields are length-prefixed, so that no two different entries give the same bytes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from tocsin.timeline.codec import encode, stamp
from tocsin.timeline.entry import Entry, Sealed

BLOCK = 64
"""Bytes that SHA-256 takes in at once, to which HMAC fills up its key."""
START = b"\0" * 32
"""The seal before the first entry of every stream, and before the first head."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The `n`-th head (from 1): after it, `stream` ended with entry `seq`, sealed `mac`; `seal` chains the heads."""

    n: int
    stream: str
    seq: int
    mac: bytes
    seal: bytes


NO_HEAD = Head(n=0, stream="", seq=0, mac=b"", seal=START)
"""Before the first head: what the first mark speaks of."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A head as it is kept outside the database; `sign` shows that whoever wrote it had the key."""

    head: Head
    sign: bytes


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """That a stream, which had ended with entry `seq`, sealed `mac`, was taken away at `at` (as stored) by a rule.

    What is gone leaves this behind, sealed, so that nobody can take away a stream by saying that a rule did.
    """

    stream: str
    seq: int
    mac: bytes
    at: str
    rule: str
    seal: bytes = b""


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not hold.

    `fault` names the kind: `edited`, `gap`, `cut`, `missing`, `heads`, `mark`, `counter`, `removal`, or `blob`.
    """

    fault: str
    stream: str
    seq: int
    text: str


class _Sizes(dict[int, bytes]):
    """Lengths in four bytes; the usual ones are at hand."""

    def __missing__(self, length: int) -> bytes:
        return length.to_bytes(4, "big")


_SIZES = _Sizes({length: length.to_bytes(4, "big") for length in range(1024)})


def _mac(key: bytes, *parts: bytes) -> bytes:
    begun, ended = _begin(key)
    inner, outer = begun.copy(), ended.copy()
    inner.update(b"".join([_SIZES[len(part)] + part for part in parts]))
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=8)
def _begin(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """The two hashes of an HMAC (RFC 2104) that have taken in the key and nothing else: half the time of `hmac` itself,
    since a thousand entries a second are sealed with one key.
    """
    block = (key if len(key) <= BLOCK else hashlib.sha256(key).digest()).ljust(BLOCK, b"\0")
    begun, ended = (hashlib.sha256(bytes(each ^ pad for each in block)) for pad in (0x36, 0x5C))
    return begun, ended


def seal_entry(key: bytes, before: bytes, entry: Entry) -> Sealed:
    """Seal `entry` behind the entry whose seal is `before` (`START` for the first)."""
    recorded_at, body = stamp(entry.recorded_at), encode(entry.event)
    at = recorded_at if entry.at is entry.recorded_at else stamp(entry.at)
    mac = _mac(key, before, entry.stream.encode(), b"%d" % entry.seq, at.encode(), recorded_at.encode(), body)
    return Sealed(stream=entry.stream, seq=entry.seq, at=at, recorded_at=recorded_at, body=body, mac=mac)


def seal_head(key: bytes, before: bytes, n: int, last: Sealed) -> Head:
    """The `n`-th head, saying that `last` is now the end of its stream."""
    seal = _mac(key, before, str(n).encode(), last.stream.encode(), str(last.seq).encode(), last.mac)
    return Head(n=n, stream=last.stream, seq=last.seq, mac=last.mac, seal=seal)


def sign_mark(key: bytes, head: Head) -> Mark:
    """The mark that speaks of `head`. Heads stand in the database; a mark cannot be made of one without the key."""
    return Mark(head=head, sign=_mac(key, b"mark", str(head.n).encode(), head.seal))


def seal_removal(key: bytes, removal: Removal) -> Removal:
    """The removal with its seal, which no other removal has and nobody can make without the key."""
    seal = _mac(
        key,
        b"removal",
        removal.stream.encode(),
        str(removal.seq).encode(),
        removal.mac,
        removal.at.encode(),
        removal.rule.encode(),
    )
    return msgspec.structs.replace(removal, seal=seal)


def is_removed(key: bytes, removal: Removal) -> bool:
    """Whether the removal was written with this key."""
    return hmac.compare_digest(removal.seal, seal_removal(key, removal).seal)


def is_signed(key: bytes, mark: Mark) -> bool:
    """Whether the mark was written with this key."""
    return hmac.compare_digest(mark.sign, sign_mark(key, mark.head).sign)


def check_stream(key: bytes, entries: Iterable[Sealed], behind: Sealed | None = None) -> Iterator[Flaw]:
    """Flaws along one stream, whose entries come in the order of `seq`; from the one `behind` on, if that is given."""
    before, expected = (START, 1) if behind is None else (behind.mac, behind.seq + 1)
    for sealed in entries:
        if sealed.seq != expected:
            yield Flaw(
                fault="gap",
                stream=sealed.stream,
                seq=expected,
                text=f"{sealed.stream}: entries {expected} to {sealed.seq - 1} are missing.",
            )
        elif not _holds(key, before, sealed):
            yield Flaw(
                fault="edited",
                stream=sealed.stream,
                seq=sealed.seq,
                text=f"{sealed.stream}: entry {sealed.seq} was changed after it was written.",
            )
        before, expected = sealed.mac, sealed.seq + 1


def _holds(key: bytes, before: bytes, sealed: Sealed) -> bool:
    at, recorded_at = sealed.at.encode(), sealed.recorded_at.encode()
    expected = _mac(key, before, sealed.stream.encode(), b"%d" % sealed.seq, at, recorded_at, sealed.body)
    return hmac.compare_digest(expected, sealed.mac)


def check_heads(key: bytes, heads: Iterable[Head], ends: dict[str, tuple[int, bytes]]) -> Iterator[Flaw]:
    """Flaws of the heads (in order of `n`) against where each stream really ends: ``{stream: (seq, mac)}``."""
    latest: dict[str, Head] = {}
    yield from check_head_chain(key, _note(heads, latest))
    yield from (flaw for head in latest.values() for flaw in check_end(head, ends))
    for stream in sorted(set(ends) - set(latest)):
        yield _heads_flaw(
            f"{stream}: no head speaks of this stream; it was put in from outside.", ends[stream][0], stream
        )


def _note(heads: Iterable[Head], latest: dict[str, Head]) -> Iterator[Head]:
    for head in heads:
        latest[head.stream] = head
        yield head


def check_head_chain(key: bytes, heads: Iterable[Head], before: Head = NO_HEAD) -> Iterator[Flaw]:
    """Flaws along the chain of heads, from the one behind `before` on."""
    for head in heads:
        if head.n != before.n + 1:
            yield _heads_flaw(_tell_gap(before.n + 1, head.n - 1), before.n + 1)
        elif not hmac.compare_digest(_head_mac(key, before.seal, head), head.seal):
            yield _heads_flaw(f"Head {head.n} ({head.stream}) was changed after it was written.", head.n)
        before = head


def _tell_gap(first: int, last: int) -> str:
    if first >= last:
        what, gone = f"Head {last} is missing", "one change and the entries that it sealed were"
    else:
        what, gone = f"The heads {first} to {last} are missing", f"{last - first + 1} changes and their entries were"
    return f"{what}: {gone} taken out. The numbering proves it, but does not say of which stream they were."


def _head_mac(key: bytes, before: bytes, head: Head) -> bytes:
    return _mac(key, before, str(head.n).encode(), head.stream.encode(), str(head.seq).encode(), head.mac)


def _heads_flaw(text: str, seq: int, stream: str = "") -> Flaw:
    return Flaw(fault="heads", stream=stream, seq=seq, text=text)


def check_end(head: Head, ends: dict[str, tuple[int, bytes]]) -> Iterator[Flaw]:
    """Flaws of one stream's end against the last head that speaks of it."""
    if head.stream not in ends:
        text = f"{head.stream}: the whole stream is missing; it had {head.seq} entries."
        yield Flaw(fault="missing", stream=head.stream, seq=head.seq, text=text)
        return
    seq, mac = ends[head.stream]
    if seq < head.seq:
        text = f"{head.stream}: the tail was cut; entries {seq + 1} to {head.seq} are missing."
        yield Flaw(fault="cut", stream=head.stream, seq=seq + 1, text=text)
    elif seq > head.seq:
        text = f"{head.stream}: entries {head.seq + 1} to {seq} were put in from outside."
        yield Flaw(fault="edited", stream=head.stream, seq=head.seq + 1, text=text)
    elif mac != head.mac:
        text = f"{head.stream}: entry {seq} is not the one that was written last."
        yield Flaw(fault="edited", stream=head.stream, seq=seq, text=text)


def check_mark(
    key: bytes, mark: Mark | None, last_n: int, seal_at_mark: bytes | None, end: int | None = None
) -> Iterator[Flaw]:
    """Flaws of the heads, of which there are `last_n`, against the mark: its head must still be there, unchanged.

    `seal_at_mark` is the seal of the head with the mark's number, `end` the last entry that the mark's stream has, if
    somebody has looked. The mark may lag behind, never the heads.
    """
    if mark is None:
        if last_n:
            yield _mark_flaw("The mark outside the database is missing: nothing shows that no tail was cut.", last_n)
    elif not is_signed(key, mark):
        yield _mark_flaw("The mark outside the database was not written with this key.", mark.head.n)
    elif seal_at_mark is None:
        yield Flaw(fault="cut", stream=mark.head.stream, seq=mark.head.seq, text=_tell_cut(mark.head, last_n, end))
    elif seal_at_mark != mark.head.seal:
        yield _heads_flaw(f"Head {mark.head.n} is not the one that the mark outside the database holds.", mark.head.n)


def _tell_cut(marked: Head, last_n: int, end: int | None) -> str:
    """What a mark proves that the database has lost, to the last entry and head."""
    first = marked.seq if end is None else end + 1
    entries = f"entry {marked.seq} is" if first >= marked.seq else f"entries {first} to {marked.seq} are"
    heads = f"head {marked.n}" if last_n + 1 >= marked.n else f"heads {last_n + 1} to {marked.n}"
    return (
        f"{marked.stream}: the tail was cut; {entries} missing, and {heads}. "
        f"The mark outside the database proves it: it was signed at head {marked.n}, and the database ends at {last_n}."
    )


def _mark_flaw(text: str, seq: int) -> Flaw:
    return Flaw(fault="mark", stream="", seq=seq, text=text)
