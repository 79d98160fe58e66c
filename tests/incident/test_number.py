"""Numbers after the playbook's own pattern."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.incident.number import spell_number

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "count", "number"),
    [
        (None, 1, "INC-20261120-001"),
        ("INC-YYYYMMDD-XXX", 7, "INC-20261120-007"),
        ("INC-YYYY-MM-DD-##", 12, "INC-2026-11-20-12"),
        ("INC-YYYY-MM-DD-##", 123, "INC-2026-11-20-123"),
        ("no counter", 2, "INC-20261120-002"),
    ],
)
@pytest.mark.duty("WEX-25")
def test_a_number_follows_the_pattern(pattern: str | None, count: int, number: str) -> None:
    assert spell_number(pattern, AT, count) == number
