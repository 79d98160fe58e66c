"""A ground for real processes, cleaned up whatever happens."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .ground import Ground, Sink

collect_ignore = [] if os.environ.get("TOCSIN_TORTURE") == "all" else ["test_rolling_upgrade.py"]
"""What takes minutes: `make torture` runs it."""


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
