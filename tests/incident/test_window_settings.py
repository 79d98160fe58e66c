"""A recurring maintenance window that cannot be is refused, by the setting that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.incident.window import Window, find_fault


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "cron"),
        ({"cron": "0 2 * * *", "at": "02:00"}, "cron"),
        ({"cron": "0 2 30 2 *"}, "cron"),
        ({"cron": "soon"}, "cron"),
        ({"cron": "0 2 * * *", "days": ("mon",)}, "days"),
        ({"at": "25:00"}, "at"),
        ({"at": "02:00", "days": ("moonday",)}, "days"),
        ({"at": "02:00", "lasts_s": 0}, "lasts_s"),
        ({"at": "02:00", "reason": ""}, "reason"),
        ({"at": "02:00", "matchers": ("a=~(",)}, "matchers"),
        ({"at": "02:00", "days": ("Monday", "sat")}, ""),
    ],
)
def test_what_does_not_hold_is_named(changes: dict[str, Any], field: str) -> None:
    assert find_fault(Window(**{"lasts_s": 60, "reason": "x", **changes}))[0] == field
