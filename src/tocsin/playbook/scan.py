"""The one pass over the lines of a document that builds its tree of blocks.

Each line is dispatched by its first character. ``inner`` holds the open list items and the labels inside them; a label
outside lists is ``label``; what stands at column 0 goes to the innermost of label and heading.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence

from tocsin.pattern import compile_late
from tocsin.playbook import inline, label
from tocsin.playbook.block import Block, Fault, Kind
from tocsin.playbook.fencing import Fencing, Markup, columns, dedent, language
from tocsin.playbook.listing import gather
from tocsin.playbook.table import read_html_rows, read_rows

_BLANK = ("", " ", "\t")
_ORDERED = compile_late(r"(\d{1,9})[.)](?:[ \t]+|$)")
_RULE = compile_late(r"(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_ADMONITION = compile_late(r'(?:!!!|\?\?\?\+?)[ \t]+[\w-]+(?:[ \t]+"(.*)")?[ \t]*$|:{3,}\{?[\w-]*\}?[ \t]*(.*)$')
_COMPONENT = compile_late(r"</?[A-Z][\w.]*(?:\s[^<>]*)?/?>(?:</[A-Z][\w.]*>)?")
_QUOTE = compile_late(r"^(?:>\s*)+")
_ALERT_MARK = compile_late(r"\[!\w+\]\s*")
_PROSE = compile_late(r"[A-Z][a-z]*,?(?: [\w'’`-]+,?){3}")
_MAX_DEPTH = 24
_LONGEST_TEXT = 20_000  # characters of one paragraph: each line added to it copies all of it
_MAX_TABLE = 2000


class Scanner:
    """One pass over the lines; ``root`` is the tree that it builds, ``faults`` what was wrong on the way."""

    def __init__(self, lines: Sequence[str], is_name: Callable[[str], bool]) -> None:
        self.lines = lines
        self.is_name = is_name
        self.faults: list[Fault] = []
        self.root = Block(Kind.DOCUMENT, 1)
        self.headings: list[Block] = [self.root]
        self.chapters: list[Block] = [self.root]  # the same, and all that are closed already
        self.label: Block | None = None
        self.inner: list[Block] = []
        self.open: Block | None = None  # the text or item that a following line continues
        self.blank = True
        self.at = 0
        self.comment_end = -1  # the line on which the last comment of several lines ends
        self.offset = 0  # columns that an admonition's body is indented by
        self.fencing = Fencing(lines)
        self.markup = Markup(lines)

    def run(self) -> None:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            words, indent = line.rstrip(), 0
            if line[:1].isspace():
                words = words.lstrip(" \t")
                indent = len(line) - len(line.lstrip(" \t")) if "\t" not in line else columns(line)
            if not words:
                self.blank, self.open = True, None
                self.at += 1
                continue
            if self.offset:
                self.offset = self.offset if indent >= self.offset else 0
                indent -= self.offset
            self._read(words, indent)
            while self.comment_end > self.at:
                self._go_behind_comment(indent)
            self.at += 1
            self.blank = False

    def _go_behind_comment(self, indent: int) -> None:
        """Go on at the end of a comment of several lines, with the words that stand behind it."""
        self.at = self.comment_end
        words = self.lines[self.at].partition("-->")[2].strip()
        if words:
            self._read(words, indent)

    def _read(self, words: str, indent: int) -> None:
        """Dispatch one line by its first character."""
        quoted = words[0] == ">"
        if quoted:
            words = _ALERT_MARK.sub("", _QUOTE.sub("", words, count=1))
            if not words:
                self.blank, self.open = True, None
                return
        if words[0] == "{" and words.startswith("{/*") and words.endswith("*/}"):
            return  # a comment in MDX
        if "<!--" in words and words[0] not in "`~":
            words = self._skip_comment(words)
            if not words:
                return
        head = words[0]
        reader = _READERS.get(head)
        if reader is not None and reader(self, words, indent):
            return
        if head.isdigit() and self._read_ordered(words, indent):
            return
        if "|" in words and self._read_table(words, indent):
            return
        self._read_text(words, indent, quoted)

    def _add(self, block: Block, parent: Block) -> Block:
        block.parent = parent
        parent.children.append(block)
        return block

    def _scope(self) -> Block:
        """The innermost heading or label: where something at column 0 goes."""
        return self.label or self.headings[-1]

    def _container(self, indent: int) -> Block:
        """Close the items that something at this indent cannot stand in, and return what it stands in."""
        while self.inner:
            top = self.inner[-1]
            if indent > top.indent or (top.kind is Kind.LABEL and indent == top.indent):
                return top
            self.inner.pop()
        return self._scope()

    def _read_heading(self, words: str, indent: int) -> bool:
        text = words.lstrip("#")
        level = len(words) - len(text)
        if level > 6 or indent > 3 or text[:1] not in _BLANK:
            return False
        text = text.strip(" \t")
        closed = text.rstrip("#")
        self._open_heading(level, closed.rstrip(" \t") if closed.endswith((" ", "\t")) else text)
        return True

    def _open_heading(self, level: int, raw: str, line: int | None = None) -> Block:
        while self.headings[-1].level >= level:
            self.headings.pop()
        block = Block(Kind.HEADING, line or self.at + 1, raw)
        block.level = level
        self._add(block, self.headings[-1])
        self.headings.append(block)
        self.chapters.append(block)
        self.label, self.inner, self.open = None, [], None
        return block

    def _read_dash(self, words: str, indent: int) -> bool:
        """A line beginning with - * + _: a rule, the line under a heading, or a list item."""
        if words[-1] in "-*_" and (_RULE.fullmatch(words) or (len(words) > 1 and not words.strip("-"))):
            if words[0] == "-" and self._underlines():
                self._promote(2)
            elif len(words) > 2:
                self._read_rule(indent)
            return True
        if words[0] == "_" or words[1:2] not in _BLANK:
            return False
        self._open_item(words[1:].lstrip(" \t"), indent, None)
        return True

    def _read_rule(self, indent: int) -> None:
        if indent < 2:
            self.label, self.inner = None, []
        self.open = None
        self._add(Block(Kind.RULE, self.at + 1), self._scope())

    def _underlines(self) -> bool:
        """Whether the line before can be a heading that this line of dashes underlines."""
        text = self.open
        return (
            text is not None
            and text.kind is Kind.TEXT
            and text.line == self.at
            and len(text.raw) <= 80
            and not text.raw.endswith((".", ":", ",", ";", "!", "?"))
        )

    def _promote(self, level: int) -> None:
        text = self.open
        assert text is not None and text.parent is not None
        text.parent.children.remove(text) if text.parent.children[-1] is not text else text.parent.children.pop()
        self._open_heading(level, text.raw, text.line).end_line = self.at + 1

    def _read_equals(self, words: str, indent: int) -> bool:
        if words.strip("=") or not self._underlines():
            return False
        self._promote(1)
        return True

    def _read_ordered(self, words: str, indent: int) -> bool:
        match = _ORDERED.match(words)
        if match is None:
            return False
        number = int(match.group(1))
        lazy = self.open is not None and self.open.kind is Kind.TEXT and not self.open.raw.endswith(":")
        if lazy and number != 1:
            return False
        self._open_item(words[match.end() :], indent, number)
        return True

    def _open_item(self, raw: str, indent: int, number: int | None) -> None:
        while self.inner:
            top = self.inner[-1]
            if top.kind is Kind.LABEL and indent >= top.indent:
                break
            if indent >= top.indent + 2 and len(self.inner) < _MAX_DEPTH:
                break
            self.inner.pop()
        parent = self.inner[-1] if self.inner else self._scope()
        checked, raw = inline.check_box(raw) if raw[:1] == "[" else (None, raw)
        item = Block(Kind.ITEM, self.at + 1, raw, indent)
        item.number, item.ordered, item.checked = number, number is not None, checked
        gather(parent, item)
        self._add(item, parent)
        self.inner.append(item)
        self.open = item

    def _read_bracket(self, words: str, indent: int) -> bool:
        return self.open is None and label.is_reference(words)

    def _read_text(self, words: str, indent: int, quoted: bool = False) -> None:
        found = self._as_label(words, indent)
        if found is not None:
            self._open_label(found, indent)
            return
        if self.open is not None and len(self.open.raw) < _LONGEST_TEXT:
            self.open.say_more(words, self.at + 1)
            return
        if self.blank and not _PROSE.match(words) and self._read_indented(indent):
            return
        block = Block(Kind.TEXT, self.at + 1, words, indent)
        block.quoted = quoted
        self.open = self._add(block, self._container(indent))

    # -- labels ---------------------------------------------------------------------------------------------------

    def _as_label(self, words: str, indent: int) -> Block | None:
        """A label block when the line begins with one, else None."""
        found = label.read_label(words)
        if found is None and self.open is None:
            found = label.read_run_in(words, self.is_name)
        if found is not None:
            block = Block(Kind.LABEL, self.at + 1, found[0], indent)
            block.value = found[1]
            return block
        weak = self.open is None and (self._names_part(words) or self._names_step(words))
        return Block(Kind.LABEL, self.at + 1, words.strip("*_")) if weak else None

    def _names_part(self, words: str) -> bool:
        return words[-1:] in (":", "*", "_") and self.is_name(label.part_name(words))

    def _names_step(self, words: str) -> bool:
        if self.inner or not label.is_step_line(words):
            return False
        return self.at + 1 >= len(self.lines) or label.begins_block(self.lines[self.at + 1])

    def _open_label(self, block: Block, indent: int) -> None:
        self.open = None
        parent = self._container(indent)
        if parent.kind is Kind.LABEL and self.inner and parent is self.inner[-1]:
            self.inner.pop()
            parent = self._container(indent)
        title = inline.bare(inline.clean(block.raw))
        aside = bool(block.value) and label.is_aside(title)
        if self.inner:
            self._add(block, parent)
            if not aside and len(self.inner) < _MAX_DEPTH:
                self.inner.append(block)
        elif aside:
            self._add(block, parent)
        else:
            self._add(block, self.headings[-1])
            self.label = None if block.value and label.is_fact(title) else block

    # -- fences and tables ----------------------------------------------------------------------------------------

    def _read_fence(self, words: str, indent: int) -> bool:
        opening = self.fencing.open(words)
        if opening is None:
            return False
        end, closed = self.fencing.find_end(self.at, *opening)
        if not closed:
            self.faults.append(Fault("unclosed_fence", self.at + 1))
        block = Block(Kind.FENCE, self.at + 1, "", indent)
        block.lang = language(opening[1])
        block.first_line = self.at + 2
        block.body = dedent(self.lines[self.at + 1 : end], indent + self.offset)
        block.end_line = end + 1 if closed else max(end, self.at + 1)
        self._add(block, self._owner(indent))
        self.at = block.end_line - 1
        self.open = None
        return True

    def _owner(self, indent: int) -> Block:
        """What a fence belongs to: also the item right above it when that one introduces it."""
        top = self.inner[-1] if self.inner else None
        if top is not None and top.kind is Kind.ITEM and indent <= top.indent and not top.children:
            introduces = top.raw.endswith((":", "**", "__")) or top.parent is None
            if introduces:
                return top
        return self._container(indent)

    def _read_indented(self, indent: int) -> bool:
        """An indented code block: four columns in, after a blank line, outside any list."""
        if indent < 4 or (self.inner and self._container(indent) in self.inner):
            return False
        first, end = self.at, self.at + 1
        while end < len(self.lines) and self._is_indented(self.lines[end], indent):
            end += 1
        while not self.lines[end - 1].strip():
            end -= 1
        block = Block(Kind.FENCE, first + 1, "", indent)
        block.fenced = False
        block.body = dedent(self.lines[first:end], indent + self.offset)
        block.first_line, block.end_line = first + 1, end
        self._add(block, self._container(indent))
        self.at = end - 1
        return True

    @staticmethod
    def _is_indented(line: str, indent: int) -> bool:
        """Whether a line goes on with an indented block: it is blank or as far in, and opens no fence."""
        words = line.strip()
        return not words or (columns(line) >= indent and not words.startswith(("```", "~~~")))

    def _read_table(self, words: str, indent: int) -> bool:
        rows = read_rows(self.lines, self.at, words)
        if rows is None:
            return False
        block = Block(Kind.TABLE, self.at + 1, words, indent)
        block.rows = rows
        block.end_line = max(rows[-1].line, self.at + 2)
        self._add(block, self._container(indent))
        self.at = block.end_line - 1
        self.open = None
        return True

    # -- what surrounds the text ----------------------------------------------------------------------------------

    def _skip_comment(self, words: str) -> str:
        """Take HTML comments out of a line; one that runs on is gone through up to its end once the line is read."""
        kept, runs_on = inline.uncomment(words)
        if runs_on and self.markup.last_comment_end > self.at:
            self.comment_end = self.at + 1
            while "-->" not in self.lines[self.comment_end]:
                self.comment_end += 1
        elif runs_on:
            self.faults.append(Fault("unclosed_comment", self.at + 1))
        return kept.strip()

    def _read_admonition(self, words: str, indent: int) -> bool:
        match = _ADMONITION.match(words)
        if match is None:
            return False
        if words[0] != ":":
            self.offset = indent + self.offset + 4
        self.open, self.blank = None, True
        if title := match.group(1) or match.group(2):
            self._add(Block(Kind.TEXT, self.at + 1, title, indent), self._container(indent))
        return True

    def _read_html(self, words: str, indent: int) -> bool:
        """A line of HTML: its words count as text, its tags do not; a table is a table."""
        if words[:6].lower() == "<table" and self._read_html_table(indent):
            return True
        text = "" if _COMPONENT.fullmatch(words) else inline.clean(words)
        if text == words.strip():
            return False
        if text:
            self.open = None
            self._add(Block(Kind.TEXT, self.at + 1, text, indent), self._container(indent))
        return True

    def _read_html_table(self, indent: int) -> bool:
        end = bisect.bisect_left(self.markup.table_ends, self.at)
        if end == len(self.markup.table_ends) or self.markup.table_ends[end] - self.at > _MAX_TABLE:
            return False
        block = Block(Kind.TABLE, self.at + 1, "", indent)
        block.rows = read_html_rows(self.lines, self.at, self.markup.table_ends[end])
        block.end_line = self.markup.table_ends[end] + 1
        if block.rows:
            self._add(block, self._container(indent))
        self.at, self.open = self.markup.table_ends[end], None
        return True


_READERS: dict[str, Callable[[Scanner, str, int], bool]] = {
    "#": Scanner._read_heading,
    "-": Scanner._read_dash,
    "*": Scanner._read_dash,
    "+": Scanner._read_dash,
    "_": Scanner._read_dash,
    "•": Scanner._read_dash,
    "▪": Scanner._read_dash,
    "◦": Scanner._read_dash,
    "=": Scanner._read_equals,
    "`": Scanner._read_fence,
    "~": Scanner._read_fence,
    "!": Scanner._read_admonition,
    "?": Scanner._read_admonition,
    ":": Scanner._read_admonition,
    "<": Scanner._read_html,
    "[": Scanner._read_bracket,
}
