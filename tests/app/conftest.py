"""The workspace of a till; a ground for attacks, once for each kind of server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .attack import SERVERS, Ground, may_make_namespaces
from .till import make_till


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The workspace of a till."""
    return make_till(tmp_path)


@pytest.fixture
def base() -> str:
    """Where the ground lies: steps see `/var/tmp` as it is; `/tmp`, of which they have their own, they do not."""
    return "/var/tmp"


@pytest.fixture(params=SERVERS)
def ground(request: pytest.FixtureRequest, base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("HOME", os.environ.get("HOME", "/"))
    folder = Path(tempfile.mkdtemp(prefix="tocsin-attack-", dir=base))
    made = Ground(folder, str(request.param))
    if made.server != "root without bubblewrap" and shutil.which("bwrap") is None:
        shutil.rmtree(folder)
        pytest.skip("bubblewrap is not installed")
    if made.server == "ordinary" and not may_make_namespaces():
        shutil.rmtree(folder)
        pytest.skip("this kernel, or this root directory, lets nobody but root make namespaces")
    yield made
    subprocess.run(["chmod", "-R", "u+rwX", folder], check=True)  # an attack may have shut what it left
    shutil.rmtree(folder)
