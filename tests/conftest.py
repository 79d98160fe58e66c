"""What all tests share: programs that may be missing, and where the reference material lies."""

from __future__ import annotations

import functools
import gc
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tocsin.store import sqlite

from .again import pytest_collection_modifyitems, pytest_sessionfinish
from .postgres import Cluster, find_binaries

__all__ = ["pytest_collection_modifyitems", "pytest_sessionfinish"]

# A loaded machine is no counterexample. CI draws the same examples every time, so that a landing is judged by what it
# changed; whoever works on the code draws new ones.
settings.register_profile(
    "tocsin",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tocsin")

# Fifteen thousand tests are collected, and stay until the end: to look through them again and again for what could be
# thrown away finds nothing. Each worker looks once, and then sets them aside.
gc.disable()

# What the tests' own processes write is not to outlive a power cut. What does is shown of servers, which are processes
# of their own (`tests/processes/disk.py`).
os.fsync = lambda fd: None
sqlite.PRAGMAS = (*sqlite.PRAGMAS, "synchronous=OFF")

SHARED = Path(os.environ.get("TOCSIN_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores: a third of the time, tests of real servers wait for a clock."""
    return len(os.sched_getaffinity(0)) * 3 // 2


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """From here on only what the tests themselves make is looked through."""
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs a program is skipped by name where it is missing; in CI that is a failure."""
    for marker in item.iter_markers("needs"):
        missing = [program for program in marker.args if not is_there(program)]
        if missing and os.environ.get("TOCSIN_CI"):
            pytest.fail(f"CI must have {', '.join(missing)}.")
        if missing:
            pytest.skip(f"{', '.join(missing)} is missing on this machine.")
    if item.get_closest_marker("own_tmp") and not may_mount():
        if os.environ.get("TOCSIN_CI"):
            pytest.fail("CI must let root give steps a /tmp of their own.")
        pytest.skip("In this root directory not even root may mount, so steps share /tmp (a step's approval says so).")


def is_there(program: str) -> bool:
    """Whether a program can be had; PostgreSQL's server lies outside the usual program path on Debian."""
    if program == "postgres":
        return find_binaries() is not None
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this run's own; whoever uses it says needs("postgres")."""
    made = Cluster()
    yield made
    made.close()


@pytest.fixture
def database(cluster: Cluster) -> str:
    """The URL of an empty database of that server."""
    return cluster.make_database()


@functools.cache
def may_mount() -> bool:
    """Whether root can give a process mounts of its own here; in a changed root directory it cannot."""
    return os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the five playbooks and the corpus; what needs it is skipped by name where it is missing."""
    if not (SHARED / "seeds").is_dir():
        pytest.skip(f"The reference material is not at {SHARED}; set TOCSIN_SHARED.")
    return SHARED


@pytest.fixture(scope="session")
def seeds(shared: Path) -> Path:
    """The five playbooks as their teams wrote them."""
    return shared / "seeds"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The loop of the tests is the loop of the product."""
    return "asyncio"
