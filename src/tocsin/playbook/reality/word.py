"""The words of a node, as a shell expands them: quotes, variables whose value is written out, braces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product

from tree_sitter import Node

from tocsin.playbook.reality.names import WILD, close_gaps

_OPEN, _CLOSE = "\ue010", "\ue011"
HIDDEN = {"(": "\ue012", ")": "\ue013"}
"""Brackets of a bare URL, which no shell would read, until its words are shown."""
_MOST = 64
_ESCAPE = re.compile(r"\\(\n|.)", re.DOTALL)
_QUOTED_ESCAPE = re.compile(r"\\([$`\"\\\n])")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*|-?\w+\.\.-?\w+)\}")
_DEFAULT = re.compile(r"\$\{(\w+)(?::?-([^{}$`]*))?\}")
_PLAIN = frozenset({"word", "number", "extglob_pattern", "regex", "variable_name", "test_operator", "brace_expression"})


class Words:
    """Reads the words of one parsed text; ``known`` are the variables by now."""

    def __init__(self, source: str, known: Mapping[str, str]) -> None:
        self._source = source
        self._known = known

    def read(self, node: Node) -> list[str]:
        """What a node becomes: one word, or several where braces or a list in a variable make them."""
        text = close_gaps(self._value(node))
        bare = node.type == "simple_expansion" and " " in text
        parts = text.split() if bare else [text]
        return [_show(each) for part in parts for each in _expand(part)]

    def _value(self, node: Node) -> str:
        kind, text = node.type, self._source[node.start_byte : node.end_byte]
        if kind in _PLAIN:
            return WILD if node.children and kind == "word" and "$" in text else _ESCAPE.sub(_unescape, text)
        if kind == "string":
            return _hide(self._parts(node, 1))
        if kind == "string_content":
            return _QUOTED_ESCAPE.sub(_unescape, text)
        if kind == "raw_string":
            return _hide(text[1:-1])
        if kind == "ansi_c_string":
            return _hide(text[2:-1])
        if kind == "concatenation":
            return self._parts(node, 0)
        if kind in ("simple_expansion", "expansion"):
            return self._variable(text.strip())
        return WILD

    def _parts(self, node: Node, trim: int) -> str:
        at, end = node.start_byte + trim, node.end_byte - trim
        found: list[str] = []
        for child in node.children[trim : len(node.children) - trim]:
            found += (self._source[at : child.start_byte], self._value(child))
            at = child.end_byte
        return "".join((*found, self._source[at:end]))

    def _variable(self, text: str) -> str:
        match = _DEFAULT.fullmatch(text)
        name, fallback = (match[1], match[2]) if match else (text.removeprefix("$"), None)
        value = self._known.get(name)
        if value is None:
            value = "~" if name == "HOME" else "." if name == "PWD" else WILD
        return value if value or fallback is None else fallback


def _unescape(match: re.Match[str]) -> str:
    return "" if match[1] == "\n" else _hide(match[1])


def _hide(text: str) -> str:
    return text.replace("{", _OPEN).replace("}", _CLOSE)


def _show(text: str) -> str:
    for bracket, mark in (("{", _OPEN), ("}", _CLOSE), *HIDDEN.items()):
        text = text.replace(mark, bracket)
    return text


def _expand(text: str) -> list[str]:
    """The words that braces make of one: ``validator-{1..3}``, ``{a,b}.yml``."""
    pieces: list[list[str]] = []
    at = 0
    for match in _BRACES.finditer(text):
        pieces += ([text[at : match.start()]], _alternatives(match[1]))
        at = match.end()
    pieces.append([text[at:]])
    total = 1
    for each in pieces:
        total *= len(each)
    return ["".join(each) for each in product(*pieces)] if total <= _MOST else [_BRACES.sub(WILD, text)]


def _alternatives(inside: str) -> list[str]:
    first, dots, last = inside.partition("..")
    if not dots or "," in inside:
        return inside.split(",")
    if first.isdecimal() and last.isdecimal() and abs(int(last) - int(first)) < _MOST:
        step = 1 if int(first) <= int(last) else -1
        width = len(first) if first.startswith("0") else 0
        return [str(each).zfill(width) for each in range(int(first), int(last) + step, step)]
    return [WILD]
