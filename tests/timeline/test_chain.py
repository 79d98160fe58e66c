"""The chain breaks on any edit, and says which."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tocsin.timeline import chain
from tocsin.timeline.entry import Entry, Sealed
from tocsin.timeline.events import NoteAdded

KEY = b"k" * 32
AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def seal(*texts: str, stream: str = "team-1") -> list[Sealed]:
    sealed: list[Sealed] = []
    before = chain.START
    for at, text in enumerate(texts):
        event = NoteAdded(text=text, by="ana")
        moment = AT + timedelta(seconds=at)
        entry = Entry(stream=stream, seq=at + 1, at=moment, recorded_at=moment, event=event)
        sealed.append(chain.seal_entry(KEY, before, entry))
        before = sealed[-1].mac
    return sealed


def faults(entries: list[Sealed], key: bytes = KEY) -> list[tuple[str, int]]:
    return [(flaw.fault, flaw.seq) for flaw in chain.check_stream(key, entries)]


def test_an_untouched_stream_has_no_flaw() -> None:
    assert faults(seal("a", "b", "c")) == []


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6), st.data())
def test_any_edit_of_any_field_is_named(texts: list[str], data: st.DataObject) -> None:
    entries = seal(*texts)
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["body", "at", "recorded_at", "stream", "mac"]))
    before = getattr(entries[at], field)
    after = before + (b"x" if isinstance(before, bytes) else "x")
    entries[at] = msgspec.structs.replace(entries[at], **{field: after})
    assert ("edited", at + 1) in faults(entries)


@given(st.binary(max_size=200), st.text(max_size=30), st.text(max_size=3000), st.integers(1, 10**12))
def test_a_seal_is_the_hmac_of_its_fields_each_behind_its_length(key: bytes, stream: str, text: str, seq: int) -> None:
    entry = Entry(stream=stream, seq=seq, at=AT, recorded_at=AT, event=NoteAdded(text=text, by="ana"))
    sealed = chain.seal_entry(key, chain.START, entry)
    at = b"2026-03-02T03:00:00.000000Z"
    fields = (chain.START, stream.encode(), str(seq).encode(), at, at, sealed.body)
    framed = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    assert sealed.mac == hmac.digest(key, framed, "sha256")


def test_a_gap_is_named() -> None:
    entries = seal("a", "b", "c")
    assert faults([entries[0], entries[2]]) == [("gap", 2)]


def test_another_key_finds_every_entry_edited() -> None:
    assert faults(seal("a", "b"), b"x" * 32) == [("edited", 1), ("edited", 2)]


def test_fields_cannot_be_shifted_into_each_other() -> None:
    """Without length prefixes, moving a character from one field to the next would keep the bytes."""
    entry = seal("a")[0]
    moved = msgspec.structs.replace(entry, at=entry.at + "2", recorded_at=entry.recorded_at[1:])
    assert faults([moved]) == [("edited", 1)]


def heads(*lasts: Sealed) -> list[chain.Head]:
    made: list[chain.Head] = []
    before = chain.START
    for at, last in enumerate(lasts):
        made.append(chain.seal_head(KEY, before, at + 1, last))
        before = made[-1].seal
    return made


def test_a_cut_tail_and_a_missing_stream_are_named() -> None:
    one, two = seal("a", "b"), seal("c", stream="team-2")
    made = heads(one[-1], two[-1])
    ends = {"team-1": (1, one[0].mac)}
    found = [(flaw.fault, flaw.stream) for flaw in chain.check_heads(KEY, made, ends)]
    assert found == [("cut", "team-1"), ("missing", "team-2")]


def test_entries_put_in_from_outside_are_named() -> None:
    one = seal("a", "b")
    made = heads(one[0])
    found = [(flaw.fault, flaw.seq) for flaw in chain.check_heads(KEY, made, {"team-1": (2, one[1].mac)})]
    assert found == [("edited", 2)]


def test_the_mark_outside_sees_what_was_cut_from_both_chains() -> None:
    one = seal("a", "b")
    made = heads(one[0], one[1])
    mark = chain.sign_mark(KEY, made[1])
    assert [flaw.fault for flaw in chain.check_mark(KEY, mark, 1, None)] == ["cut"]
    assert list(chain.check_mark(KEY, mark, 2, made[1].seal)) == []
    assert [flaw.fault for flaw in chain.check_mark(KEY, mark, 2, made[0].seal)] == ["heads"]


def test_a_missing_mark_is_a_flaw_as_soon_as_there_is_a_head() -> None:
    assert [flaw.fault for flaw in chain.check_mark(KEY, None, 1, None)] == ["mark"]
    assert list(chain.check_mark(KEY, None, 0, None)) == []


def test_a_mark_cannot_be_made_of_the_heads_without_the_key() -> None:
    made = heads(*seal("a", "b"))
    for sign in (b"", made[0].seal, chain.sign_mark(b"x" * 32, made[0]).sign, chain.sign_mark(KEY, made[1]).sign):
        forged = chain.Mark(head=made[0], sign=sign)
        assert [flaw.fault for flaw in chain.check_mark(KEY, forged, 1, made[0].seal)] == ["mark"]
