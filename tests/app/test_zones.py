"""A time zone is taken exactly if it is one of those that Python lists."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from tocsin.app.rotas import is_zone

ODD = (
    "",
    ".",
    "..",
    "../UTC",
    "/etc/passwd",
    "/usr/share/zoneinfo/UTC",
    "Europe",
    "Europe/",
    "Europe/Berlino",
    "UTC\0",
)
BESIDE = ("posixrules", "posix/UTC", "right/UTC", "leapseconds", "tzdata.zi", "zone.tab", "Ünknown", "x" * 5000)


def test_every_zone_is_one() -> None:
    assert all(map(is_zone, available_timezones()))


@pytest.mark.parametrize("name", ODD + BESIDE)
def test_what_is_none_is_none(name: str) -> None:
    assert name not in available_timezones()
    assert not is_zone(name)
