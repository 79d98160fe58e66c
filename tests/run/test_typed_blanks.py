"""Blanks of statements that a person types, and blanks that nobody has filled."""

from __future__ import annotations

import pytest

from tocsin.run.binding import bind
from tocsin.run.guard import Refused, judge

from .scene import JUDGE, Scene


@pytest.mark.parametrize("text", ["cat <name> PWN", "ls <dir> x", "echo $(cat <name> y)", 'echo "$(cat <name> y)"'])
def test_a_typed_blank_is_never_run_as_a_redirection(text: str) -> None:
    """It is judged as a word, ``read``; run as written it would empty a file."""
    scene = Scene()
    verdict = judge(scene.typed(text), scene.incident, scene.book)
    assert isinstance(verdict, Refused)
    assert verdict.missing


@pytest.mark.parametrize(
    "text",
    [
        "grep '<key>' KEEP",
        'grep "<key>" KEEP',
        "echo POD # <id>",
        "cat <<'E'\n<id>\nE",
        "grep '[Error]' KEEP",
        "wc < KEEP",
    ],
)
def test_what_a_shell_would_not_misread_is_meant_as_typed(text: str) -> None:
    bound = Scene().typed(text).bound
    assert (bound.text, bound.env, bound.missing, bound.refused) == (text, {}, (), "")


def test_missing_blanks_are_named_once_and_nothing_is_filled_in_half() -> None:
    bound = bind(JUDGE("echo <x> <y> <x>"), {"y": "1"}, {})
    assert (bound.missing, bound.env, bound.text) == (("x",), {}, "echo <x> <y> <x>")
