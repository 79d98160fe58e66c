"""Comments that set findings aside: with a code, a reason and a day, where they stand, until that day."""

from __future__ import annotations

import datetime

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook

_TODAY = datetime.date(2026, 7, 1)
_PAGE = """# Runbook

## Checkout is down

**Symptoms:**
- Orders fail

**Resolution:**

{comment}
```bash
rm -rf /var/lib/shop/cache
```

Afterwards:

```bash
rm -rf /var/lib/shop/baskets
```
"""
_WHOLE = "<!-- tocsin: allow PB113 until 2026-12-31: the cache is rebuilt by itself -->"


def _compile(comment: str, knowledge: effect.Knowledge, today: datetime.date | None = _TODAY) -> Playbook:
    return compile_playbook(_PAGE.format(comment=comment).encode(), "x.md", knowledge, today=today)


def _lines(playbook: Playbook, code: str = "PB113") -> list[int]:
    return [found.line for found in playbook.diagnostics if found.code == code]


def test_a_whole_comment_sets_aside_what_it_stands_right_above_and_nothing_else(knowledge: effect.Knowledge) -> None:
    playbook = _compile(_WHOLE, knowledge)
    assert _lines(playbook) == [18]
    (aside,) = playbook.set_aside
    assert (aside.diagnostic.line, aside.line, aside.until) == (12, 10, "2026-12-31")
    assert aside.reason == "the cache is rebuilt by itself"
    assert not [found for found in playbook.diagnostics if found.code.startswith("PB4")]


def test_in_this_document_it_holds_everywhere(knowledge: effect.Knowledge) -> None:
    playbook = _compile(_WHOLE.replace("PB113", "PB113 in this document"), knowledge)
    assert _lines(playbook) == []
    assert len(playbook.set_aside) == 2


@pytest.mark.parametrize("rule", ["pb113", "unguarded_deletion", "unguarded-deletion", "PB999, PB113", "PB113 PB101"])
def test_rules_go_by_code_or_name(rule: str, knowledge: effect.Knowledge) -> None:
    assert _lines(_compile(_WHOLE.replace("PB113", rule), knowledge)) == [18]


def test_a_reason_may_run_over_lines(knowledge: effect.Knowledge) -> None:
    comment = "<!-- tocsin: allow PB113 until 2026-12-31:\n  the cache\n  is rebuilt\n-->"
    (aside,) = _compile(comment, knowledge).set_aside
    assert aside.reason == "the cache is rebuilt"


@pytest.mark.parametrize(
    ("comment", "lacking"),
    [
        ("<!-- tocsin: allow PB113 until 2026-12-31 -->", "a reason"),
        ("<!-- tocsin: allow PB113 until 2026-12-31: -->", "a reason"),
        ("<!-- tocsin: allow PB113: rebuilt by itself -->", "a last day"),
        ("<!-- tocsin: allow PB113 until next week: rebuilt -->", "“next” is no date"),
        ("<!-- tocsin: allow PB113 until 2026-02-30: rebuilt -->", "“2026-02-30” is no date"),
        ("<!-- tocsin: allow until 2026-12-31: rebuilt -->", "the code of a rule"),
        ("<!-- tocsin: ignore -->", "the code of a rule, a last day and a reason"),
    ],
)
def test_an_incomplete_comment_sets_nothing_aside_and_is_reported(
    comment: str, lacking: str, knowledge: effect.Knowledge
) -> None:
    playbook = _compile(comment, knowledge)
    assert _lines(playbook) == [12, 18]
    (found,) = [found for found in playbook.diagnostics if found.code == "PB401"]
    assert found.line == 10
    assert lacking in found.text


def test_on_its_last_day_it_holds_and_on_the_next_it_does_not(knowledge: effect.Knowledge) -> None:
    comment = _WHOLE.replace("2026-12-31", "2026-07-01")
    assert _lines(_compile(comment, knowledge)) == [18]
    expired = _compile(comment, knowledge, _TODAY + datetime.timedelta(days=1))
    assert _lines(expired) == [12, 18]
    assert _lines(expired, "PB402") == [10]
    assert _lines(expired, "PB403") == []


def test_one_that_sets_nothing_aside_is_reported(knowledge: effect.Knowledge) -> None:
    playbook = _compile(_WHOLE.replace("PB113", "PB102"), knowledge)
    assert _lines(playbook) == [12, 18]
    assert _lines(playbook, "PB403") == [10]


def test_without_a_day_to_judge_by_nothing_expires_and_nothing_is_unused(knowledge: effect.Knowledge) -> None:
    comment = _WHOLE.replace("2026-12-31", "2020-01-01").replace("PB113", "PB113, PB301")
    playbook = _compile(comment, knowledge, None)
    assert _lines(playbook) == [18]
    assert not [found for found in playbook.diagnostics if found.code.startswith("PB4")]


def test_comments_about_comments_cannot_be_set_aside_by_each_other(knowledge: effect.Knowledge) -> None:
    expired = _WHOLE.replace("2026-12-31", "2020-01-01")
    hider = "<!-- tocsin: allow PB402 in this document until 2026-12-31: we know -->"
    playbook = _compile(f"{hider}\n\n{expired}", knowledge)
    assert _lines(playbook, "PB402") == [12]


@pytest.mark.parametrize(
    "quoted",
    [
        f"```html\n{_WHOLE}\n```",
        f"~~~~\n{_WHOLE}\n~~~~",
        "<!-- tocsin reads this page; see the wiki -->",
    ],
)
def test_a_comment_that_is_only_quoted_or_about_something_else_does_nothing(
    quoted: str, knowledge: effect.Knowledge
) -> None:
    source = f"# Runbook\n\nText.\n\n{quoted}\n\n" + _PAGE.format(comment="").removeprefix("# Runbook\n\n")
    playbook = compile_playbook(source.encode(), "x.md", knowledge, today=_TODAY)
    assert len(_lines(playbook)) == 2
    assert not playbook.set_aside
    assert not [found for found in playbook.diagnostics if found.code.startswith("PB4")]


def test_a_comment_beside_words_holds_for_its_own_line(knowledge: effect.Knowledge) -> None:
    page = (
        "# Runbook\n\n## Checkout is down\n\n**Symptoms:**\n- Orders fail\n\n**Resolution:**\n1. Call\n\n"
        "## Contacts\n\n"
        "- **Lead**: [phone] <!-- tocsin: allow PB207 until 2026-12-31: hired in autumn -->\n- **CTO**: [phone]\n"
    )
    playbook = compile_playbook(page.encode(), "x.md", knowledge, today=_TODAY)
    assert _lines(playbook, "PB207") == [14]
    assert [aside.diagnostic.line for aside in playbook.set_aside] == [13]
