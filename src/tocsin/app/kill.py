"""Failpoints in a running server: ``TOCSIN_FAILPOINT=name`` or ``name:3`` makes it die at the third time there.

The mark file ``TOCSIN_FAILPOINT_MARK`` is written first, so that a test can assert that the place was reached. Only for
tests; without the variable nothing is armed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from tocsin.engine.failpoint import HOUSE, NAMES, Reach, pass_by
from tocsin.errors import UserError


def arm(environment: Mapping[str, str]) -> Reach:
    """The reach that the environment asks for."""
    wanted = environment.get("TOCSIN_FAILPOINT")
    if not wanted:
        return pass_by
    name, _, count = wanted.partition(":")
    if name not in (*NAMES, *HOUSE):
        raise UserError(f"TOCSIN_FAILPOINT names no place: {name!r}. There are: {', '.join((*NAMES, *HOUSE))}.")
    return _Trap(name, int(count or 1), environment.get("TOCSIN_FAILPOINT_MARK")).reach


class _Trap:
    def __init__(self, name: str, left: int, mark: str | None) -> None:
        self._name, self._left, self._mark = name, left, mark

    def reach(self, name: str) -> None:
        if name != self._name:
            return
        self._left -= 1
        if self._left == 0:
            if self._mark:
                Path(self._mark).write_text(name, encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)
