"""A running shop for the tests of the range, started once per module, and commands run in it as a playbook would."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tocsin.drill.world import World

Result = subprocess.CompletedProcess[str]
Run = Callable[..., Result]
Shell = Callable[[str], Result]
Processes = Callable[[Path], list[int]]


@pytest.fixture(scope="session")
def run_in() -> Run:
    """``run_in(world, line, *prefix, uid=None)`` runs one shell line with the environment that a world asks for."""
    return _run_in


@pytest.fixture(scope="session")
def processes_below() -> Processes:
    """``processes_below(directory)`` finds every process whose command line names the directory."""
    return _processes_below


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """One event loop for a module: a world belongs to the loop that it was started in."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def world(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A running shop."""
    shop = World(tmp_path_factory.mktemp("range") / "shop")
    loop.run(shop.start())
    yield shop
    loop.run(shop.stop())


@pytest.fixture
def shell(world: World) -> Shell:
    """Run a line of a playbook in the world."""
    return lambda line: _run_in(world, line)


def _run_in(world: World, line: str, *prefix: str, uid: int | None = None) -> Result:
    """Run one shell line with the environment that the world asks for."""
    layout = world.layout
    return subprocess.run(
        [*prefix, "bash", "-c", line],
        cwd=layout.directory,
        env=layout.env,
        user=uid,
        group=uid,
        extra_groups=None if uid is None else [],
        capture_output=True,
        text=True,
        timeout=120,
    )


def _processes_below(directory: Path) -> list[int]:
    """Every process whose command line names the directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(directory).encode() in line:
                found.append(int(entry.name))
    return found
