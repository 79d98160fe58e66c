"""What boxes look like is remembered for a moment, and never across a change."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

import pytest

from tocsin.integrations import layouts as layouts_room
from tocsin.integrations.box import Box, Mount
from tocsin.integrations.isolation import Isolation
from tocsin.integrations.layouts import Layouts, walk

ALONE = Isolation(bwrap="/usr/bin/bwrap")


def test_a_layout_serves_every_scratch_and_is_soon_looked_at_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layouts = Layouts()
    one, other = (Box(directory=tmp_path, scratch=tmp_path / name) for name in ("one", "other"))
    first = layouts.find(ALONE, one)
    assert layouts.find(ALONE, other) is first
    assert layouts.find(ALONE, Box(directory=tmp_path)) is not first
    assert layouts.find(Isolation(bwrap="/bin/other"), one) is not first
    (tmp_path / "secrets").mkdir()
    kept = Box(directory=tmp_path, private=(tmp_path / "secrets" / "key",))
    assert tmp_path / "secrets" / "key" not in layouts.find(ALONE, kept).mounts
    (tmp_path / "secrets" / "key").touch()
    monkeypatch.setattr(layouts_room, "GOOD_FOR_S", 0.0)
    found = layouts.find(ALONE, kept)
    assert tmp_path / "secrets" / "key" in found.mounts
    assert layouts.find(ALONE, kept) is found, "nothing has moved since"


def test_what_was_seen_before_a_change_or_while_one_runs_is_not_used_again(tmp_path: Path) -> None:
    """A change may leave a link where the next one's mounts would lead."""
    layouts, away = Layouts(), tmp_path / "away"
    (tmp_path / "work" / "out").mkdir(parents=True)
    away.mkdir()
    box = Box(directory=tmp_path / "work", writable=(tmp_path / "work", tmp_path / "work" / "out"))
    assert layouts.find(ALONE, box).mounts
    with layouts.change():
        layouts.find(ALONE, box)
        (tmp_path / "work" / "out").rmdir()
        (tmp_path / "work" / "out").symlink_to(away)
        assert away not in layouts.find(ALONE, box).mounts
    assert away not in layouts.find(ALONE, box).mounts
    with layouts.change(), layouts.change():
        pass
    assert layouts.find(ALONE, box) is layouts.find(ALONE, box)


def test_a_socket_in_tmp_does_not_keep_a_step_from_its_own_tmp(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="tocsin-layout-") as folder, socket.socket(socket.AF_UNIX) as server:
        path = Path("/tmp") / f"{Path(folder).name}.sock"
        server.bind(str(path))
        try:
            read = Box(directory=Path("/usr"), scratch=tmp_path, network=(), sockets=False)
            layout = ALONE.lay_out(read)
        finally:
            path.unlink()
    assert path in layout.box.shut
    assert Path("/tmp") in layout.kept
    assert path not in layout.pins


@pytest.mark.parametrize("place", [Path("/tmp"), Path("/var/tmp")])
def test_a_private_socket_in_tmp_keeps_no_step_from_its_own_tmp(place: Path, tmp_path: Path) -> None:
    """PostgreSQL's own place for it is `/tmp`. Where a step has the machine's, it is hidden there."""
    with tempfile.TemporaryDirectory(prefix="tocsin-layout-") as folder, socket.socket(socket.AF_UNIX) as server:
        path = place / f".s.{Path(folder).name}"
        server.bind(str(path))
        try:
            own, named, given = (
                ALONE.lay_out(Box(directory=directory, readable=readable, private=(path,), scratch=tmp_path))
                for directory, readable in ((Path("/usr"), ()), (Path("/usr"), (path,)), (place, ()))
            )
        finally:
            path.unlink()
    for layout in (own, named):
        assert place in layout.kept
        assert path not in layout.pins
        assert layout.mounts[place] is Mount.KEPT
        assert path not in layout.mounts
    assert place not in given.kept
    assert given.mounts[path] is Mount.HIDDEN


def test_while_changes_run_a_box_is_laid_out_anew_only_where_something_was_moved(tmp_path: Path) -> None:
    layouts, work = Layouts(), tmp_path / "work"
    (work / "out").mkdir(parents=True)
    (work / "in").symlink_to("out")
    box = Box(directory=work, writable=(work, work / "in"), private=(work / "keys",))
    with layouts.change():
        first = layouts.find(ALONE, box)
        (work / "a file").write_text("is passed by nobody")
        assert layouts.find(ALONE, box) is first
        (work / "keys").mkdir()
        second = layouts.find(ALONE, box)
        assert second is not first
        assert work / "keys" in second.mounts
        (work / "in").unlink()
        (work / "in").symlink_to(tmp_path)
        assert layouts.find(ALONE, box) is not second
    third = layouts.find(ALONE, box)
    (work / "keys").chmod(0o700)
    assert layouts.find(ALONE, box) is third, "without a change, others' doings are seen a moment later"
    with layouts.change():
        pass
    assert layouts.find(ALONE, box) is not third


def test_a_socket_that_a_change_leaves_is_hidden_from_the_next_read(tmp_path: Path) -> None:
    layouts, read = Layouts(), Box(directory=Path("/usr"), network=(), sockets=False)
    with layouts.change():
        before = layouts.find(ALONE, read)
    with tempfile.TemporaryDirectory(prefix="tocsin-layout-") as folder, socket.socket(socket.AF_UNIX) as server:
        path = Path(folder) / "sock"
        with layouts.change():
            server.bind(str(path))
        after = layouts.find(ALONE, read)
    assert path not in before.box.shut
    assert path in after.box.shut


def test_what_is_passed_is_followed_to_its_end_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "round").symlink_to("round")
    passed = walk([f"{tmp_path}/link/deep/../gone/further", f"{tmp_path}/round/x"])
    inside = {place.removeprefix(str(tmp_path)): sight for place, sight in passed.items() if str(tmp_path) in place}
    assert {name for name, sight in inside.items() if sight is None} == {"/real/gone"}
    assert {name: sight[2] for name, sight in inside.items() if sight and sight[2]} == {
        "/link": "real",
        "/round": "round",
    }
    assert "/real/deep" in inside
