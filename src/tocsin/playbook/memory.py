"""What pure functions of a line, title, command or fence said of it, kept until the same text is met again.

Most lines of a playbook are met again: by several readers in one go, in the team's other playbooks, and whenever the
document is compiled once more after an edit. Each function keeps the `MOST` texts that it was asked about last. A
document with a line longer than `LONGEST` leaves nothing behind, so that the memory is bounded in bytes too; nothing is
kept of a document as a whole.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

MOST = 4096
"""Some twenty playbooks of ordinary length have that many different lines."""

LONGEST = 4000
"""Characters of a line; a paragraph that people write on one line has a few hundred."""

_FORGETTING: list[Callable[[], None]] = []


def remember(work_out: Callable[P, R]) -> Callable[P, R]:
    """Decorates a pure function of short texts, so that it works out each of them once."""
    kept = functools.lru_cache(maxsize=MOST)(work_out)
    _FORGETTING.append(kept.cache_clear)
    return cast(Callable[P, R], kept)


def forget_long(lines: Sequence[str]) -> None:
    """Forget everything if a document with these lines could have left much behind."""
    if max(map(len, lines), default=0) > LONGEST:
        for forget in _FORGETTING:
            forget()
