"""Blobs, keys and the lock: files that nobody else may read, and one server at a time."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine.failpoint import pass_by
from tocsin.errors import Corrupt, NotFound
from tocsin.integrations.capture import Capture
from tocsin.store.blobs import FileBlobs
from tocsin.store.keys import read_key
from tocsin.store.lock import DataInUse, DataNotWritable, take_lock


async def test_a_blob_is_found_by_its_content_and_kept_once(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs", pass_by)
    digest = await blobs.put(b"evidence")
    assert await blobs.put(b"evidence") == digest
    assert await blobs.get(digest) == b"evidence"
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 63, "G" * 64, "0" * 64])
async def test_what_is_no_blob_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        await FileBlobs(tmp_path / "blobs", pass_by).get(name)


async def test_what_is_not_what_was_kept_is_not_shown(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs", pass_by)
    digest = await blobs.put(b"evidence")
    for forged in (b"FORGED", b"", b"evidence "):
        (tmp_path / "blobs" / digest[:2] / digest).write_bytes(forged)
        with pytest.raises(Corrupt, match="verify"):
            await blobs.get(digest)


async def test_what_was_changed_is_made_whole_when_it_is_kept_again(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs", pass_by)
    digest = await blobs.put(b"a playbook")
    (tmp_path / "blobs" / digest[:2] / digest).write_bytes(b"FORGED")
    assert await blobs.put(b"a playbook") == digest
    assert await blobs.get(digest) == b"a playbook"


def test_a_key_is_made_once_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "chain"
    key = read_key(path)
    assert read_key(path) == key
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "chain"
    path.write_text("not a key")
    with pytest.raises(Corrupt, match="backup"):
        read_key(path)


def test_the_second_server_is_told_who_is_first(tmp_path: Path) -> None:
    take_lock(tmp_path / "data")
    with pytest.raises(DataInUse, match="process"):
        take_lock(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_data_directory_that_cannot_be_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataNotWritable, match="--data"):
        take_lock(tmp_path / "file" / "data")


@given(st.lists(st.binary(max_size=50), max_size=40), st.integers(2, 60))
def test_output_is_kept_whole_or_head_and_tail_with_the_cut_counted(chunks: list[bytes], most: int) -> None:
    capture = Capture(most)
    for chunk in chunks:
        capture.add(chunk)
    whole = b"".join(chunks)
    kept = capture.content()
    if not capture.cut:
        assert kept == whole
        return
    told = f"[… {capture.cut} bytes left out …]\n".encode()
    head, found, tail = kept.partition(told)
    assert found
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) <= most // 2
    assert len(tail) <= most // 2
    assert capture.cut == len(whole) - len(head) - len(tail)
    assert head[-1:] in (b"", b"\n"), "half a line may be half a secret"
    assert not tail or whole[len(whole) - len(tail) - 1 :].startswith(b"\n"), "half a line may be half a secret"
