"""A ground for real processes, cleaned up whatever happens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .ground import Ground, Sink


@pytest.fixture
def ground() -> Iterator[Ground]:
    """A workspace, a sink, and no server yet. Below a folder that the uid of steps can enter."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-process-"))
    folder.chmod(0o755)
    sink = Sink()
    made = Ground(folder, sink)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    sink.close()
    shutil.rmtree(folder)
