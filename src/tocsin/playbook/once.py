"""Properties that are worked out at their first use and kept with their object.

As ``functools.cached_property``, which before Python 3.12 takes a lock each time that it works something out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

V = TypeVar("V")


class Once(Generic[V]):
    """Decorates a method without arguments; what it returned is an attribute of the object from then on.

    ``del`` makes the object forget it.
    """

    def __init__(self, work_out: Callable[[Any], V]) -> None:
        self._work_out = work_out
        self._name = ""
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Once[V]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> V: ...

    def __get__(self, instance: object | None, owner: type) -> Once[V] | V:
        if instance is None:
            return self
        found = self._work_out(instance)
        setattr(instance, self._name, found)
        return found
