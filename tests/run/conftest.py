"""The incident that the guard is asked about; files with a playbook of their own have their own."""

from __future__ import annotations

import pytest

from tocsin.playbook.model import Playbook

from .guarded import (
    RESPONSE,
)
from .scene import Scene, compile_text


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return compile_text(RESPONSE)


@pytest.fixture
def scene(playbook: Playbook) -> Scene:
    return Scene(playbook)
