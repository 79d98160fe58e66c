"""A regular expression that is compiled when it is first used, and not when the module that states it is loaded.

The rooms state more than a thousand patterns. A verb, or the start of a server, uses a few of them; to compile all of
them took longer than everything else that a short verb does.
"""

from __future__ import annotations

import re
from typing import Any, cast


def compile_late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return what answers as `re.compile(pattern, flags)` does; a faulty pattern raises `re.error` at its first use."""
    return cast("re.Pattern[str]", Late(pattern, flags))


class Late:
    """Stands for a pattern: whatever it is asked for first compiles it, and then stands here as an attribute."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags
        self._compiled: re.Pattern[str] | None = None

    def __getattr__(self, name: str) -> Any:
        if self._compiled is None:
            self._compiled = re.compile(self.pattern, self._flags)
        found = getattr(self._compiled, name)
        setattr(self, name, found)
        return found
