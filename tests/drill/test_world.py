"""A world starts quickly, belongs to whom it should, and leaves nothing behind, however it ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tocsin.drill import interpreter
from tocsin.drill.world import World
from tocsin.errors import Conflict, Unavailable

Run = Callable[..., subprocess.CompletedProcess[str]]
Processes = Callable[[Path], list[int]]

NOBODY = 65534
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a world to another user")


@pytest.fixture
def open_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory that every user may enter, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix="tocsin-world-", dir="/var/tmp"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def wait_until_gone(processes_below: Processes) -> Processes:
    """Wait for the last process of a world; returns those that stayed."""

    def wait(directory: Path) -> list[int]:
        deadline = time.monotonic() + 60
        while (left := processes_below(directory)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    return wait


def test_starts_within_five_seconds_and_leaves_no_process(tmp_path: Path, processes_below: Processes) -> None:
    async def live() -> float:
        began = time.monotonic()
        async with World(tmp_path / "shop") as world:
            took = time.monotonic() - began
            assert await world.is_healthy()
            assert len(processes_below(world.directory)) == 3
        return took

    for _ in range(3):  # a machine that does other things is asked again
        took = asyncio.run(live())
        assert processes_below(tmp_path) == []
        if took < 5:
            return
    pytest.fail(f"It took {took:.1f} s.")


def test_a_second_start_in_the_same_directory_begins_anew(tmp_path: Path) -> None:
    async def live() -> list[str]:
        async with World(tmp_path / "shop") as world:
            (world.directory / "data" / "scribble").touch()
        async with World(tmp_path / "shop") as world:
            return [path.name for path in (world.directory / "data").iterdir()]

    assert "scribble" not in asyncio.run(live())


def test_a_directory_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Unavailable, match="neither empty nor a former drill world"):
        asyncio.run(World(tmp_path).start())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_two_worlds_do_not_share_a_directory(tmp_path: Path) -> None:
    async def live() -> bool:
        async with World(tmp_path / "shop") as world:
            with pytest.raises(Conflict, match="Another drill world"):
                await World(tmp_path / "shop").start()
            return await world.is_healthy()

    assert asyncio.run(live())


def test_a_directory_deeper_than_a_socket_address_works(tmp_path: Path, run_in: Run) -> None:
    async def live() -> subprocess.CompletedProcess[str]:
        async with World(tmp_path / ("deep" * 20) / ("er and 'quoted'" * 4)) as world:
            return await asyncio.to_thread(run_in, world, "docker compose ps -q")

    result = asyncio.run(live())
    assert (result.returncode, len(result.stdout.split())) == (0, 2), result.stderr


def test_a_killed_parent_takes_the_world_along(
    tmp_path: Path, processes_below: Processes, wait_until_gone: Processes
) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from tocsin.drill.fault import ConnectionLeak
from tocsin.drill import interpreter
from tocsin.drill.world import World
async def main():
    async with World(Path(sys.argv[1])) as world:
        await ConnectionLeak(world).inject()
        print("ready", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""
    shop = tmp_path / "shop"
    parent = subprocess.Popen([sys.executable, "-c", program, shop], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == b"ready\n"
    assert len(processes_below(shop)) == 5, "parent, supervisor, database, server and the stuck client"
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert wait_until_gone(shop) == []


def test_a_killed_supervisor_takes_its_processes_along(tmp_path: Path, wait_until_gone: Processes) -> None:
    async def live() -> list[int]:
        async with World(tmp_path / "shop") as world:
            os.kill(world.supervisor.pid, signal.SIGKILL)
            return await asyncio.to_thread(wait_until_gone, tmp_path / "shop")

    assert asyncio.run(live()) == []


def test_a_world_runs_on_our_own_interpreter_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_in: Run
) -> None:
    monkeypatch.setattr(interpreter, "CANDIDATES", ("/nonexistent/python3", sys.executable))

    async def live() -> subprocess.CompletedProcess[str]:
        async with World(tmp_path / "shop") as world:
            assert world.interpreter == sys.executable
            assert Path(sys.prefix) in world.layout.readable
            return await asyncio.to_thread(run_in, world, "docker compose ps -q")

    assert asyncio.run(live()).returncode == 0


def test_nothing_is_asked_of_a_world_that_is_not_running(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="not running"):
        asyncio.run(World(tmp_path / "shop").processes())


@as_root
def test_a_world_of_another_user(open_directory: Path, processes_below: Processes, run_in: Run) -> None:
    async def live() -> tuple[list[int], list[subprocess.CompletedProcess[str]]]:
        async with World(open_directory / "shop", uid=NOBODY) as world:
            owners = [Path(f"/proc/{pid}").stat().st_uid for pid in processes_below(world.directory)]
            lines = ("docker compose restart database", "git log --oneline | wc -l", "scripts/check-database.sh")
            return owners, [await asyncio.to_thread(run_in, world, line, uid=NOBODY) for line in lines]

    owners, (restart, log, check) = asyncio.run(live())
    assert owners == [NOBODY] * 3
    assert restart.returncode == 0, restart.stderr
    assert log.stdout.strip() == "4", log.stderr
    assert check.returncode == 0, check.stderr
    assert processes_below(open_directory) == []


@as_root
def test_a_user_who_cannot_reach_the_directory_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(Unavailable, match=f"User {NOBODY} can reach no Python"):
        asyncio.run(World(tmp_path / "shop", uid=NOBODY).start())


@pytest.mark.needs("bwrap")
@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
@pytest.mark.parametrize("line", ["docker compose restart database", "curl -sf http://localhost:8080/api/health"])
def test_the_layout_is_all_that_a_sandbox_needs(world: World, line: str, run_in: Run) -> None:
    layout = world.layout
    sandbox = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--proc", "/proc", "--dev", "/dev"]
    for folder in layout.readable:
        sandbox += ["--ro-bind-try", str(folder), str(folder)]
    for folder in layout.writable:
        sandbox += ["--bind", str(folder), str(folder)]
    probe = subprocess.run([*sandbox, "true"], capture_output=True)
    if probe.returncode:
        pytest.skip("bubblewrap may not make namespaces here")
    result = run_in(world, line, *sandbox, "--chdir", str(layout.directory))
    assert result.returncode == 0, result.stderr
