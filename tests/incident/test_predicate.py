"""Predicates are tried on their examples before they judge anything, and a check has bounds."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.incident.predicate import Check, Example, Predicate, find_check_fault, find_fault, holds

YES, NO = Example(holds=True, output="97%"), Example(holds=False, output="12%")


def predicate(**changes: Any) -> Predicate:
    return Predicate(**{"reads": "df -h", "matches": r"(\d+)%", "above": 90, "examples": (YES, NO), **changes})


def test_one_that_does_what_its_examples_say_is_taken() -> None:
    assert find_fault(predicate()) == ("", "")


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"reads": " "}, "reads", "which statement"),
        ({"matches": None, "above": None}, "matches", "what it looks for"),
        ({"matches": "("}, "matches", "no regular expression"),
        ({"matches": r"\d+%"}, "matches", "in brackets"),
        ({"examples": ()}, "examples", "for which it holds"),
        ({"examples": (YES,)}, "examples", "for which it does not hold"),
        ({"above": 99}, "examples", "example 1 says holds = true, and it does not hold"),
        ({"above": 5}, "examples", "example 2 says holds = false, and it holds"),
    ],
)
def test_one_that_does_not_says_so(changes: dict[str, Any], field: str, says: str) -> None:
    found = find_fault(predicate(**changes))
    assert found[0] == field and says in found[1]


@pytest.mark.parametrize(
    ("changes", "output", "exit_code", "expected"),
    [
        ({}, "a 12%\nb 95%", 0, True),
        ({}, "a 12%\nb 90%", 0, False),
        ({}, "", 0, False),
        ({"above": None, "below": 20}, "a 12%\nb 95%", 0, True),
        ({"above": None, "equals": 12.0}, "12%", 0, True),
        ({"above": 10, "below": 20}, "5% 95%", 0, False),
        ({"matches": "(x+)"}, "xxx", 0, False),
        ({"matches": "^ok$", "above": None}, "not\nok", 0, True),
        ({"matches": None, "above": None, "exit_code": 3}, "", 3, True),
        ({"matches": None, "above": None, "exit_code": 3}, "", None, False),
        ({"exit_code": 1}, "97%", 0, False),
    ],
)
def test_what_it_says_of_an_output(changes: dict[str, Any], output: str, exit_code: int | None, expected: bool) -> None:
    assert holds(predicate(**changes), output, exit_code) is expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"until": "other"}, "until"),
        ({"every_s": 0.1}, "every_s"),
        ({"attempts": 0}, "attempts"),
        ({"watch_s": -1.0}, "watch_s"),
    ],
)
def test_a_check_has_bounds(changes: dict[str, Any], field: str) -> None:
    assert find_check_fault(Check(**{"until": "full", **changes}), frozenset({"full"}))[0] == field
    assert find_check_fault(Check(until="full"), frozenset({"full"})) == ("", "")
