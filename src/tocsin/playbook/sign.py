"""Closed lists of words for the compiler's own use.

No enumerations: in Python 3.11 a member of one takes several times as long to look up as any other attribute, and every
reader asks for them at every line.
"""

from __future__ import annotations

from typing import Self


class Sign(str):
    """A word out of a closed list; a subclass lists its words as annotations, and each is its name in small letters."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        for name in cls.__annotations__:
            setattr(cls, name, cls(name.lower()))

    @classmethod
    def every(cls) -> tuple[Self, ...]:
        """All words of the list, in order."""
        return tuple(getattr(cls, name) for name in cls.__annotations__)
