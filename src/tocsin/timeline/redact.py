"""Secrets out of text before anything keeps or shows it: by the shapes that secrets are known to have.

What is replaced is said (``[redacted: token]``), so that a reader knows something stood there. The shapes are those
that the vendors publish; a value after a telling name (``password=``, ``Authorization:``) counts if it looks like a
value, so that ``credential: No such file`` still says what is wrong. A secret is looked for in what a person would
read: what a terminal swallows (colours, titles, control bytes, carriage returns) is taken out first, and characters
without width (`invisible.py`) are looked through but stay.

Outputs are large and may be hostile: a few plain words are looked for, and a pattern is tried only where one stands.
No pattern reads the same bytes twice, so that the time grows with the length and never with its square; and no single
call is long, so that a thread that does this lets others run.
"""

from __future__ import annotations

import re

from tocsin.timeline.invisible import WINDOW


def redact(text: str) -> str:
    """The text with every secret of a known shape replaced by its kind."""
    return redact_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def redact_bytes(content: bytes) -> bytes:
    """The same for the bytes of a text in UTF-8, or in anything that holds ASCII as it is; they are made plain, too."""
    from tocsin.timeline.seek import replace_secrets  # its patterns take a moment, which most verbs need not wait for

    return replace_secrets(plain_bytes(content))


_ESCAPES = re.compile(
    rb"(?:\x1b\[|\xc2\x9b)[0-?]*+[ -/]*+(?:[@-~\x18\x1a]|(?=\x1b|\xc2\x9b))"
    rb"|(?:\x1b[\]PX^_k]|\xc2[\x90\x98\x9d-\x9f])(?:[^\x07\x18\x1a\x1b\n\xc2]|\xc2(?![\x90\x98\x9b-\x9f])){0,4096}"
    rb"(?:[\x07\x18\x1a]|\x1b\\|\xc2\x9c|(?=\x1b|\xc2[\x90\x98\x9b\x9d-\x9f]))"
    rb"|\x1b[ -/]{1,4}+[0-~]|\x1b[0-Z\\-~]"
)
"""What terminals swallow (ECMA-48): sequences with parameters, strings, choices of a character set, single ones.

A sequence ends where another begins, and where it is called off (CAN, SUB); ``ESC k`` is the title of `screen`.
"""
_BEGINS = re.compile(rb"\x1b|\xc2[\x90\x98\x9b\x9d-\x9f]")
"""What ends a sequence by beginning the next, also where it stands in the next piece."""
_MOST_ESCAPE = 4100
_WIDE = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_STRUCK = re.compile(rb"(?:([!-~])\x08\1|_\x08([!-~]))")
"""A letter that is printed over itself, which is bold, or over a line, as manuals are for paper."""
_OF_ESCAPES = b"\x07\x18\x1a\x1b"
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n" + _OF_ESCAPES)) + b"\x7f"


def plain(text: str) -> str:
    """The text without terminal escapes, control and direction characters: safe for screens, chat and terminals."""
    if text.isascii() and text.isprintable():
        return text
    return plain_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def plain_bytes(content: bytes) -> bytes:
    """The same for the bytes of a text in UTF-8. Control bytes within an escape go first, as terminals have it."""
    if b"\b" in content:
        content = b"".join(_STRUCK.sub(rb"\1\2", content[at : at + WINDOW]) for at in range(0, len(content), WINDOW))
    pieces = (content[at : at + WINDOW].translate(None, _CONTROLS) for at in range(0, len(content), WINDOW))
    readable, kept, at = b"".join(pieces), [], 0
    while at < len(readable):
        end = _find_window_end(readable, at)
        ends_one = _BEGINS.match(readable, end) is not None
        kept.append(_take_escapes(readable[at:end] + b"\x1b" * ends_one))
        at = end
    return b"".join(kept)


def _take_escapes(piece: bytes) -> bytes:
    if b"\x1b" in piece or b"\xc2" in piece:
        piece = _ESCAPES.sub(b"", piece)
    piece = piece.translate(None, _OF_ESCAPES)
    return piece if piece.isascii() else _WIDE.sub(b"", piece)


def _find_window_end(content: bytes, at: int) -> int:
    """Where a piece ends that cuts neither a character nor an escape in two."""
    end = at + WINDOW
    if end >= len(content):
        return len(content)
    end -= next((back for back in range(4) if content[end - back] & 0xC0 != 0x80), 0)
    around = _ESCAPES.finditer(content, max(at, end - _MOST_ESCAPE), end + _MOST_ESCAPE)
    return next((found.end() for found in around if found.start() < end < found.end()), end)
