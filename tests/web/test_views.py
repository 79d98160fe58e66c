"""How what others wrote is made safe to show, and how times are spelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import BadInput
from tocsin.timeline.matcher import read_matchers
from tocsin.web.hooks.keys import find_team
from tocsin.web.render import mark_code, spell_rough, spell_size, spell_span
from tocsin.web.screens.postmortem import render_markdown
from tocsin.web.views.scene import clean, find_link, quote


@given(st.text(), st.integers(1, 50))
def test_what_is_shown_prints_and_is_bounded(text: str, most: int) -> None:
    shown = clean(text, most)
    assert len(shown) <= most + 1
    assert not any(char in "\x00\x07\x1b\x7f\x9b\u202e\u2066" for char in shown)
    assert shown.endswith("…") or len(text) <= 4 * most


def test_a_cut_is_marked() -> None:
    assert clean("x" * 10, 10) == "x" * 10
    assert clean("x" * 11, 10) == "x" * 10 + "…"
    assert clean("\x1b[31m" * 100 + "red", 10) == "…"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//x.example", "http:", "mailto:a@b", "http://[", "", "file:///etc"],
)
def test_only_addresses_of_the_web_are_links(url: str) -> None:
    assert find_link(url) == ""


def test_addresses_of_the_web_are_links() -> None:
    assert find_link(" https://grafana.example/d/1?x=<y> ") == "https://grafana.example/d/1?x=<y>"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("- **Response time**: 5 minutes", "Response time: 5 minutes"),
        ("  3. [ ] Tell `#ops`", "Tell #ops"),
        ("### SEV-1: Critical", "SEV-1: Critical"),
        ("| P1 | 15 min | call |", "P1 · 15 min · call"),
        ("> Do NOT restart", "Do NOT restart"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_line_of_the_playbook_is_quoted_as_a_reader_says_it(line: str, said: str) -> None:
    assert quote(line) == said


@pytest.mark.parametrize(
    ("seconds", "clock"),
    [(0, "0:00"), (59.9, "0:59"), (247, "4:07"), (3729, "1:02:09"), (-247, "4:07"), (273600, "3 d 04:00")],
)
def test_a_stretch_of_time_as_a_clock(seconds: float, clock: str) -> None:
    assert spell_span(seconds) == clock


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "–"), (45, "45 s"), (900, "15 min"), (7200, "2 h"), (604800, "7 d"), (5400, "90 min")]
)
def test_a_stretch_of_time_as_people_say_it(seconds: float | None, said: str) -> None:
    assert spell_rough(seconds) == said


def test_code_in_a_sentence_is_marked_and_the_rest_escaped() -> None:
    assert mark_code("`a<b` is <i>not</i> `x") == "<code>a&lt;b</code> is &lt;i&gt;not&lt;/i&gt; `x"


def test_sizes() -> None:
    assert [spell_size(count) for count in (5, 2048, 3 * 2**20)] == ["5 B", "2 KiB", "3.0 MiB"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](https://evil.example/pixel.png)",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)" onclick="x">x</a>',
        "<style>body{display:none}</style>",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<iframe src=//evil.example></iframe>",
    ],
)
def test_markdown_becomes_harmless(text: str) -> None:
    html = render_markdown(f"# Title\n\n{text}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    for bad in ("<script", "<img", "<iframe", "<style", '<a href="javascript:', '<a href="data:', "<a onclick"):
        assert bad not in html
    assert "<h1>Title</h1>" in html
    assert "<td>1</td>" in html


def test_links_in_markdown_give_nothing_away() -> None:
    assert 'rel="noopener noreferrer nofollow"' in render_markdown("[x](https://example.org)")


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(max_size=20), max_size=4),
    st.text(max_size=20),
)
def test_equal_and_not_equal_are_opposites(labels: dict[str, str], value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    same, other = read_matchers([f'a="{quoted}"', f'a!="{quoted}"'])
    assert same.fits(labels) is (labels.get("a", "") == value)
    assert same.fits(labels) is not other.fits(labels)


@given(st.text(max_size=60))
def test_any_text_is_a_matcher_or_a_sentence(text: str) -> None:
    try:
        found = read_matchers([text])
    except BadInput as error:
        assert str(error)
    else:
        found[0].fits({"a": "x" * 1024, "alertname": "y" * 1024})


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("(a*)*b", "a" * 60_000, False),
        ("(a|a)+b", "a" * 60_000, False),
        (".*x.*x.*x.*", "x" * 60_000, True),
        ("(?i)high.*", "HighErrorRate", True),
        ("(prod|stage)-.+?-db[0-9]{1,3}", "prod-eu-db12", True),
        (r"\\pL+", "Wärme", True),
        ("High", "HighErrorRate", False),
    ],
)
def test_expressions_are_anchored_and_never_slow(pattern: str, value: str, fits: bool) -> None:
    (matcher,) = read_matchers([f'a=~"{pattern}"'])
    assert matcher.fits({"a": value}) is fits


def test_keys_are_compared_whole() -> None:
    keys = {"a" * 32: "one", "b" * 32: "two"}
    assert find_team(keys, "b" * 32) == "two"
    assert find_team(keys, "b" * 31) is None
    assert find_team(keys, "ü\ud800") is None
    assert find_team({}, "") is None
