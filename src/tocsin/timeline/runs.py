"""Secrets that are long runs of one kind of characters: wrapped in base64, keys of wallets, tokens by chance.

What base64 wraps is looked at as it is inside, and taken as a whole if a secret is in it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator

import re2

from tocsin.timeline.chance import is_chance, is_worded
from tocsin.timeline.invisible import WINDOW
from tocsin.timeline.phrases import find_phrases
from tocsin.timeline.shapes import Place, go_on

_RUN = re2.compile(rb"[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX = b"0123456789abcdef"
_DOTTED = re2.compile(
    rb"\b[\w-]{4,40}\.atlasv1\.[\w-]{40,}|\b[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}|\b\d{8,10}:AA[\w-]{30,36}\b"
    rb"|\b[\w~-]{3}8Q~[\w.~-]{31,36}|\b[0-9a-f]{36}FFFFNRAL\b|\bSK[0-9a-f]{32}\b|\b11[0-9a-f]{32}\b"
    rb"|\b[0-9a-f]{32}-(?:us\d{1,2}|[0-9a-f]{8}-[0-9a-f]{8})\b|\b[12]/\d{10,20}(?:/\d{10,20})?:[0-9a-f]{32}\b"
    rb"|\b0\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[A-Za-z0-9]{24,}:[A-Za-z0-9+/]{16,}={0,2}|\bs\.[A-Za-z0-9]{24}\b"
)
"""Tokens that are known by what stands in their middle or at their end: of Terraform, Discord, Telegram, Azure, New
Relic, Twilio, Jenkins, Mailchimp, Mailgun, Asana, Bitwarden and, until 1.10, Vault.
"""
_HASH = re2.compile(
    rb"\$(?:1|2[abxy]|5|6|7|y|gy|apr1|argon2(?:id|i|d)|scrypt|pbkdf2(?:-sha\d{1,3})?)\$[\w./+=,$-]{20,}"
    rb"|SCRAM-SHA-(?:1|256|512)\$\d{1,7}:[\w+/]{16,}={0,2}\$[\w+/]{16,}={0,2}:[\w+/]{16,}={0,2}"
)
"""What a password can be guessed from, as programs keep it."""
_WRAPPED = re2.compile(rb"(?:[A-Za-z0-9+/]{40,128}(?:\r?\n|\\n)[ \t]*)+[A-Za-z0-9+/]+={0,2}")
_PIECES = re.compile(rb"[A-Za-z0-9+/_-]{16,}+={0,2}")
_BETWEEN = re.compile(rb"\\n|\s+")
_WIF = re.compile(rb"(?<![A-Za-z0-9])(?:[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51}|6P[1-9A-HJ-NP-Za-km-z]{56})(?![A-Za-z0-9])")
_PREFIXED = re.compile(rb"(?<![\w-])[A-Za-z][A-Za-z0-9]{1,12}(?:_[a-z0-9]{2,12}){0,2}_([A-Za-z0-9]{24,}+)(?![\w/+-])")
_KEY_ID = re.compile(
    rb"(?:A[KS]IA[A-Z0-9]{16}|\[redacted: key id\])[\s\"',;:|]{1,12}(?:[A-Za-z_ ]{0,40}[=:\s\"]{1,4})?\Z"
)
_FORTY = re.compile(rb"(?<![A-Za-z0-9+/=_.:-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=_-])")
_LEAST_BARE = 40
_READABLE = bytes(range(0x20, 0x7F)) + b"\n\r\t"
MOST_DEEP = 3
_BEYOND = 1024
"""Bytes of the next window that are looked at, too: words of a wallet may be cut in two."""

Redact = Callable[[bytes], bytes]


def find_runs(content: bytes, redact: Redact, depth: int = 0) -> Iterator[Place]:
    """Where such secrets stand. `redact` takes secrets out of what base64 wraps."""
    done = 0
    for start, end in cut_windows(content):
        for first, last, kind in sorted(_find_in(content[start : end + _BEYOND], redact, depth)):
            if start + first >= done and start + first < end:
                done = start + last
                yield start + first, done, kind


def _find_in(window: bytes, redact: Redact, depth: int) -> Iterator[Place]:
    blocks: list[tuple[int, int]] = []
    if depth < MOST_DEEP:
        for found in _WRAPPED.finditer(window):
            end = found.start() + _measure(found.group())
            whole = _BETWEEN.sub(b"", window[found.start() : end])
            if _is_text(_decode(whole)):
                blocks.append((found.start(), end))
            if is_wrapped_secret(whole, redact):
                yield found.start(), end, b"encoded secret"
    for found in _DOTTED.finditer(window):
        if not found.group().startswith(b"s.") or is_chance(found.group(), 24):
            yield *found.span(), b"token"
    for found in _HASH.finditer(window):
        yield *found.span(), b"password hash"
    for found in _RUN.finditer(window):
        while blocks and blocks[0][1] <= found.start():
            blocks.pop(0)
        in_block = bool(blocks) and blocks[0][0] <= found.start()
        yield from _judge_run(window, found.start(), found.end(), redact, MOST_DEEP if in_block else depth)
    yield from find_phrases(window)


def _measure(block: bytes) -> int:
    """How much of some lines are of one block: all are as long as the first, but for the last, which may be shorter."""
    breaks = list(_BETWEEN.finditer(block))
    width = breaks[0].start()
    line = 0
    for each in breaks:
        if each.start() - line < width:
            return each.start()
        line = each.end()
    return len(block) if len(block) - line <= width else breaks[-1].start()


def _judge_run(window: bytes, start: int, end: int, redact: Redact, depth: int) -> Iterator[Place]:
    run = window[start:end]
    if not run.translate(None, _HEX):
        return
    if len(run) >= 51 and (found := _WIF.search(run)) is not None:
        yield start + found.start(), start + found.end(), b"wallet key"
    found = _PREFIXED.search(run) if b"_" in run else None
    if found is not None and is_chance(found[1], 24) and not _is_test(found):
        yield start + found.start(), go_on(window, start + found.end()), b"token"
    yield from _judge_bare(window, start, run)
    if depth < MOST_DEEP:
        yield from _judge_wrapped(start, run, redact)


def _is_test(found: re.Match[bytes]) -> bool:
    """Whether it is the name of a test."""
    return found[0].startswith(b"test_") and is_worded(found[1])


def _judge_bare(window: bytes, start: int, run: bytes) -> Iterator[Place]:
    """The secret of a key of AWS, which is known by the key's id before it or by its exact length and its slashes."""
    if len(run) < _LEAST_BARE:
        return
    for found in _FORTY.finditer(run):
        value = found[0]
        if not is_chance(value, _LEAST_BARE):
            continue
        at = start + found.start()
        if _KEY_ID.search(window[max(0, at - 100) : at]) or (b"/" in value or b"+" in value):
            yield at, at + len(value), b"secret"


def _judge_wrapped(start: int, run: bytes, redact: Redact) -> Iterator[Place]:
    for found in _PIECES.finditer(run):
        if is_wrapped_secret(found[0], redact):
            yield start + found.start(), start + found.end(), b"encoded secret"


def is_wrapped_secret(run: bytes, redact: Redact) -> bool:
    """Whether base64 wraps a text with a secret in it."""
    if not _is_text(_decode(run[:64])):
        return False
    inside = _decode(run)
    return redact(inside) != inside


def _decode(run: bytes) -> bytes:
    whole = run.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    whole = whole[: len(whole) - (len(whole) % 4 == 1)]
    try:
        return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
    except binascii.Error:
        return b""


def _is_text(inside: bytes) -> bool:
    return len(inside) >= 8 and not inside.translate(None, _READABLE)


def cut_windows(content: bytes) -> Iterator[tuple[int, int]]:
    """Pieces that cut no run in two: they end with a line that has a space in it, if there is one."""
    start = 0
    while start < len(content):
        end = start + WINDOW
        if end < len(content):
            end = _find_cut(content, start, end)
        yield start, min(end, len(content))
        start = end


def _find_cut(content: bytes, start: int, end: int) -> int:
    space = content.rfind(b" ", start + WINDOW // 2, end)
    line = content.find(b"\n", space, end) + 1 if space >= 0 else 0
    if line:
        return line
    line = content.rfind(b"\n", start + WINDOW // 2, end) + 1
    between = max(content.rfind(each, end - 4096, end) for each in _BETWEEN_RUNS)
    return line or max(space, between) + 1 or end


_BETWEEN_RUNS = (b'"', b"'", b",", b";", b"\t", b"<", b"{", b"}")
