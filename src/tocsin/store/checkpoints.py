"""Making checkpoints of a record, signing them, and holding a record against those that somebody else has kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, func, select

from tocsin.errors import Corrupt
from tocsin.store import schema
from tocsin.store.folder import sync_folder
from tocsin.store.rows import mend_removal, mend_sealed
from tocsin.timeline.chain import Flaw
from tocsin.timeline.checkpoint import FORMAT, NO_LINK, Checkpoint, Tip, hash_checkpoint, hash_lines, link, spell_signed

_decode = msgspec.json.Decoder(Checkpoint).decode


class Signer:
    """Signs with the Ed25519 key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(key)
        self.public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, content: bytes) -> str:
        """The signature, in hex."""
        return self._private.sign(content).hex()


def make_checkpoint(connection: Connection, signer: Signer, last: Checkpoint | None, at: str) -> Checkpoint:
    """The next checkpoint behind `last`, of one state of the record."""
    h, e = schema.head, schema.entry
    since = last.upto if last is not None else 0
    upto = connection.execute(select(func.max(h.c.n))).scalar() or 0
    changed = connection.execute(select(h.c.stream).where(h.c.n > since).distinct()).scalars().all()
    tips = tuple(tip for stream in sorted(changed) if (tip := _find_tip(connection, stream)) is not None)
    draft = Checkpoint(
        number=last.number + 1 if last is not None else 1,
        at=at,
        key=signer.public,
        before=hash_checkpoint(last) if last is not None else "",
        upto=upto,
        streams=connection.execute(select(func.count(e.c.stream.distinct()))).scalar() or 0,
        lines=hash_lines(tips),
        tips=tips,
    )
    return msgspec.structs.replace(draft, sign=signer.sign(spell_signed(draft)))


def _find_tip(connection: Connection, stream: str) -> Tip | None:
    tip = None
    for tip in _walk(connection, stream):  # noqa: B007 the last one counts
        pass
    return tip


def _walk(connection: Connection, stream: str) -> Iterator[Tip]:
    t, before = schema.entry, NO_LINK
    for row in connection.execute(select(t).where(t.c.stream == stream).order_by(t.c.seq)):
        sealed = mend_sealed(row)
        before = link(before, sealed)
        yield Tip(stream=stream, seq=sealed.seq, link=before.hex())


def is_signed(checkpoint: Checkpoint) -> bool:
    """Whether it is what its key has signed, every line of it."""
    if checkpoint.format != FORMAT or hash_lines(checkpoint.tips) != checkpoint.lines:
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.key))
        key.verify(bytes.fromhex(checkpoint.sign), spell_signed(checkpoint))
    except (InvalidSignature, ValueError):
        return False
    return True


def follows(checkpoint: Checkpoint, last: Checkpoint | None) -> bool:
    """Whether it is the next one behind `last`."""
    if last is None:
        return checkpoint.number == 1 and not checkpoint.before
    return checkpoint.number == last.number + 1 and checkpoint.before == hash_checkpoint(last)


# ── the file that they are kept in ─────────────────────────────────────────────────────────────────────────────────


def read_checkpoints(content: bytes, name: str) -> list[Checkpoint]:
    """Those in a file of lines, or a single one. A last line that a crash has cut is left out. Raises `Corrupt`."""
    lines = content.split(b"\n")
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if number == len(lines) and number > 1:
                break
            raise Corrupt(f"{name}: line {number} is no checkpoint ({error}). Ask the witness for its copy.") from error
    return found


def append_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write one more, durably; what a crash has cut before is made a line of its own nobody reads."""
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        whole = file.read()
        file.truncate(whole.rfind(b"\n") + 1)
        file.write(msgspec.json.encode(checkpoint) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(path.parent)


# ── holding a record against them ──────────────────────────────────────────────────────────────────────────────────


def check_witnessed(connection: Connection, checkpoints: Sequence[Checkpoint], own_key: str = "") -> list[Flaw]:
    """What of the record is not as somebody else has seen it. It need not be signed by this server's present key, but
    a record without its key says so.
    """
    flaws = list(_check_series(checkpoints, own_key))
    t, h = schema.removed, schema.head
    removed = {each.stream: each.seq for each in map(mend_removal, connection.execute(select(t)))}
    seen: dict[str, list[Tip]] = {}
    for checkpoint in filter(is_signed, checkpoints):
        for tip in checkpoint.tips:
            seen.setdefault(tip.stream, []).append(tip)
    for stream, tips in sorted(seen.items()):
        if removed.get(stream, 0) < max(tip.seq for tip in tips):
            flaws += _check_stream(connection, stream, sorted(tips, key=lambda tip: tip.seq))
    last = connection.execute(select(func.max(h.c.n))).scalar() or 0
    upto = max((each.upto for each in checkpoints), default=0)
    if last < upto:
        text = f"The witness has seen {upto} changes of this record, and it holds {last}: its end was cut."
        flaws.append(Flaw(fault="witness", stream="", seq=last, text=text))
    return flaws


def _check_series(checkpoints: Sequence[Checkpoint], own_key: str) -> Iterator[Flaw]:
    if not checkpoints:
        text = (
            "The witness holds no checkpoint of any record. Look at [witness] in tocsin.toml, and whether it arrives."
        )
        yield Flaw(fault="witness", stream="", seq=0, text=text)
    last: dict[str, Checkpoint] = {}
    for each in checkpoints:
        name = f"Checkpoint {each.number} of {each.at[:19]} (key {each.key[:16]})"
        before = last.get(each.key)
        if not is_signed(each):
            yield Flaw(fault="witness", stream="", seq=each.number, text=f"{name} is not what was signed.")
        elif before is not None and not follows(each, before):
            text = f"{name} does not follow number {before.number}: one is missing, or the history was written twice."
            yield Flaw(fault="witness", stream="", seq=each.number, text=text)
        last[each.key] = each
    if own_key and last and own_key not in last:
        keys = ", ".join(key[:16] for key in last)
        text = (
            f"This record's key for checkpoints is {own_key[:16]}, which the witness has never seen; it knows {keys}."
        )
        yield Flaw(fault="witness", stream="", seq=0, text=text)


def _check_stream(connection: Connection, stream: str, tips: list[Tip]) -> Iterator[Flaw]:
    """The first thing in a stream that is not as it was seen."""
    wanted = {tip.seq: tip.link for tip in tips}
    good = end = 0
    for found in _walk(connection, stream):
        end = found.seq
        link_then = wanted.pop(found.seq, None)
        if link_then is not None and link_then != found.link:
            entries = f"entry {found.seq}" if found.seq == good + 1 else f"one of the entries {good + 1} to {found.seq}"
            text = f"{stream}: {entries} is not what the witness has seen; the history was written anew."
            yield Flaw(fault="witness", stream=stream, seq=good + 1, text=text)
            return
        good = found.seq if link_then is not None else good
    if not wanted:
        return
    last = max(wanted)
    if end == 0:
        text = f"{stream}: the whole stream is missing; the witness has seen {last} entries of it."
        yield Flaw(fault="missing", stream=stream, seq=last, text=text)
    else:
        text = f"{stream}: the tail was cut; the witness has seen entries up to {last}, and there are {end}."
        yield Flaw(fault="cut", stream=stream, seq=end + 1, text=text)


def last_of(checkpoints: Iterable[Checkpoint], key: str) -> Checkpoint | None:
    """The last one that was made with a key."""
    return max((each for each in checkpoints if each.key == key), key=lambda each: each.number, default=None)
