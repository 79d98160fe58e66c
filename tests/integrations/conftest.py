"""A shell with real isolation, in a folder that the uid of steps can enter."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.integrations.isolation import STEP_UID

from .bench import KINDS, Bench, set_up


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder below which a target may lie: everybody may enter it (pytest's own are private)."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-ground-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def place(ground: Path) -> Path:
    """A target's directory; where the server is root it belongs to the uid of steps."""
    directory = ground / "target"
    directory.mkdir(mode=0o755)
    if os.geteuid() == 0:
        os.chown(directory, STEP_UID, STEP_UID)
    return directory


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, ground: Path, place: Path) -> Bench:
    return await set_up(request.param, ground, place)
