"""Where the blanks of a statement stand: its commands as the words that a program would get, each blank one character.

A word is *plain* if the shell would hand it over as it is written: nothing in it is expanded, so that it can be given
to the program without a shell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from tocsin.playbook.placeholder import Span

FIRST = 0xE100
MOST = 0xFF
"""Blanks of one statement; more are not told apart."""
HOLE = "\ue0ff"
"""Stands for whatever the shell computes."""
MARKED = re.compile("[\ue100-\ue1ff]")

_RUN = re.compile("([\ue100-\ue1ff])\\1*")
_ESCAPED = re.compile(r"\\(\n|.)", re.DOTALL)
_ESCAPED_IN_QUOTES = re.compile(r"\\([$`\"\\\n])")
_EXPANDED = re.compile(r"(?<!\\)[*?\[]|\A~|(?<!\\)[{}]")
_URL = re.compile(r"https?://")
"""What no file is called, so that its question mark is one."""
_WORDS = frozenset({"word", "number", "string", "raw_string", "concatenation", "ansi_c_string", "translated_string",
                    "simple_expansion", "expansion", "command_substitution", "process_substitution", "brace_expression",
                    "arithmetic_expansion", "extglob_pattern", "regex", "test_operator", "==", "="})  # fmt: skip


class Word(NamedTuple):
    """One word of a command; `start` and `end` are where it stands."""

    text: str
    start: int
    end: int
    is_plain: bool


def mark(text: str, spans: Sequence[Span]) -> str:
    """The text with each blank as a run of its own character, as long as it is."""
    parts, done = [], 0
    for at, span in enumerate(spans):
        parts += [text[done : span.start], chr(FIRST + at) * (span.end - span.start)]
        done = span.end
    return "".join((*parts, text[done:]))


def read_words(command: Node, marked: str) -> list[Word]:
    """The program and its arguments, as words."""
    found = []
    for child in command.children:
        node = child.children[0] if child.type == "command_name" and child.children else child
        if node.type in _WORDS:
            text, is_plain = _flatten(node, marked)
            found.append(Word(_RUN.sub(r"\1", text), node.start_byte, node.end_byte, is_plain))
    return found


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack += reversed(current.children)


def around(root: Node, span: Span) -> Iterator[Node]:
    """The nodes that a blank stands in, from the innermost out."""
    node = root.descendant_for_byte_range(span.start, span.end)
    while node is not None:
        yield node
        node = node.parent


def _flatten(node: Node, marked: str) -> tuple[str, bool]:
    text = marked[node.start_byte : node.end_byte]
    if node.type == "raw_string":
        return text[1:-1], True
    if node.type == "string":
        return _flatten_string(node, marked)
    if node.type == "concatenation":
        parts = [_flatten(child, marked) for child in node.children]
        return "".join(part for part, _ in parts), all(is_plain for _, is_plain in parts)
    if node.children or node.type not in ("word", "number", "test_operator", "==", "="):
        return HOLE, False
    is_plain = text == "{}" or _EXPANDED.search(text.replace("?", "", 1) if _URL.match(text) else text) is None
    return _ESCAPED.sub(_unescape, text), is_plain


def _flatten_string(node: Node, marked: str) -> tuple[str, bool]:
    """Double quotes: what stands between expansions is as written, but for its escapes."""
    start, end = node.start_byte + 1, node.end_byte - 1
    holes = [child for child in node.children if child.type not in ("string_content", '"', "string_end")]
    parts = []
    for hole in holes:
        parts += [_ESCAPED_IN_QUOTES.sub(_unescape, marked[start : hole.start_byte]), HOLE]
        start = max(start, hole.end_byte)
    parts.append(_ESCAPED_IN_QUOTES.sub(_unescape, marked[start:end]))
    return "".join(parts), not holes


def _unescape(match: re.Match[str]) -> str:
    return "" if match[1] == "\n" else match[1]
