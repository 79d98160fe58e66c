"""Duties are told as stories: the same casts."""

from __future__ import annotations

from ..stories.conftest import PEOPLE, _asked, cast  # noqa: TID252

__all__ = ["PEOPLE", "_asked", "cast"]
