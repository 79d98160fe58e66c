"""The words of a command as the shell would hand them to a program, as far as the text alone tells.

What the text does not tell stands in a word as one private character, by how far it can be trusted: the value of a
quoted expansion is one word, that of a bare one may be several, a loop over plain names is as good as a name, and a
value that is known to begin with a dash or to hold shell syntax can be anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook.effect.verdict import Verdict

ONE = "\ue000"
BLANK = "\ue001"
MANY = "\ue002"
PLAIN = "\ue003"
TAINTED = "\ue004"
MARKS = frozenset({ONE, BLANK, MANY, PLAIN, TAINTED})

SAFE_VALUE = compile_late(r"[\w.@:/%+,=][\w.@:/%+,=-]*")
_OWN = frozenset({"HOME", "USER", "LOGNAME", "PWD", "OLDPWD", "HOSTNAME", "UID", "EUID", "PPID", "RANDOM", "SECONDS"})
_NUMBERS = frozenset({"?", "$", "!", "#"})
_MARKED = compile_late(f"[{ONE}{MANY}{PLAIN}{TAINTED}]|{BLANK}[^{BLANK}]*{BLANK}")
_ESCAPE = compile_late(r"\\(\n|.)", re.DOTALL)
_QUOTED_ESCAPE = compile_late(r"\\([$`\"\\\n])")
_SIMPLE_ANSI = {"n": "\n", "t": "\t", "\\": "\\", "'": "'", '"': '"', "r": "\r"}
_ALTERNATIVES = compile_late(r"\{([^{}]*(?:,[^{}]*)+|-?\w+\.\.-?\w+(?:\.\.-?\w+)?)\}")

Known = Mapping[str, frozenset[str] | None]
"""What each variable of a text may hold, as far as the text assigns it; None where that is not written out."""


class Word(NamedTuple):
    """One argument, or several where a bare variable with blanks in it is known: ``texts``, and the variables used."""

    texts: tuple[str, ...]
    names: frozenset[str] = frozenset()


def is_dynamic(text: str) -> bool:
    """Return whether part of a word is not written out."""
    return not text.isascii() and _MARKED.search(text) is not None


def is_tainted(text: str) -> bool:
    """Return whether a word may turn into flags or syntax."""
    return TAINTED in text


def is_free(text: str) -> bool:
    """Return whether a word holds a value that the text does not bound."""
    return ONE in text or MANY in text or TAINTED in text


def readable(text: str) -> str:
    """Return a word for rules and reasons: what is not written out as ``$``."""
    return _MARKED.sub("$", text) if not text.isascii() else text


class Reader:
    """Reads words of one parsed text. ``substitute`` judges what stands in a substitution."""

    def __init__(self, source: str, known: Known, substitute: Callable[[Node], Verdict]) -> None:
        self._source = source
        self._known = known
        self._substitute = substitute
        self.verdicts: list[Verdict] = []
        self.names: set[str] = set()

    def read(self, node: Node) -> Word:
        """Return what a word's node becomes."""
        before = set(self.names)
        self.names = set()
        text = self._value(node, quoted=False)
        names = frozenset(self.names)
        self.names |= before
        if "\x1f" in text:
            return Word(tuple(part for part in text.split("\x1f") if part), names)
        return Word((_brace(text),), names)

    def adjoins(self, before: Node, after: Node) -> bool:
        """Return whether one word follows another on the same line, a continued one included."""
        return _BLANK_GAP.fullmatch(self._source, before.end_byte, after.start_byte) is not None

    def text(self, node: Node) -> str:
        """Return the source of a node."""
        return self._source[node.start_byte : node.end_byte]

    def _value(self, node: Node, *, quoted: bool) -> str:
        kind = node.type
        if kind in ("word", "number", "extglob_pattern", "regex", "variable_name", "test_operator"):
            return self._bare(node)
        if kind == "string_content":
            return _QUOTED_ESCAPE.sub(_unescape, self.text(node))
        if kind == "string":
            return self._parts(node, quoted=True, trim=1)
        if kind == "translated_string":
            return self._value(node.children[-1], quoted=True)
        if kind == "raw_string":
            return _protect(self.text(node)[1:-1])
        if kind == "ansi_c_string":
            return _protect(_ansi(self.text(node)[2:-1]))
        if kind == "concatenation":
            return self._parts(node, quoted=quoted, trim=0)
        if kind == "brace_expression":
            return self.text(node)
        if kind == "simple_expansion":
            return self._variable(self.text(node).lstrip()[1:], quoted)
        if kind == "expansion":
            return self._expansion(node, quoted)
        if kind == "arithmetic_expansion":
            self.collect(node)
            return PLAIN
        if kind in ("command_substitution", "process_substitution"):
            return self._substitution(node, quoted)
        self.collect(node)
        return TAINTED

    def _bare(self, node: Node) -> str:
        text = self.text(node)
        if not node.children:
            return _ESCAPE.sub(_unescape, text) if "\\" in text else text
        self.collect(node)
        return TAINTED

    def _parts(self, node: Node, *, quoted: bool, trim: int) -> str:
        """Return the values of a node's children with whatever source lies between them."""
        start, end = node.start_byte + trim, node.end_byte - trim
        parts: list[str] = []
        for child in node.children[trim : len(node.children) - trim] if trim else node.children:
            if child.start_byte > start:
                parts.append(_protect(self._source[start : child.start_byte]))
            value = self._value(child, quoted=quoted)
            parts.append(_leading_blanks(self.text(child)) + value if quoted and child.type in _EXPANSIONS else value)
            start = max(start, child.end_byte)
        if end > start:
            parts.append(_protect(self._source[start:end]))
        joined = "".join(parts)
        return _protect(joined) if quoted else joined

    def _variable(self, name: str, quoted: bool) -> str:
        self.names.add(name)
        if name in _OWN or name in _NUMBERS:
            return PLAIN
        values = self._known.get(name)
        if values is None:
            return ONE if quoted and name != "@" else MANY
        if len(values) == 1:
            (value,) = values
            if quoted:
                return value
            parts = value.split()
            return value if len(parts) == 1 else "\x1f" + "\x1f".join(parts) + "\x1f"
        return PLAIN if all(SAFE_VALUE.fullmatch(value) for value in values) else TAINTED

    def _expansion(self, node: Node, quoted: bool) -> str:
        children = node.children[1:-1]
        operator = "".join(child.type for child in children if not child.is_named)
        names = [self.text(child) for child in children if child.type.endswith("variable_name")]
        self.names.update(names)
        self.collect(node)
        if "@" in operator or "!" in operator or not names:
            return PLAIN if operator == "#" else TAINTED
        if not operator and len(children) == 1:
            return self._variable(names[0], quoted)
        if operator.startswith("#") and children[0].type == "#":
            return PLAIN
        texts = [
            self.text(child).strip("\"'") for child in children if child.type not in ("variable_name", "subscript")
        ]
        if any(text.startswith("-") and len(text) > 1 and text != ":-" for text in texts):
            return TAINTED
        return ONE if quoted else MANY

    def _substitution(self, node: Node, quoted: bool) -> str:
        self.verdicts.append(self._substitute(node))
        if node.type == "process_substitution":
            return MANY
        if _PRINTS_DASH.search(_QUOTING.sub("", self.text(node))):
            return TAINTED
        return ONE if quoted else MANY

    def collect(self, node: Node) -> None:
        """Judge every substitution below a node, and note the variables it uses."""
        stack = list(node.children)
        while stack:
            child = stack.pop()
            if child.type in ("command_substitution", "process_substitution"):
                self.verdicts.append(self._substitute(child))
                continue
            if child.type in ("variable_name", "simple_expansion"):
                self.names.add(self.text(child).lstrip().lstrip("$"))
            stack += child.children


_EXPANSIONS = frozenset({"command_substitution", "simple_expansion", "expansion", "arithmetic_expansion"})
_BLANK_GAP = compile_late(r"(?:[ \t]|\\\n)*")
_QUOTING = compile_late(r"[\\'\"]")
_PRINTS_DASH = compile_late(r"\b(?:echo|printf)\b.*\s(?!-[neE]+\s)-|<<<.*-", re.DOTALL)


def _leading_blanks(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _protect(text: str) -> str:
    """Hide quoted braces from brace expansion."""
    return text.replace("{", "\x1d").replace("}", "\x1e") if "{" in text or "}" in text else text


def _unescape(match: re.Match[str]) -> str:
    return "" if match[1] == "\n" else _protect(match[1])


def _ansi(text: str) -> str:
    if "\\" not in text:
        return text
    pieces = re.split(r"\\(.)", text, flags=re.DOTALL)
    if any(escape not in _SIMPLE_ANSI for escape in pieces[1::2]):
        return TAINTED
    return "".join(_SIMPLE_ANSI[piece] if index % 2 else piece for index, piece in enumerate(pieces))


def _brace(text: str) -> str:
    """Return a word with its bare brace alternatives replaced by one plain value, and quoted braces restored."""
    if "{" in text:
        expanded = _ALTERNATIVES.sub(_alternatives, text)
        if "{" in expanded and "}" in expanded and ("," in expanded or ".." in expanded):
            expanded = TAINTED
        text = expanded
    return text.replace("\x1d", "{").replace("\x1e", "}") if "\x1d" in text or "\x1e" in text else text


def _alternatives(match: re.Match[str]) -> str:
    values = [value for value in match[1].split(",") if value]
    if any(c not in MARKS for c in match.string[: match.start()]):
        values = [f"x{value}" for value in values]
    return PLAIN if all(SAFE_VALUE.fullmatch(value.replace(PLAIN, "x")) for value in values) else TAINTED


def shorten(text: str) -> str:
    """Return the first sixty characters of a text, on one line."""
    return " ".join(text.split())[:60]
