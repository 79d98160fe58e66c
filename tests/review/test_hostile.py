"""Words from outside stay words: they forge no heading, table, list, link, image, fence or HTML in the document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tocsin.review.markdown import code, escape, fence, mark, row

TABLES = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
BODY = """# Post-mortem: [Title]

**Severity**: [S]
**Affected services**: [services]

| Field | Value |
|---|---|
| Title | [title] |
| Root cause | [cause] |
| Resolution | [how] |

<details>
<summary title="[Incident title]">[Incident title]</summary>
</details>

## Notes
On [date] `[Incident title]` hit [affected services], **[Incident title]** ({severity}).

## Summary
[words]

## Timeline
| Time | Event | Who |
|---|---|---|
| HH:MM | [Event] | [who] |

## Root Cause
[why]

## Resolution
- [how]

## Communication
[what was said]

## What Went Wrong
1. [one]

## Action Items
| Action | Owner |
|---|---|
| [Action] | [Owner] |
"""
HOSTILE = (
    "# Forged\n## Heading",
    "a | b\n|---|---|\n| c | d |",
    "[click](http://evil.example)",
    "![x](http://evil.example/x.png)",
    "<script>alert(1)</script><img src=x onerror=y><!-- hidden",
    "<https://evil.example> http://evil.example www.evil.example me@evil.example @everyone",
    "```\n# out of the fence\n```",
    "````\n~~~\n`",
    "---\n===\n***",
    "- item\n1. item\n> quote",
    "*bold* __bold__ ~~gone~~ `tick` ``two``",
    "[ref]: http://evil.example\n[ref]",
    "\\[not\\](escaped) \\\\| \\` trailing \\",
    "&lt;b&gt; &#91;x&#93;(http://evil.example)",
    "\x1b[31mred\x1b[0m \u202egnitset\u2066 \x00\x07\r\n\r\n# x",
    "{{ template }} ${shell} $$math$$",
    "1. one\n2) two",
    "[to be filled in: forged](http://evil.example)",
    "2026. a year that begins a list",
    "    indented code",
    "line\u2028separator\u2029paragraph\x85next",
)
FORGED = {"link_open", "image", "html_inline"}


def shape(text: str) -> list[str]:
    """The blocks of a document, without what stands in them; fences as they are, whatever they hold."""
    return [f"{token.type} {token.tag}" for token in TABLES.parse(text)]


def forged(text: str) -> set[str]:
    """Links, images and tags that no template of ours has."""
    tokens = TABLES.parse(text)
    raw = {token.content for token in tokens if token.type == "html_block" and "<script" in token.content}
    return raw | ({child.type for token in tokens for child in token.children or ()} & FORGED)


@pytest.fixture(scope="session")
def told(outage: Callable[..., Any], postmortem: Callable[..., str]) -> Callable[[str], str]:
    """The post-mortem of an outage in which everybody, and every machine, wrote this text."""
    labels = ("service", "instance")
    return lambda text: postmortem(BODY, tale=outage(text=text, labels=tuple((key, text) for key in labels)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_change_nothing_but_words(told: Callable[[str], str], text: str) -> None:
    document = told(text)
    assert shape(document) == shape(told("plain words"))
    assert not forged(document)


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).map(lambda text: f"{text}z"))
def test_no_words_at_all_change_the_shape_of_the_document(told: Callable[[str], str], text: str) -> None:
    assume(escape(text).strip())  # "\x1bz" is an order to a terminal, and leaves no words
    document = told(text)
    assert shape(document) == shape(told("plain words"))
    assert not forged(document)


_MARKS = st.text("#>-+*_=|`~[]()<>!\\&:;.1aA \n\t$@/{}\"'", max_size=40)


@settings(max_examples=400, deadline=None)
@given(text=_MARKS)
def test_escaped_words_are_one_paragraph_of_those_words(text: str) -> None:
    tokens = TABLES.parse(escape(text))
    assert [token.type for token in tokens] in ([], ["paragraph_open", "inline", "paragraph_close"])
    children = tokens[1].children or () if tokens else ()
    assert {child.type for child in children} <= {"text", "text_special", "code_inline"}
    shown = "".join(child.content for child in children)
    assert shown == " ".join(text.split())


@settings(max_examples=200, deadline=None)
@given(text=_MARKS)
def test_a_cell_is_one_cell(text: str) -> None:
    tokens = TABLES.parse(f"| a | b |\n|---|---|\n{row([escape(text), code(text)])}\n")
    assert [token.type for token in tokens].count("td_open") == 2
    assert [token.type for token in tokens].count("tr_open") == 2


@settings(max_examples=200, deadline=None)
@given(text=_MARKS)
def test_code_is_one_span(text: str) -> None:
    tokens = TABLES.parse(f"x {code(text)} y")
    children = tokens[1].children or ()
    assert [child.type for child in children] == ["text", "code_inline", "text"]


@settings(max_examples=200, deadline=None)
@given(text=_MARKS)
def test_nothing_leaves_its_fence(text: str) -> None:
    tokens = TABLES.parse("\n".join([*fence(text, 100), "", "after"]))
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


@settings(max_examples=200, deadline=None)
@given(text=_MARKS)
def test_a_mark_is_visible_whatever_its_words_are(text: str) -> None:
    marked = mark(text)
    assert marked.startswith("[to be filled in: ")
    assert marked.endswith("]")
    assert marked.count("[") == marked.count("]") == 1
    assert not set(marked) & set("|`<>\n")


def test_a_mark_never_becomes_a_link(postmortem: Callable[..., str]) -> None:
    document = postmortem("# PM\n\n## Notes\n\n[Who](somebody) did it. [Name]: did that. <What>(x) [Where][there]\n")
    assert "[to be filled in: Name] : did that" in document
    assert "[to be filled in: What] (x)" in document


def test_long_words_are_cut_and_links_can_still_be_copied() -> None:
    assert len(escape("x" * 10_000)) <= 400
    assert escape("see https://grafana.example/d/1?a=1&b=2.") == "see `https://grafana.example/d/1?a=1&b=2`."
    assert escape("disk_full on node-1 (10.0.0.5:9100)") == "disk_full on node-1 (10.0.0.5:9100)", (
        "plain words stay plain"
    )
