"""What somebody else has seen of a record shows that it was written anew, even by whoever has every key of ours."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from tocsin.app.witness import Witness
from tocsin.errors import Corrupt
from tocsin.store.checkpoints import (
    Signer,
    append_checkpoint,
    check_witnessed,
    is_signed,
    make_checkpoint,
    read_checkpoints,
)
from tocsin.store.heads import write_mark
from tocsin.store.rows import mend_sealed
from tocsin.store.verify import look, verify
from tocsin.timeline import chain
from tocsin.timeline.checkpoint import Checkpoint, spell_signed
from tocsin.timeline.codec import stamp
from tocsin.timeline.entry import Sealed

from .test_contract import AT, KEY

SIGNER = Signer(b"s" * 32)
"""Of the server that is attacked; the attacker has it too."""


def make(folder: Path, last: Checkpoint | None = None) -> Checkpoint:
    work = partial(make_checkpoint, signer=SIGNER, last=last, at=stamp(AT))
    return look(folder / "tocsin.db", work)


def compare(folder: Path, *seen: Checkpoint) -> list[str]:
    return [flaw.text for flaw in look(folder / "tocsin.db", partial(check_witnessed, checkpoints=seen))]


def seal_again(folder: Path, driver: sqlite3.Connection) -> None:
    """Seal all that is there, as whoever has the key can: entries, heads, counters and the mark."""
    macs: dict[tuple[str, int], Sealed] = {}
    before: dict[str, bytes] = {}
    driver.row_factory = sqlite3.Row
    for row in driver.execute("SELECT * FROM entry ORDER BY stream, seq").fetchall():
        old = mend_sealed(SimpleNamespace(**dict(row)))
        parts = (old.stream, str(old.seq), old.at, old.recorded_at)
        sealed = chain._mac(KEY, before.get(old.stream, chain.START), *(each.encode() for each in parts), old.body)
        before[old.stream] = sealed
        macs[old.stream, old.seq] = msgspec.structs.replace(old, mac=sealed)
        driver.execute("UPDATE entry SET mac = ? WHERE stream = ? AND seq = ?", (sealed, old.stream, old.seq))
    heads = [head for head in driver.execute("SELECT * FROM head ORDER BY n") if (head["stream"], head["seq"]) in macs]
    driver.execute("DELETE FROM head")
    seal, head = chain.START, chain.NO_HEAD
    for n, row in enumerate(heads, 1):
        head = chain.seal_head(KEY, seal, n, macs[row["stream"], row["seq"]])
        seal = head.seal
        driver.execute("INSERT INTO head VALUES (?, ?, ?, ?, ?)", (n, head.stream, head.seq, head.mac, head.seal))
    driver.execute("DELETE FROM card WHERE id NOT IN (SELECT stream FROM entry)")
    driver.execute("UPDATE card SET seq = (SELECT max(seq) FROM entry WHERE stream = card.id)")
    driver.commit()
    write_mark(folder / "mark", chain.sign_mark(KEY, head))


ATTACKS = {
    "an entry edited": (
        "UPDATE entry SET body = replace(body, 'ana', 'eve') WHERE stream = 'a-2' AND seq = 3",
        "a-2: ",
    ),
    "a tail cut": ("DELETE FROM entry WHERE stream = 'a-3' AND seq > 2", "a-3: the tail was cut"),
    "a stream missing": ("DELETE FROM entry WHERE stream = 'a-3'", "a-3: the whole stream is missing"),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_history_written_anew_is_found_although_it_holds_together(folder: Path, attack: str) -> None:
    statement, said = ATTACKS[attack]
    seen = make(folder)
    assert compare(folder, seen) == []
    with sqlite3.connect(folder / "tocsin.db") as driver:
        assert driver.execute(statement).rowcount
        if "missing" in attack:
            driver.execute("UPDATE counter SET value = 2 WHERE name LIKE 'incident/%'")
        seal_again(folder, driver)
    driver.close()
    assert verify(folder / "tocsin.db", KEY, folder / "mark").flaws == ()
    found = compare(folder, seen)
    assert any(text.startswith(said) for text in found), found


async def test_a_changed_checkpoint_is_named(folder: Path) -> None:
    seen = make(folder)
    changed = msgspec.structs.replace(seen, tips=(*seen.tips[:-1], msgspec.structs.replace(seen.tips[-1], seq=3)))
    assert is_signed(seen)
    assert not is_signed(changed)
    assert "is not what was signed" in compare(folder, changed)[0]


async def test_a_witness_without_any_is_no_witness(folder: Path) -> None:
    assert "no checkpoint" in compare(folder)[0]


async def test_the_witness_keeps_what_follows_and_what_contradicts(folder: Path, tmp_path: Path) -> None:
    first = make(folder)
    second = make(folder, first)
    witness = Witness(tmp_path / "w")
    assert (await witness.take(second))[0] == 409
    assert [(await witness.take(each))[0] for each in (first, first, second)] == [201, 200, 201]
    other = msgspec.structs.replace(second, upto=0, sign="")
    other = msgspec.structs.replace(other, sign=SIGNER.sign(spell_signed(other)))
    status, text = await witness.take(other)
    assert (status, "contradicts" in text) == (410, True)
    assert (await witness.take(msgspec.structs.replace(first, upto=7)))[0] == 400
    again = Witness(tmp_path / "w")
    kept = read_checkpoints(again.spell(), "w")
    assert kept == [first, second, other]
    assert any("written twice" in text for text in compare(folder, *kept))


async def test_a_stranger_cannot_fill_a_witness(folder: Path, tmp_path: Path) -> None:
    witness = Witness(tmp_path / "w", (Signer(b"t" * 32).public,))
    assert (await witness.take(make(folder)))[0] == 403


async def test_a_line_that_a_crash_has_cut_is_written_over(folder: Path, tmp_path: Path) -> None:
    path, first = tmp_path / "log", make(folder)
    append_checkpoint(path, first)
    with path.open("ab") as file:
        file.write(b'{"number": 2, "at"')
    assert read_checkpoints(path.read_bytes(), "log") == [first]
    append_checkpoint(path, make(folder, first))
    assert [each.number for each in read_checkpoints(path.read_bytes(), "log")] == [1, 2]
    with pytest.raises(Corrupt):
        read_checkpoints(b"nonsense\n" + path.read_bytes(), "log")
