"""Text of a document as a terminal may show it: control characters made visible, widths counted in columns.

A playbook is somebody else's text. Sent to a terminal as it is, an escape sequence in it could move the cursor, change
colours or hide a line, and a mark that turns the direction of writing could show a command that is not there.
"""

from __future__ import annotations

import unicodedata

TAB = 4
"""Columns that a tab is shown with."""

_PICTURES = 0x2400
_DELETE = 0x7F
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINER = "\u200d"


def show(text: str) -> str:
    """The text with nothing in it that a terminal would obey."""
    return text if text.isprintable() else "".join(map(show_character, text))


def show_character(character: str) -> str:
    """One character as it may be shown: a picture for a control character, its code for others that are not seen."""
    if character.isprintable() or character == _JOINER:
        return character
    if character == "\t":
        return " " * TAB
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == _DELETE:
        return "\u2421"
    return f"<U+{code:04X}>" if unicodedata.category(character) in _HIDDEN else character


def width(text: str) -> int:
    """How many columns a terminal gives to a text that is safe to show."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
