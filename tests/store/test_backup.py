"""A backup holds what was there, or says why not; what is restored is whole, or nothing is."""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.backup import back_up_file
from tocsin.app.restoring import DataThere, restore_file
from tocsin.app.storage import Data
from tocsin.errors import Corrupt, TocsinError, UserError
from tocsin.store.archive import LIST, Contents, Damaged, NoBackup, NotKept, is_safe, measure, read_archive
from tocsin.store.blobs import FileBlobs
from tocsin.store.lock import DataInUse, take_lock
from tocsin.store.sqlite import SqliteStore
from tocsin.store.verify import verify

from .test_contract import KEY

NOW = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)


@pytest.fixture
async def record(folder: Path) -> Path:
    """A data directory as a server has it: with keys and a blob."""
    (folder / "keys").mkdir(mode=0o700)
    for name in ("chain", "link"):
        (folder / "keys" / name).write_text(KEY.hex())
    await FileBlobs(folder / "blobs", lambda _: None).put(b"what the step printed")
    return folder


@pytest.fixture
async def archive(record: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return back_up_file(record, None, tmp_path_factory.mktemp("backups"), NOW)[0]


def restore(archive: Path, into: Path) -> Data:
    restore_file(archive, into, None)
    return Data(into)


def is_whole(data: Data) -> bool:
    report = verify(data.database, data.chain_key(), data.mark, data.blobs)
    return not report.flaws and report.entries == 12


async def test_what_is_restored_is_what_was_there(record: Path, archive: Path, tmp_path: Path) -> None:
    data = restore(archive, tmp_path / "again")
    assert is_whole(data)
    assert data.chain_key() == KEY
    assert [path.read_bytes() for path in data.blobs.glob("*/*")] == [b"what the step printed"]
    SqliteStore(data.database, KEY, data.mark).close()  # a server would go on from it


async def test_only_the_owner_reads_it(archive: Path, tmp_path: Path) -> None:
    data = restore(archive, tmp_path / "again")
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    for path in (data.database.parent, *data.database.parent.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_a_server_that_has_the_file_open_is_no_hindrance(
    record: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("beside")
    store = SqliteStore(record / "tocsin.db", KEY, record / "mark")
    try:
        archive, contents = back_up_file(record, None, folder, NOW)
    finally:
        store.close()
    assert (contents.entries, contents.streams) == (12, 3)
    assert archive.name == "tocsin-20261121-031200Z.tar.gz"
    assert [path.name for path in folder.iterdir()] == [archive.name], "nothing else is left"


async def test_a_mark_that_lags_is_brought_up_to_the_copy(
    record: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lag")
    archive, _ = back_up_file(record, None, folder, NOW)
    data = restore(archive, folder / "again")
    database = sqlite3.connect(data.database)
    database.execute("DELETE FROM head WHERE n = (SELECT max(n) FROM head)")
    database.commit()
    database.close()
    assert {flaw.fault for flaw in verify(data.database, KEY, data.mark).flaws} & {"mark", "cut"}


async def test_no_backup_is_overwritten(record: Path, archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(NotKept, match="is there already"):
        back_up_file(record, None, archive, NOW)
    assert archive.read_bytes() == before


@pytest.mark.parametrize("held", ["tocsin.db", "blobs", "anything"])
async def test_nothing_is_restored_over_anything(archive: Path, tmp_path: Path, held: str) -> None:
    into = tmp_path / "again"
    into.mkdir()
    (into / held).write_text("mine")
    with pytest.raises(DataThere, match=held):
        restore_file(archive, into, None)
    assert (into / held).read_text() == "mine"
    assert not (tmp_path / ".again.restoring").exists()


async def test_a_server_that_runs_keeps_its_data_directory(archive: Path, tmp_path: Path) -> None:
    lock = take_lock(tmp_path / "again")
    with pytest.raises(DataInUse):
        restore_file(archive, tmp_path / "again", None)
    os.close(lock)


async def test_what_a_killed_restore_left_is_no_hindrance(archive: Path, tmp_path: Path) -> None:
    left = tmp_path / ".again.restoring" / "data"
    left.mkdir(parents=True)
    (left / "tocsin.db").write_text("half")
    assert is_whole(restore(archive, tmp_path / "again"))


async def test_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to back up"):
        back_up_file(tmp_path, None, tmp_path / "a.tar.gz", NOW)


async def test_a_record_that_does_not_hold_is_not_backed_up(
    record: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = sqlite3.connect(record / "tocsin.db")
    database.execute("UPDATE entry SET body = '{}' WHERE seq = 2")
    database.commit()
    database.close()
    folder = tmp_path_factory.mktemp("bad")
    with pytest.raises(Corrupt, match="There are 2 more"):
        back_up_file(record, None, folder, NOW)
    assert not list(folder.iterdir())


def rewrite(archive: Path, to: Path, change: Callable[[str, bytes], bytes], rename: Callable[[str], str] = str) -> Path:
    """A backup with changed parts and a list that agrees with them."""
    with tarfile.open(archive) as tar:
        parts = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr] # plain files
    contents = msgspec.json.decode(parts.pop(LIST), type=Contents)
    made = {rename(name): change(name, content) for name, content in parts.items()}
    listed = msgspec.structs.replace(contents, parts=tuple(measure(*each) for each in made.items()))
    with tarfile.open(to, "w:gz") as tar:
        for name, content in {LIST: msgspec.json.encode(listed), **made}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return to


async def test_a_record_that_was_changed_in_the_backup_is_not_restored(archive: Path, tmp_path: Path) -> None:
    """Whoever can write the archive can make its list agree, and cannot make the chain agree."""

    def change(name: str, content: bytes) -> bytes:
        return content.replace(b'"text":"3"', b'"text":"9"') if name.endswith("tocsin.db") else content

    forged = rewrite(archive, tmp_path / "forged.tar.gz", change)
    with pytest.raises(Corrupt, match="nothing was restored"):
        restore_file(forged, tmp_path / "again", None)
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["lock"]


@pytest.mark.parametrize("name", ["data/../../escaped", "/escaped", "workspace/../escaped", "elsewhere/x", "data"])
async def test_nothing_is_written_elsewhere(archive: Path, tmp_path: Path, name: str) -> None:
    assert not is_safe(name)
    forged = rewrite(archive, tmp_path / "f.tar.gz", lambda _, b: b, lambda n: name if n.endswith("link") else n)
    with pytest.raises(Damaged):
        restore_file(forged, tmp_path / "deep" / "again", None)
    assert not list(tmp_path.rglob("escaped"))


async def test_a_newer_form_is_named(archive: Path, tmp_path: Path) -> None:
    listed = json.dumps({"format": 2, "version": "9.1", "whatever": True}).encode()
    with tarfile.open(tmp_path / "new.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo(LIST)
        member.size = len(listed)
        tar.addfile(member, io.BytesIO(listed))
    with pytest.raises(NoBackup, match=r"made by tocsin 9\.1"):
        restore_file(tmp_path / "new.tar.gz", tmp_path / "again", None)


async def test_a_newer_schema_is_named(record: Path, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    database = sqlite3.connect(record / "tocsin.db")
    database.execute("UPDATE meta SET value = '99' WHERE name IN ('schema', 'schema_from')")
    database.commit()
    database.close()
    folder = tmp_path_factory.mktemp("newer")
    newer, _ = back_up_file(record, None, folder, NOW)
    with pytest.raises(UserError, match="schema 99"):
        restore_file(newer, folder / "again", None)
    assert [path.name for path in (folder / "again").iterdir()] == ["lock"]


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", gzip.compress(b"hello", mtime=0), gzip.compress(b"\0" * 10240, mtime=0), b"\x1f\x8b"],
    ids=["empty", "words", "gzip", "no members", "cut"],
)
async def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(NoBackup, match="no backup that tocsin made"):
        restore_file(tmp_path / "x", tmp_path / "again", None)


@pytest.mark.parametrize("name", ["missing", "."])
async def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoBackup, match="cannot be read"):
        restore_file(tmp_path / name, tmp_path / "again", None)


ARCHIVE: dict[str, bytes] = {}


@pytest.fixture
def _kept(archive: Path) -> None:
    ARCHIVE["bytes"] = archive.read_bytes()


@pytest.mark.usefixtures("_kept")
async def test_damage_anywhere_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    whole, folder = ARCHIVE["bytes"], tmp_path_factory.mktemp("damage")
    (folder / "good").write_bytes(whole)
    good = read_archive(folder / "good", lambda _: lambda _: None)

    @given(st.integers(0, len(whole) - 1), st.integers(1, 255), st.booleans())
    def damage(at: int, by: int, cut: bool) -> None:
        bad = folder / "bad.tar.gz"
        bad.write_bytes(whole[:at] if cut else whole[:at] + bytes([whole[at] ^ by]) + whole[at + 1 :])
        try:
            contents = read_archive(bad, lambda _: lambda _: None)
        except (NoBackup, Damaged):
            return
        assert not cut, at
        assert contents == good, "what means nothing to gzip, as its header's time, may differ"

    damage()


async def test_the_last_byte_counts(archive: Path, tmp_path: Path) -> None:
    bad = tmp_path / "cut.tar.gz"
    bad.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(Damaged):
        restore_file(bad, tmp_path / "again", None)


def run_small(most: int, *words: str) -> subprocess.CompletedProcess[str]:
    """A verb in a process that cannot write a file longer than `most`: a disk that is full, as far as it can tell."""
    code = (
        "import resource, sys; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most})); "
        "sys.argv[0] = 'tocsin'; from tocsin.cli import main; main()"
    )
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("most", [8 * 4096, 300_000])
async def test_a_full_disk_leaves_no_backup(record: Path, tmp_path_factory: pytest.TempPathFactory, most: int) -> None:
    """Too little room for the copy of the database; or for the archive."""
    await FileBlobs(record / "blobs", lambda _: None).put(Random(1).randbytes(500_000))
    folder = tmp_path_factory.mktemp("full")
    assert (record / "tocsin.db").stat().st_size > 8 * 4096
    done = run_small(most, "backup", str(folder), "--data", str(record))
    assert done.returncode == 2, done.stderr
    assert "Make room" in done.stderr or "make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(folder.iterdir())


async def test_a_full_disk_leaves_nothing_half_restored(archive: Path, tmp_path: Path) -> None:
    done = run_small(8 * 4096, "restore", str(archive), "--data", str(tmp_path / "again"))
    assert done.returncode == 2, done.stderr
    assert "make room" in done.stderr
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["lock"]
    assert is_whole(restore(archive, tmp_path / "again")), "with room it works"


def make_workspace(root: Path) -> Path:
    (root / "playbooks").mkdir(parents=True)
    (root / "secrets").mkdir(mode=0o700)
    (root / "playbooks" / "shop.md").write_text("# Shop\n")
    (root / "secrets" / "shop.intake").write_text("ab" * 16)
    (root / "tocsin.toml").write_text('[teams.shop]\nplaybook = "playbooks/shop.md"\n')
    (root / "notes.txt").write_text("nobody's business\n")
    return root


async def test_a_workspace_without_settings_gets_those_of_the_backup(
    record: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("workspaces")
    root, other = make_workspace(folder / "one"), folder / "other"
    archive, _ = back_up_file(record, root, folder / "a.tar.gz", NOW)
    restored = restore_file(archive, other / ".tocsin" / "data", other)
    assert set(restored.written) == {"tocsin.toml", "playbooks/shop.md", "secrets/shop.intake"}
    assert stat.S_IMODE((other / "secrets" / "shop.intake").stat().st_mode) == 0o600
    assert stat.S_IMODE((other / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((other / ".tocsin").stat().st_mode) == 0o700
    assert (other / "tocsin.toml").read_text() == (root / "tocsin.toml").read_text()


async def test_a_workspace_keeps_its_own_settings(record: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("workspaces")
    root, other = make_workspace(folder / "one"), make_workspace(folder / "other")
    (other / "tocsin.toml").write_text("# mine\n")
    archive, _ = back_up_file(record, root, folder / "a.tar.gz", NOW)
    restored = restore_file(archive, other / ".tocsin" / "data", other)
    assert (restored.written, restored.kept) == ((), ("tocsin.toml",))
    assert (other / "tocsin.toml").read_text() == "# mine\n"


async def test_files_without_settings_are_not_mixed_up(record: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("workspaces")
    root, other = make_workspace(folder / "one"), folder / "other"
    archive, _ = back_up_file(record, root, folder / "a.tar.gz", NOW)
    (other / "playbooks").mkdir(parents=True)
    (other / "playbooks" / "shop.md").write_text("# Another\n")
    with pytest.raises(DataThere, match=r"playbooks/shop\.md"):
        restore_file(archive, other / ".tocsin" / "data", other)
    assert not (other / "tocsin.toml").exists()
    assert not (other / ".tocsin" / "data" / "tocsin.db").exists()


async def test_every_refusal_is_a_sentence(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(TocsinError, match=r"tocsin-.*\.$"):
        back_up_file(tmp_path / "x", None, archive, NOW)
