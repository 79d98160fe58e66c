"""Before a server writes: does the record fit its key and its mark? A quick look, where `verify` reads everything.

Looked at are the last heads, the mark beside the database, and the last entry of whatever is still going on. Whoever
went on with another key, or behind a cut tail, would bury the damage under good entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from tocsin.errors import Corrupt
from tocsin.store import schema
from tocsin.store.ends import check_ends, check_teams, count_going, find_going
from tocsin.store.heads import read_mark, write_mark
from tocsin.store.rows import mend_head
from tocsin.timeline import chain
from tocsin.timeline.chain import Flaw, Head, Mark

MOST_HEADS = 1000
"""How far back the chain of heads is followed."""
MOST_AT_START = 1000
"""Incidents whose ends are checked before a server begins: in some ten milliseconds."""


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """Where a record is kept, in words: the database's name, where its key is, and what is restored as one."""

    name: str
    key: str
    whole: str = "the whole data directory"


def keep_in_file(path: Path) -> Keeping:
    """A record in a file, with its key beside it."""
    return Keeping(name=str(path), key=str(path.parent / "keys" / "chain"))


def check_record(connection: Connection, key: bytes, mark: Path, keeping: Keeping, *, joining: bool = False) -> bool:
    """Raise `Corrupt` with a way out if a server must not go on from what is in the database.

    A database without any head gets its first mark, so that a missing one is seen from the first commit on. A server
    that is `joining` has no mark yet, and gets one. Where very much is going on, its ends are still to be checked
    (`ends.py`): whether they are is the answer.
    """
    kept = read_mark(mark)
    heads = _read_last_heads(connection)
    broken = [*_check_heads(key, heads)]
    flaws: list[Flaw] = []
    if kept is not None or not joining:
        flaws += chain.check_mark(key, kept, heads[-1].n if heads else 0, find_seal(connection, kept))
    signed = kept is None or chain.is_signed(key, kept)
    if broken and (not signed or (kept is None and joining and len(broken) == len(heads))):
        raise Corrupt(
            f"{keeping.name} was sealed with another key than the one in {keeping.key}. "
            "Restore that key from your backup; do not make a new one."
        )
    many = count_going(connection) > MOST_AT_START
    flaws = [*flaws, *broken] or [*check_teams(connection, key)] or ([] if many else [*_check_going(connection, key)])
    if flaws:
        raise explain(keeping, flaws[0])
    if kept is None:
        write_mark(mark, chain.sign_mark(key, heads[-1] if heads else chain.NO_HEAD))
    return many


def _check_going(connection: Connection, key: bytes) -> Iterator[Flaw]:
    heads, unsaid = find_going(connection)
    yield from check_ends(connection, key, heads)
    yield from unsaid


def explain(keeping: Keeping, flaw: Flaw) -> Corrupt:
    """The first flaw, and what to do."""
    found = f"{keeping.name} is not as tocsin left it: {flaw.text} `tocsin verify` names everything that is wrong."
    way_out = f"Restore {keeping.whole} from your backup, as one."
    if flaw.fault in ("mark", "cut"):
        way_out += " If you know why it is so, `tocsin verify --new-mark` goes on from what there is."
    return Corrupt(f"{found} {way_out}")


def _read_last_heads(connection: Connection) -> list[Head]:
    """The last heads in order; the first one only for what is chained to it, where there are more."""
    t = schema.head
    rows = connection.execute(select(t).order_by(t.c.n.desc()).limit(MOST_HEADS)).all()
    return [mend_head(row) for row in reversed(rows)]


def _check_heads(key: bytes, heads: list[Head]) -> Iterator[Flaw]:
    if len(heads) < MOST_HEADS:
        return chain.check_head_chain(key, heads)
    return chain.check_head_chain(key, heads[1:], heads[0])


def find_seal(connection: Connection, mark: Mark | None) -> bytes | None:
    """The seal of the head that a mark speaks of, null if that head is not there."""
    if mark is None or mark.head.n == 0:
        return chain.START if mark is not None else None
    t = schema.head
    seal = connection.execute(select(t.c.seal).where(t.c.n == mark.head.n)).scalar()
    return seal if isinstance(seal, bytes) or seal is None else b""
