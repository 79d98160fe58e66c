"""Keys that take several lines: in PEM (of every kind), OpenSSH, PGP and PuTTY form, and as OpenSSL prints them.

A key goes from its first line to its last. Where one of the two is missing, since somebody has printed a part of it,
it goes as far as lines of a key do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.timeline.bare_keys import find_bare_keys
from tocsin.timeline.columns import find_in_columns
from tocsin.timeline.invisible import WINDOW
from tocsin.timeline.manifests import find_in_manifests, find_in_tables
from tocsin.timeline.shapes import Place

_GAP = rb"(?: |%20|\+)"
_WHAT = _GAP + rb"(?:(?:[A-Z0-9]{1,20}G){0,5}(?:PRIVATE|SECRET)GKEY(?:GBLOCK)?|OpenVPNGStaticGkeyGV1)-----".replace(
    b"G", _GAP
)
_KEY = re.compile(rb"-----BEGIN" + _WHAT)
_KEY_END = re.compile(rb"-----END" + _WHAT)
_KEY_LINES = re.compile(rb"(?:[A-Za-z0-9+/=]{16,})?(?:(?:[\r\n]|\\[rn])+[ \t]*[A-Za-z0-9+/=]{8,}[ \t]*)*")
_SSH2 = re.compile(
    rb"---- BEGIN SSH2 [A-Z ]{0,20}PRIVATE KEY ?----(?:\s{1,8}(?:[\w-]{1,40}: [^\n]{0,200}|[A-Za-z0-9+/=]{4,80}))*"
    rb"(?:\s{1,8}---- END SSH2[A-Z ]{0,40}----)?"
)
_MOST_KEY = 2**16
"""No key is longer; an end further away belongs to something else."""
_IN_KEY = re.compile(rb"[A-Za-z0-9+/=]{4,100}")
_MOST_LINES = 8192
_PUTTY = re.compile(rb"Private-Lines: \d{1,3}\r?\n(?:[A-Za-z0-9+/=]{1,80}(?:\r?\n|\Z))*(?:Private-(?:MAC|Hash): \w+)?")
_PRINTED = re.compile(
    rb"(?i)(?:private ?exponent|prime ?[12]|exponent ?[12]|coefficient|priv):[ \t]*"
    rb"((?:\r?\n[ \t]+(?:[0-9a-f]{2}:?){1,32})+)"
)
_ARRAY = re.compile(rb"\[\s{0,8}(?:\d{1,3}\s{0,8},\s{0,8}){63}\d{1,3}\s{0,8}\]")
"""A key pair of Solana, as its tools write it: sixty-four bytes."""
_OPEN_ARRAY = re.compile(rb"\[\s{0,8}(?:\d{1,3}\s{0,8},\s{0,8}){0,63}(?:\d{1,3}\s{0,8})?")
"""The same as far as it has come."""


def find_blocks(content: bytes) -> Iterator[Place]:
    """Where keys of several lines stand, in order and apart."""
    done = 0
    fields = (
        *find_in_manifests(content),
        *find_in_tables(content),
        *find_in_columns(content),
        *find_bare_keys(content),
    )
    for start, end, kind in sorted([*_find_keys(content), *_find_others(content), *fields]):
        if start >= done:
            done = end
            yield start, end, kind


def _find_keys(content: bytes) -> Iterator[Place]:
    """Private keys, from their first line to their last, or as far as lines of a key go where one is missing."""
    done = 0
    for at in find_all(content, b"-----"):
        if at < done:
            continue
        first = _KEY.match(content, at)
        if first is not None:
            done = _find_key_end(content, first.end())
            yield at, done, b"private key"
        elif (last := _KEY_END.match(content, at)) is not None:
            start = _find_begin(content, max(done, at - _MOST_LINES), at)
            done = last.end()
            if start < at:
                yield start, done, b"private key"


def _find_key_end(content: bytes, start: int) -> int:
    """Where a key ends that begins before `start`: what is in it has no rule of dashes."""
    rule = content.find(b"-----", start, start + _MOST_KEY)
    last = _KEY_END.match(content, rule) if rule >= 0 else None
    lines = last or _KEY_LINES.match(content, start)
    return lines.end() if lines else start


def _find_begin(content: bytes, least: int, end: int) -> int:
    """Where the lines of a key begin whose last line stands at `end`; `end` itself where there are none."""
    start = content.rfind(b"\n", least, end) + 1 or least
    if content[start:end].strip():
        return end
    first = end
    while start > least:
        before = content.rfind(b"\n", least, start - 1) + 1 or least
        if _IN_KEY.fullmatch(content[before:start].strip()) is None:
            break
        first = start = before
    return first


def _find_others(content: bytes) -> Iterator[Place]:
    for at in find_all(content, b"Private-Lines: "):
        if (found := _PUTTY.match(content, at)) is not None:
            yield *found.span(), b"private key"
    for word in (b"rivateExponent:", b"rime1:", b"rime2:", b"xponent1:", b"xponent2:", b"oefficient:", b"priv:"):
        for at in find_all(content, word):
            if (found := _PRINTED.match(content, at - (word[:4] != b"priv"))) is not None:
                yield *found.span(1), b"private key"
    for at in find_all(content, b"---- BEGIN SSH2 "):
        if (found := _SSH2.match(content, at)) is not None:
            yield *found.span(), b"private key"
    for at in find_all(content, b"["):
        if content[at + 1 : at + 2] in b"0123456789 \n\r\t" and (found := _ARRAY.match(content, at)) is not None:
            yield *found.span(), b"wallet key"


def find_open_array(text: bytes) -> int:
    """Where a list of numbers begins that may be such a key and whose end has not come; -1 for nowhere."""
    at = text.rfind(b"[")
    return at if at >= 0 and _OPEN_ARRAY.fullmatch(text, at) is not None else -1


def find_all(content: bytes, word: bytes) -> Iterator[int]:
    """Where `word` stands, searched window by window."""
    for start in range(0, len(content), WINDOW):
        stop = start + WINDOW + len(word) - 1
        at = content.find(word, start, stop)
        while at >= 0:
            yield at
            at = content.find(word, at + 1, stop)
