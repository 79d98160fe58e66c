"""Secrets in bytes that are printed as numbers: by `xxd`, `hexdump -C` and `od -t x1`, with offsets or without.

The lines that belong together are put together and looked at as the text that they are; if a secret is in it, they go
as a whole, with what is printed beside the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import re2

from tocsin.timeline.shapes import Place

Redact = Callable[[bytes], bytes]

_LINES = re2.compile(
    rb"(?m)(?:^[ \t]*(?:0x)?[0-9A-Fa-f]{4,16}:?[ \t]{1,3}(?:[0-9A-Fa-f]{2,8}[ \t]{1,2})+[^\n]*(?:\n|\z))+"
)
_LINE = re.compile(rb"[ \t]*(?:0x)?[0-9A-Fa-f]{4,16}:?[ \t]{1,3}((?:[0-9A-Fa-f]{2,8}[ \t]{0,2}){1,32})")
_PLAIN = re2.compile(
    rb"\b(?:[2-7][0-9a-f]|0[9ad]){16,}(?:\r?\n(?:[2-7][0-9a-f]|0[9ad])+)*\b"
    rb"|\b(?:[2-7][0-9A-F]|0[9AD]){16,}(?:\r?\n(?:[2-7][0-9A-F]|0[9AD])+)*\b"
)
"""Numbers of characters only: of digests, which an output may be full of, none is made of these."""
_MOST = 2**20

_TEXT = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_LEAST_TEXT = 0.9


def find_in_dumps(content: bytes, redact: Redact) -> Iterator[Place]:
    """The dumps that have a secret in them, in no order."""
    for found in _LINES.finditer(content):
        if _hides(b"".join(map(_read_line, found.group()[:_MOST].splitlines())), redact):
            start, end = found.span()
            yield start, end - content[start:end].endswith(b"\n"), b"encoded secret"
    for found in _PLAIN.finditer(content):
        if _hides(_unhex(b"".join(found.group()[:_MOST].split())), redact):
            yield *found.span(), b"encoded secret"


def _read_line(line: bytes) -> bytes:
    """The bytes that a line shows: the text beside them is apart from them by two spaces, or stands between bars."""
    offset = _LINE.match(line.partition(b"|")[0])
    if offset is None:
        return b""
    shown = offset[1].partition(b"  ")[0] if b":" in line[: offset.start(1)] else offset[1]
    return _unhex(b"".join(shown.split()))


def _unhex(digits: bytes) -> bytes:
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode())


def _hides(inside: bytes, redact: Redact) -> bool:
    if len(inside) < 16 or len(inside.translate(None, _TEXT)) > (1 - _LEAST_TEXT) * len(inside):
        return False
    return redact(inside) != inside
