"""A number that cannot be meant is a sentence and exit code 2, before anything begins."""

from __future__ import annotations

import pytest
from tests import forked


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["serve", "--port", "99999"], "65535"),
        (["serve", "--port", "-5"], ">= 0"),
        (["demo", "--port", "70000"], "65535"),
        (["compile", "README.md", "--max-bytes", "-1"], ">= 1"),
    ],
)
def test_what_is_out_of_range_is_said_in_one_sentence(words: list[str], says: str) -> None:
    done = forked.run(*words)
    assert done.returncode == 2
    assert says in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
