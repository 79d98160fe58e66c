"""The folders that incidents' steps have as /tmp: bounded, walked without following anything, taken away in time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tocsin.integrations import scratch as room
from tocsin.integrations.isolation import STEP_UID
from tocsin.integrations.scratch import KEPT_DAYS, UNUSED_S, Scratches, find_written, glance, read_file, survey

DAY = 86400


@pytest.fixture
def scratches(tmp_path: Path) -> Scratches:
    return Scratches(tmp_path / "data" / "scratch")


def make(scratches: Scratches, incident: str = "shop-1", target: str = "shop/local") -> Path:
    folder = scratches.find(incident, target)
    scratches.root.parent.mkdir(exist_ok=True)
    scratches.open(folder, ())
    return folder


@pytest.mark.parametrize("name", ["shop-1", "..", ".", "a/../../b", "x" * 300, "é\n ", ""])
def test_every_name_is_one_folder_of_its_own(scratches: Scratches, name: str) -> None:
    folder = make(scratches, name, name)
    assert folder.parent.parent == scratches.root
    assert (folder / "tmp").is_dir()
    assert folder.resolve() == folder
    assert folder != make(scratches, name + "-", name)


def test_only_the_owner_comes_near(scratches: Scratches) -> None:
    folder = make(scratches)
    assert [each.stat().st_mode & 0o777 for each in (scratches.root, folder.parent, folder)] == [0o700] * 3


def test_a_survey_names_files_and_follows_nothing(scratches: Scratches, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret" * 100)
    tmp = make(scratches) / "tmp"
    (tmp / "a").mkdir()
    (tmp / "a" / "b.log").write_text("found")
    (tmp / "link").symlink_to(tmp_path / "secret")
    (tmp / "folder").symlink_to(tmp_path)
    os.mkfifo(tmp / "pipe")
    found = survey(tmp.parent)
    assert [(each.path, each.size) for each in found.files] == [("/tmp/a/b.log", 5)]
    assert read_file(tmp.parent, "/tmp/a/b.log", 100) == b"found"
    for path in ("/tmp/link", "/tmp/folder/secret", "/tmp/pipe", "/tmp/a", "/tmp/none", "/tmp/a/../../../../secret"):
        assert read_file(tmp.parent, path, 100) == b""


def test_what_is_new_or_changed_is_what_was_written(scratches: Scratches) -> None:
    tmp = make(scratches) / "tmp"
    (tmp / "old").write_text("old")
    (tmp / "grown").write_text("1")
    before = survey(tmp.parent)
    (tmp / "grown").write_text("12")
    (tmp / "new").write_text("123")
    assert [each.path for each in find_written(before, survey(tmp.parent))] == ["/tmp/new", "/tmp/grown"]


def test_a_survey_ends_however_much_there_is(scratches: Scratches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_ENTRIES", 10)
    tmp = make(scratches) / "tmp"
    for at in range(12):
        (tmp / str(at)).touch()
    found = survey(tmp.parent)
    assert (len(found.files), found.beyond) == (10, "more than 10 files and folders")


@pytest.fixture
def plain_user(ground: Path) -> Iterator[Path]:
    """A folder of somebody's whom permissions bind: root is none."""
    folder = ground / "plain"
    folder.mkdir()
    if os.geteuid() != 0:
        yield folder
        return
    os.chown(folder, STEP_UID, STEP_UID)
    os.seteuid(STEP_UID)
    try:
        yield folder
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("mode", [0o000, 0o600, 0o300, 0o700])
def test_what_a_step_has_shut_is_counted_and_stays_shut(plain_user: Path, mode: int) -> None:
    tmp = make(Scratches(plain_user / "data" / "scratch")) / "tmp"
    (tmp / "shut" / "in").mkdir(parents=True)
    (tmp / "shut" / "in" / "file").write_bytes(b"x" * 2**20)
    (tmp / "shut" / "in").chmod(mode)
    (tmp / "shut").chmod(mode)
    found = survey(tmp.parent)
    assert ([each.path for each in found.files], found.beyond) == (["/tmp/shut/in/file"], "")
    assert found.taken >= 2**20
    assert (tmp / "shut").stat().st_mode & 0o777 == mode


def test_holes_are_not_counted(scratches: Scratches) -> None:
    tmp = make(scratches) / "tmp"
    with (tmp / "sparse").open("wb") as file:
        file.truncate(2**40)
    assert survey(tmp.parent).taken < 2**20


@pytest.mark.parametrize(("kept", "days", "stays"), [
    (["shop-1"], 1000, True), ([], KEPT_DAYS - 1, True), ([], KEPT_DAYS + 1, False), (["shop-2"], KEPT_DAYS + 1, False),
])  # fmt: skip
def test_it_is_taken_away_some_days_after_the_incident(
    scratches: Scratches, tmp_path: Path, kept: list[str], days: int, stays: bool
) -> None:
    """Whatever lies in it, and nothing of where it leads."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    folder = make(scratches)
    deep = folder / "tmp" / "shut" / "in"
    deep.mkdir(parents=True)
    (deep / "link").symlink_to(outside)
    (folder / "tmp" / "link").symlink_to(outside)
    (folder / "tmp" / "shut").chmod(0)
    now = folder.parent.stat().st_mtime + days * DAY
    gone = scratches.sweep(kept, now)
    assert (folder.exists(), gone) == (stays, [] if stays else ["shop-1"])
    assert (outside / "file").exists()


def test_nothing_to_sweep_is_no_trouble(scratches: Scratches) -> None:
    assert scratches.sweep([]) == []


def test_what_stands_where_a_folder_must_be_is_moved_aside(scratches: Scratches, tmp_path: Path) -> None:
    folder = make(scratches)
    (folder / "tmp" / "work").symlink_to(tmp_path)
    scratches.open(folder, [Path("/tmp/work"), Path("/var/tmp/other")])
    assert (folder / "tmp" / "work").is_dir()
    assert not (folder / "tmp" / "work").is_symlink()
    assert (folder / "var-tmp" / "other").is_dir()
    assert [each.is_symlink() for each in (folder / "tmp").glob("work.moved-*")] == [True]


PIN = Path("/var/tmp/work")


def test_a_glance_sees_that_there_is_nothing_but_pins(scratches: Scratches) -> None:
    folder = make(scratches)
    assert glance(folder, ()) == survey(folder)
    scratches.open(folder, [PIN])
    assert glance(folder, [PIN]) == survey(folder)
    assert glance(folder, ()) is None


@pytest.mark.parametrize(
    "leave",
    [
        lambda folder: (folder / "tmp" / "file").touch(),
        lambda folder: (folder / "tmp" / "folder").mkdir(),
        lambda folder: (folder / "var-tmp" / "work" / "below").touch(),
        lambda folder: (folder / "tmp").chmod(0o700),
        lambda folder: (folder / "var-tmp" / "work").rmdir(),
        lambda folder: (folder / "var-tmp" / "work").rename(folder / "var-tmp" / "other"),
        lambda folder: (folder / "tmp" / "work").symlink_to("/"),
        lambda folder: (
            (folder / "var-tmp" / "work").rmdir(),
            (folder / "var-tmp" / "work").symlink_to(folder / "tmp"),
        ),
        lambda folder: os.utime(folder.parent, (0, folder.parent.stat().st_mtime - UNUSED_S)),
    ],
)
def test_all_else_is_looked_at_properly(scratches: Scratches, leave: Callable[[Path], object]) -> None:
    folder = make(scratches)
    scratches.open(folder, [PIN])
    assert glance(folder, [PIN]) is not None
    leave(folder)
    assert glance(folder, [PIN]) is None
