"""A baseline knows its findings when lines move, tells new ones apart, and says which of its entries are stale."""

from __future__ import annotations

import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import BadInput
from tocsin.playbook import effect
from tocsin.playbook.baseline import find_stale, make_baseline, read_baseline, without_known
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook

_TODAY = datetime.date(2026, 7, 1)
_PAGE = """# Runbook

## Checkout is down

**Symptoms:**
- Orders fail

**Resolution:**

```bash
rm -rf /var/lib/shop/cache
rm -rf /var/lib/shop/baskets
```
"""
_MORE = "## Search is down\n\n**Symptoms:**\n- Slow\n\n**Resolution:**\n\n```bash\nrm -rf /var/lib/shop/cache\n```\n"


@pytest.fixture(scope="module")
def page(knowledge: effect.Knowledge) -> Playbook:
    """The page, compiled."""
    return _compile(_PAGE, knowledge)


def _compile(text: str, knowledge: effect.Knowledge) -> Playbook:
    return compile_playbook(text.encode(), "x.md", knowledge, today=_TODAY)


def _marks(playbook: Playbook) -> list[str]:
    return sorted(found.fingerprint for found in playbook.diagnostics)


def test_every_finding_has_a_fingerprint_of_its_own(page: Playbook) -> None:
    marks = _marks(page)
    assert len(marks) == len(set(marks)) >= 4
    assert all(len(mark) == 16 for mark in marks)


@given(
    above=st.lists(st.sampled_from(["", "Words.", "- An item", "<!-- a comment -->", "1. Call somebody"]), max_size=9)
)
def test_fingerprints_stay_when_lines_move(above: list[str], page: Playbook, knowledge: effect.Knowledge) -> None:
    moved = _PAGE.replace("## Checkout", "\n".join([*above, "", "## Checkout"]))
    assert set(_marks(page)) <= set(_marks(_compile(moved, knowledge)))


def test_fingerprints_stay_when_the_indent_changes(page: Playbook, knowledge: effect.Knowledge) -> None:
    assert _marks(_compile(_PAGE.replace("rm -rf", "rm  -rf"), knowledge)) == _marks(page)


def test_a_day_later_an_overdue_review_is_still_the_same_finding(knowledge: effect.Knowledge) -> None:
    source = _PAGE.replace("# Runbook\n", "# Runbook\n\n**Next review:** 2025-01-01\n").encode()
    one, other = (
        compile_playbook(source, "x.md", knowledge, today=_TODAY + datetime.timedelta(days=days)) for days in (0, 1)
    )
    assert [found.text for found in one.diagnostics] != [found.text for found in other.diagnostics]
    assert _marks(one) == _marks(other)


def test_the_same_line_a_second_time_is_a_new_finding(page: Playbook, knowledge: effect.Knowledge) -> None:
    baseline = read_baseline(make_baseline([("x.md", found) for found in page.diagnostics]), "b.json")
    twice = _compile(_PAGE + "\n" + _MORE, knowledge)
    new = without_known(twice, "x.md", baseline.known).diagnostics
    assert [found.line for found in new if found.code == "PB113"] == [23]
    assert not without_known(page, "x.md", baseline.known).diagnostics


def test_a_file_of_the_same_content_elsewhere_is_not_known(page: Playbook) -> None:
    baseline = read_baseline(make_baseline([("x.md", found) for found in page.diagnostics]), "b.json")
    assert without_known(page, "copy/x.md", baseline.known).diagnostics == page.diagnostics


def test_entries_that_match_nothing_are_stale_but_only_of_files_that_were_looked_at(page: Playbook) -> None:
    entries = [("x.md", found) for found in page.diagnostics] + [("gone.md", page.diagnostics[0])]
    baseline = read_baseline(make_baseline(entries), "b.json")
    mended = page.diagnostics[1:]
    assert [entry.fingerprint for entry in find_stale(baseline, {"x.md": mended})] == [page.diagnostics[0].fingerprint]


def test_the_file_is_sorted_ends_with_a_line_end_and_holds_no_line_numbers(page: Playbook) -> None:
    written = make_baseline([("x.md", found) for found in reversed(page.diagnostics)])
    assert written == make_baseline([("x.md", found) for found in page.diagnostics])
    assert written.endswith(b"}\n")
    entry = msgspec.json.decode(written)["findings"][0]
    assert set(entry) == {"path", "code", "fingerprint", "text"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "no baseline file"),
        (b"[]", "no baseline file"),
        (b'{"findings": [{"path": 1}]}', "no baseline file"),
        (b'{"version": 9, "findings": []}', "version 9"),
    ],
)
def test_a_file_that_is_no_baseline_says_what_to_do(source: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=f"{said}.*--write-baseline b.json"):
        read_baseline(source, "b.json")
