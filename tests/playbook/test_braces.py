"""Braces are read as bash reads them, which is asked."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.playbook.braces import MOST_NAMES, TooMany, expand

WORDS = [
    "validator-{1..10}", "v{01..12}", "v{10..1}", "v{1..10..3}", "v{10..1..4}", "{a,b}-{1..2}", "{a,{b,c}}", "a{b}c",
    "a{1..}", "a{", "a}", "{}", "{a,}", "web{,-old}", "{-1..2}", "{1..2}.{x,y}.net", "plain", "{001..3}", "{1..3",
]  # fmt: skip


def ask_bash(word: str) -> list[str]:
    done = subprocess.run(["bash", "-c", f"printf '%s\\n' {word}"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("word", WORDS)
def test_as_bash_does(word: str) -> None:
    assert list(expand(word)) == ask_bash(word)


PLAIN = st.text("ab1-.", max_size=3)
NUMBER = st.sampled_from(["1", "3", "12", "03", "0", "-2", "007", "-01"])
RANGE = st.tuples(NUMBER, NUMBER, st.sampled_from(["", "..2", "..-3", "..0"])).map(
    lambda each: f"{{{each[0]}..{each[1]}{each[2]}}}"
)
PARTS = st.recursive(
    PLAIN | RANGE,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"{{{','.join(each)}}}")
        | st.tuples(inner, inner).map("".join)
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(PARTS)
def test_any_word_as_bash_does_or_too_many(word: str) -> None:
    try:
        names = expand(word)
    except TooMany:
        return
    assert len(names) <= MOST_NAMES
    assert list(names) == [each for each in ask_bash(f"x {word}")[1:] if each]


def test_a_slip_of_the_finger_is_no_range() -> None:
    for word in ("v{1..999999}", "{1..40}{1..40}", "{1..10}{1..10}{1..10}{1..10}"):
        with pytest.raises(TooMany):
            expand(word)
