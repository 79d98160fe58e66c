"""What pure functions of one line, title or command said of it, kept for the next time that the same text is met.

Most lines of a playbook are met again: by several readers in one go, in the team's other playbooks, and whenever the
document is compiled once more after an edit. Each function keeps the `MOST` texts that it was asked about last, so
the memory is bounded by that many lines for each, and nothing is kept of a document as a whole.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

MOST = 4096
"""Some twenty playbooks of ordinary length have that many different lines."""


def remember(work_out: Callable[P, R]) -> Callable[P, R]:
    """Decorates a pure function of short texts, so that it works out each of them once."""
    return cast(Callable[P, R], functools.lru_cache(maxsize=MOST)(work_out))
