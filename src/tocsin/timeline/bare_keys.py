"""Private keys without the lines that say so: base64 of their first bytes, which the standards fix.

A key of RFC 8017, 5915 or 5958 is a sequence that begins with a small number, its version; certificates, requests and
public keys begin with another sequence or a long number. How long it is stands in its first bytes. A key of OpenSSH
says its name, and not its length.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

import re2

from tocsin.timeline.shapes import Place

_BEGIN = re2.compile(
    rb"\b(?:MII[\w+/]{3}IBA[AD]|M(?:HcC|HQC|GgC|IGkA|IHcA)(?:AQEE|gEBBD|gEBBE)|M(?:C4C|EcC)AQAwBQYDK2V[wxu]|MFECAQEwBQYDK2V[wu]"
    rb"|MI(?:GHAgEAMBMG|GEAgEAMBAG|G2AgEAMBAG|HuAgEAMBAG)|b3BlbnNzaC1rZXktdjE)"
)
_NAMED = b"b3BlbnNzaC1rZXktdjE"
_PIECE = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_BREAK = re.compile(rb"(?:\r?\n|\\r\\n|\\n)[ \t]{0,40}(?=[A-Za-z0-9+/]{1,100}={0,2}(?:[\r\n\"'\\]|\Z))")
_MOST = 2**14
"""No key is longer in base64."""


def find_bare_keys(content: bytes) -> Iterator[Place]:
    """Where such keys stand, in order and apart."""
    done = 0
    for found in _BEGIN.finditer(content):
        if found.start() >= done:
            done, _ = _follow(content, found.start())
            yield found.start(), done, b"private key"


def find_open_key(text: bytes) -> int:
    """Where one begins whose end has not come; -1 for nowhere."""
    begins: list[int] = [found.start() for found in _BEGIN.finditer(text[-_MOST:])]
    done = 0
    for start in begins:
        at = max(0, len(text) - _MOST) + start
        if at < done:
            continue
        done, lacking = _follow(text, at)
        if lacking and not text[done:].strip():
            return at
    return -1


def _follow(content: bytes, at: int) -> tuple[int, int]:
    """Where a key ends, and how many characters of it are lacking there."""
    end, left, width = at, _measure(content[at : at + 8]), 0
    while left > 0 and (piece := _PIECE.match(content, end)) is not None:
        taken = min(left, len(piece[0]))
        end, left = end + taken, left - taken
        width = width or len(piece[0])
        is_last = piece[0].endswith(b"=") or len(piece[0]) < width
        after = _BREAK.match(content, end) if left and not is_last else None
        if after is None:
            return end, 0 if is_last else left
        end = after.end()
    return end, left


def _measure(head: bytes) -> int:
    """How many characters of base64 a key has that begins so."""
    if _NAMED.startswith(head):
        return _MOST
    first = binascii.a2b_base64(head)
    long = first[1] - 0x80 if first[1] > 0x80 else 0
    size = int.from_bytes(first[2 : 2 + long]) if long else first[1]
    return -(-(2 + long + size) // 3) * 4
