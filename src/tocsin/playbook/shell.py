"""The syntax tree of shell text, and what must be done to a playbook's text before a shell grammar can read it.

Two kinds of text are no shell as written, though every reader knows what is meant: a blank such as ``<id>``, and a URL
with bare parentheses, which bash refuses. Both become plain words of the same length here, so that what the tree says
of positions is true of the source.

The grammar is only ever given ASCII: its scanner looks characters up in a table of 256 and reads past its end for any
other (a playbook with a rare character would end the process). So every place in a tree is a place in the text, counted
in characters.
"""

from __future__ import annotations

import re

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from tocsin.pattern import compile_late
from tocsin.playbook import placeholder

_LANGUAGE = Language(tree_sitter_bash.language())

_BARE_URL = compile_late(r"""(?<![\w"'=(])https?://[^\s'"`$;&|<>\\()]*\([^\s'"`$;&|<>\\]*""")
_OPENERS = compile_late(
    r"(?:^|[\s;&|(])(?:for|while|until|if|case|select|function|do|then|else|elif|in|\{|\()(?=$|[\s;])"
)
_HEREDOC = compile_late(r"<<-?\s*(?:\\?[\w]|['\"])")


def names(text: str) -> frozenset[str]:
    """Return the words of a list that is written as one text."""
    return frozenset(text.split())


def parse_as_written(text: str) -> Node:
    """Return the tree of ``text``; whatever the grammar cannot read is an ERROR or MISSING node.

    The tree's ``start_byte`` and ``end_byte`` are indexes into ``text``.
    """
    plain = _OTHER.sub(".", text)
    if plain.count("`") <= _MOST_BACKTICKS or _is_sound(plain):
        return _parse(plain)
    root = _parse(plain.replace("`", ";"))
    return root if root.has_error else _parse(plain.replace("`", ")"))


_OTHER = compile_late(r"[^\t\n -~]")
"""What is not plain ASCII; to a shell any of it is just a character of a word, as a dot is."""

_SUBSTITUTED = compile_late(r"`((?:\\.|[^`\\])*)`", re.DOTALL)

_MOST_BACKTICKS = 12
"""With each further pair that encloses no command (a table that was fenced as shell) the grammar takes twice as long:
its repair keeps both readings of each (`stack_node_add_link` of tree-sitter 0.26 calls itself for all of them).
"""


def _is_sound(plain: str) -> bool:
    """Return whether each pair of backticks encloses a command, and the text around them is one too.

    What is not is no program in any reading: the grammar finds that soon with separators in place of the backticks, and
    late but surely with brackets.
    """
    outside = _SUBSTITUTED.sub(lambda found: "x" * len(found[0]), plain)
    inside = (found[1] for found in _SUBSTITUTED.finditer(plain))
    return "`" not in outside and not any(_parse(each).has_error for each in (outside, *inside))


def _parse(plain: str) -> Node:
    return Parser(_LANGUAGE).parse(plain.encode("ascii")).root_node


def parse_bound(text: str) -> Node:
    """Return the tree of ``text`` with its blanks bound to words and its bare URLs quoted."""
    bound = placeholder.bind(text)
    root = parse_as_written(bound)
    if root.has_error and has_bare_url(bound):
        root = parse_as_written(quote_urls(bound))
    return root


def has_bare_url(text: str) -> bool:
    """Return whether a URL with unquoted parentheses stands in ``text``: bash refuses the line that it is on."""
    return "(" in text and _BARE_URL.search(text) is not None


def quote_urls(text: str) -> str:
    """Return ``text`` with the parentheses of bare URLs turned into ``_``, as if the URL were quoted."""
    return _BARE_URL.sub(lambda match: match[0].replace("(", "_").replace(")", "_"), text)


def is_open(text: str) -> bool:
    """Return whether a shell would ask for more lines after ``text``: a quote, a list or a compound is not closed."""
    line = text.rstrip(" \t")
    if line.endswith("\\") and not line.endswith("\\\\"):
        return True
    if line.endswith(("|", "&&")):
        return True
    if not (_OPENERS.search(text) or _HEREDOC.search(text) or has_open_quote(text)):
        return False
    return parse_bound(text).has_error


def has_open_quote(text: str) -> bool:
    """Return whether ``text`` ends inside quotes."""
    quote = ""
    escaped = False
    before = "\n"
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character == "#" and before.isspace():
            quote = "\n"
        before = character
    return quote not in ("", "\n")


def is_comment(node: Node, source: str) -> bool:
    """Return whether a comment of the tree is one for bash too: a ``#`` inside a word begins none."""
    before = source[max(0, node.start_byte - 2) : node.start_byte]
    return node.type == "comment" and (not before or (before[-1:] in " \t\n;&|" and before[:-1] != "\\"))
