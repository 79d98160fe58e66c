"""Bytes → lines → blocks: odd Markdown, exact lines, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.playbook import kinds, outline, source
from tocsin.playbook.block import Block, Kind


def build(text: str) -> outline.Outline:
    return outline.build(source.read(text.encode(), 10**6).lines, kinds.is_name)


def only(text: str, kind: Kind) -> list[Block]:
    return [block for block in build(text).blocks if block.kind is kind]


def test_headings_in_both_forms_nest_and_know_their_last_line() -> None:
    found = only("Title\n=====\n\nPart\n----\n\ntext\n\n### Deep ###\nmore\n\n## Next\n", Kind.HEADING)
    assert [(block.text, block.level, block.line, block.last_line) for block in found] == [
        ("Title", 1, 1, 12),
        ("Part", 2, 4, 10),
        ("Deep", 3, 9, 10),
        ("Next", 2, 12, 12),
    ]


def test_a_line_of_dashes_below_a_label_is_a_rule_not_a_heading() -> None:
    assert only("**Owner:** SRE\n---\n", Kind.HEADING) == []
    assert only("A sentence that ends here.\n---\n", Kind.HEADING) == []


def test_a_bold_label_opens_a_part_and_a_bold_word_does_not() -> None:
    text = "**Symptoms:**\n- a\n\n**Alert:** `Down`\n\n**Bold** words in a sentence.\n\n**STOP EVERYTHING NOW!**\n"
    assert [(block.title, block.value, block.line) for block in only(text, Kind.LABEL)] == [
        ("Symptoms", "", 1),
        ("Alert", "`Down`", 4),
    ]


@pytest.mark.parametrize("label", ["**Symptoms:**", "**Symptoms**:", "__Symptoms:__", "**Symptoms**", "Symptoms:"])
def test_the_same_label_in_every_style(label: str) -> None:
    found = only(f"### X\n\n{label}\n- a\n- b\n", Kind.LABEL)
    assert [(block.title, block.line, block.last_line) for block in found] == [("Symptoms", 3, 5)]


def test_several_labels_on_neighbouring_lines_are_several() -> None:
    found = only("**Severity**: SEV-1  \n**Alert**: `A`  \n**Impact**: all\n", Kind.LABEL)
    assert [(block.title, block.value) for block in found] == [
        ("Severity", "SEV-1"),
        ("Alert", "`A`"),
        ("Impact", "all"),
    ]


def test_a_remark_in_passing_leaves_the_label_open() -> None:
    resolution = only("**Resolution:**\n1. a\n\n**Note:** careful\n\n2. b\n", Kind.LABEL)[0]
    assert [child.text for child in resolution.children if child.kind is Kind.ITEM] == ["a", "b"]


def test_a_fence_at_column_0_belongs_to_the_item_above_it() -> None:
    text = "1. **One**\n2. **Two**\n\n```bash\ncmd\n```\n\n3. **Three**\n\n```bash\nlast\n```\n"
    items = only(text, Kind.ITEM)
    assert [(item.number, [child.kind for child in item.children]) for item in items] == [
        (1, []),
        (2, [Kind.FENCE]),
        (3, [Kind.FENCE]),
    ]


def test_a_fence_in_a_list_keeps_its_lines_and_loses_its_indent() -> None:
    fence = only("1. Do\n   ```bash\n   # why\n   cmd \\\n     --flag\n   ```\n", Kind.FENCE)[0]
    assert (fence.line, fence.end_line, fence.first_line, fence.lang) == (2, 6, 3, "bash")
    assert fence.body == ("# why", "cmd \\", "  --flag")


@pytest.mark.parametrize(
    ("info", "lang"), [("bash", "bash"), (" Bash ", "bash"), ("{.sh}", "sh"), ('bash title="x"', "bash"), ("", None)]
)
def test_the_language_of_a_fence(info: str, lang: str | None) -> None:
    assert only(f"```{info}\nx\n```\n", Kind.FENCE)[0].lang == lang


def test_tildes_and_longer_marks_hold_shorter_ones() -> None:
    fences = only("~~~~\n```bash\nx\n```\n~~~~\n\n````markdown\n```\ny\n```\n````\n", Kind.FENCE)
    assert [(block.line, block.end_line) for block in fences] == [(1, 5), (7, 11)]


def test_a_fence_that_is_never_closed_does_not_swallow_the_next_part() -> None:
    read = build("## A\n```bash\ncmd\n\n## B\n\n**Fix:**\n```bash\nother\n```\n")
    assert [(fault.rule, fault.line) for fault in read.faults] == [("unclosed_fence", 2)]
    assert [block.text for block in read.blocks if block.kind is Kind.HEADING] == ["A", "B"]
    assert [block.body for block in read.blocks if block.kind is Kind.FENCE] == [("cmd", ""), ("other",)]


def test_nested_items_continue_and_nest_at_odd_indents() -> None:
    items = only("3. Start:\n  - first\n    goes on\n  - second\n4. End\n", Kind.ITEM)
    assert [(item.text, item.line, item.end_line) for item in items] == [
        ("Start:", 1, 1),
        ("first goes on", 2, 3),
        ("second", 4, 4),
        ("End", 5, 5),
    ]
    assert [child.text for child in items[0].children] == ["first goes on", "second"]


@pytest.mark.parametrize(("box", "checked"), [("- [ ] a", False), ("* [x] a", True), ("1. [X] a", True), ("- a", None)])
def test_check_boxes(box: str, checked: bool | None) -> None:
    item = only(box, Kind.ITEM)[0]
    assert (item.checked, item.text) == (checked, "a")


def test_tables_keep_lines_and_pipes_in_code() -> None:
    table = only("| A | B |\n|---|:-:|\n| `a | b` | c \\| d |\n| e |\n\ntext\n", Kind.TABLE)[0]
    assert [(row.line, row.cells) for row in table.rows] == [(1, ["A", "B"]), (3, ["`a | b`", "c | d"]), (4, ["e"])]


def test_html_tables_are_tables() -> None:
    html = (
        "<table>\n<tr><th>Level</th><th>Time</th></tr>\n<tr>\n<td>P1</td>\n<td>5 min</td>\n</tr>\n</table>\n\nafter\n"
    )
    table = only(html, Kind.TABLE)[0]
    assert [row.cells for row in table.rows] == [["Level", "Time"], ["P1", "5 min"]]
    assert table.rows[1].line == 4


def test_quotes_admonitions_and_comments() -> None:
    text = (
        '> [!WARNING]\n> Careful\n\n!!! note "Title"\n    1. inside\n\n<!-- hidden\nlines -->\nshown <!-- not --> too\n'
    )
    words = [block.text for block in build(text).blocks if block.kind in (Kind.TEXT, Kind.ITEM)]
    assert words == ["Careful", "Title", "inside", "shown too"]


def test_a_comment_that_is_never_closed_hides_nothing() -> None:
    read = build("a <!-- b\n\n**DO NOT:**\n- restart\n")
    assert [fault.rule for fault in read.faults] == ["unclosed_comment"]
    assert [block.text for block in read.blocks if block.kind is Kind.ITEM] == ["restart"]


def test_what_stands_after_the_last_rule_speaks_of_the_document() -> None:
    read = build("# T\n\n## Last\n- a\n\n---\n\n**Owner:** SRE\n**Version:** 1\n")
    last = next(block for block in read.blocks if block.text == "Last")
    assert last.last_line == 4


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(end: str) -> None:
    found = source.read(f"# A{end}{end}text{end}".encode(), 10**6)
    assert found.lines == ("# A", "", "text")


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\x00\x01PNG", "binary"),
        (b"# caf\xe9\n", "not_utf8"),
        ("# x".encode("utf-16"), "not_utf8"),
        (b"x" * 101, "too_large"),
        ("a â†’ b".encode(), "double_encoded"),
    ],
)
def test_bad_bytes_are_named(raw: bytes, rule: str) -> None:
    assert [found.rule for found in source.read(raw, 100).findings] == [rule]


@pytest.mark.parametrize(
    ("damaged", "repaired"),
    [
        ("A â†’ B", "A → B"),
        ("âŒ Restart â†’ no", "❌ Restart → no"),
        ("donâ€™t", "don’t"),
        ("ðŸš¨ Alarm", "🚨 Alarm"),
        ("cafÃ©", "café"),
        ("„MENÜ“ bleibt", "„MENÜ“ bleibt"),
        ("ação e configuração", "ação e configuração"),
    ],
)
def test_double_encoding_is_undone_and_nothing_else(damaged: str, repaired: str) -> None:
    assert source.read(damaged.encode(), 10**6).lines == (repaired,)


def test_the_front_matter_is_kept_as_pairs_and_lines_do_not_move() -> None:
    found = source.read(b"---\ntitle: My runbook\nowner: SRE\ntags:\n  - a\n---\n# T\n", 10**6)
    assert [(pair.key, pair.value, pair.line) for pair in found.front] == [
        ("title", "My runbook", 2),
        ("owner", "SRE", 3),
        ("tags", "", 4),
    ]
    assert found.lines[6] == "# T"


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="#*-_`~|> \n\t1.ab[]()<!:=", max_size=400))
def test_every_block_lies_in_the_document(text: str) -> None:
    lines = text.split("\n")
    for block in build(text or " ").blocks:
        assert 1 <= block.line <= block.end_line <= len(lines)
        assert block.end_line <= block.last_line <= len(lines)
        assert block.parent is not None
        assert block in block.parent.children


@pytest.mark.parametrize("line", ["    ```Spike` alert | x |", "    ~~~", "     ```a`", "\t```b` c"])
def test_an_indented_line_that_only_looks_like_a_fence_is_read_once(line: str) -> None:
    built = outline.build(("# A", "", "words", "", line, "    more", "end"), lambda title: False)
    assert sum(line.strip() in (*block.body, block.raw) for block in built.blocks) <= 1
    assert built.blocks[-1].last_line == 7
