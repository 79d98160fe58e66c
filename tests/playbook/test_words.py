"""Looking for a pattern once in a whole document finds every line that holds it, whatever stands around."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.playbook import outline
from tocsin.playbook.kinds import is_name
from tocsin.playbook.sentence import Words

_PIECES = st.sampled_from(
    ["not", "Not", "sign", "off", "n", "t", "123", "12", "İ", "ß", "é", " ", " ", "\n", "\n\n", "- ", "# ", "> ", "**"]
)


@pytest.mark.parametrize(
    "pattern", [r"not\b", r"n\Wt", r"\d{3}", r"sign[ -]?off", r"nicht\s|t\s", r"(?<!t)n", r"o.*\s*t"]
)
@given(text=st.lists(_PIECES, max_size=40).map("".join))
def test_no_line_that_holds_a_pattern_is_missed(pattern: str, text: str) -> None:
    words = Words(outline.build(text.split("\n"), is_name).root)
    wanted = re.compile(pattern)
    found = {(line, said) for line, said, _ in words.matching(wanted)}
    assert {(line, said) for line, said, _ in words.lines if wanted.search(said.lower())} <= found
    suspects = words.blocks_with(wanted)
    for _, _, block in words.lines:
        whole = " ".join(said for _, said in block.lines)
        assert id(block) in suspects or not wanted.search(whole.lower())
