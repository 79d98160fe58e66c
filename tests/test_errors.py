"""A sentence that says what there is not names what is most like it."""

from __future__ import annotations

import pytest

from tocsin.errors import list_known

MANY = ("ana", "Ana", *(f"team-{number:02}" for number in range(20)))


@pytest.mark.parametrize(
    ("wanted", "told"),
    [("ANA", "ana, Ana and 20 more"), ("anna", "ana, Ana and 20 more"), ("zzz", f"{', '.join(MANY[:12])} and 10 more"),
     ("TEAM-07", "team-07, ")],
)  # fmt: skip
def test_of_many_names_those_most_like_the_one_that_was_meant_are_told(wanted: str, told: str) -> None:
    assert list_known(MANY, wanted).startswith(told)
    assert list_known(MANY[:2], wanted) == "ana, Ana"
