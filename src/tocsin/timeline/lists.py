"""Secrets in lists and columns under a head that tells: recovery codes, unseal keys, ``USER   PASSWORD``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import re2

from tocsin.timeline.chance import is_chance, is_hex
from tocsin.timeline.invisible import WINDOW
from tocsin.timeline.letters import is_drawn
from tocsin.timeline.naming import Telling, judge_name
from tocsin.timeline.runs import cut_windows
from tocsin.timeline.secrecy import is_mixed, may_be_secret
from tocsin.timeline.shapes import Place

_HEAD = re2.compile(
    rb"(?mi)^[^\n]*\b(?:(?:recovery|backup|scratch|rescue|emergency|one-time|single-use|bypass|fallback|2fa|mfa"
    rb"|two-factor)[ _-](?:scratch )?(?:codes|keys|tokens)|(?:wiederherstellungs|notfall)-?codes"
    rb"|(?:private|secret|unseal|signing) keys)\b[^\n{\[]*$"
)
_SKIP = re.compile(rb"[ \t]*[-=~*#]*[ \t]*\r?\n")
_CODE = rb"(?:0x)?[A-Za-z0-9+/=_]{4,128}(?:[ -][A-Za-z0-9]{3,12}){0,7}"
_LINE = re.compile(
    rb"[ \t]{0,40}(?:\(?\d{1,3}[.):\]]\)?[ \t]{0,8}|[-*][ \t]{1,4})?("
    + _CODE
    + rb"(?:[ \t,]{1,20}"
    + _CODE
    + rb"){0,4})[ \t]{0,40}(?:\r?\n|\Z)"
)
_MOST_LINES, _MOST_SKIPPED = 100, 4

_ARRAY = re2.compile(rb"\"([\w.-]+)\"\s*:\s*\[\s*\"")
_STRING = re.compile(rb"\s{0,100}\"([^\"\n\\]{1,512})\"\s{0,100}(,|\]|\Z)")
_OF_VAULT = frozenset((b"keys", b"keys_base64"))

_COLUMNS = re2.compile(
    rb"(?m)^[ \t]*(?:[A-Z][\w ./()-]*?(?:\t|  )[ \t]*)?"
    rb"\b(?:PASSWORD|PASSPHRASE|PASSWD|TOKEN|SECRET|API[ _-]?KEY|SECRET[ _-]?KEY|Password|Token|Secret)"
    rb"(?:[ \t]{2,}[A-Z][\w ./()-]*|\t[A-Z][\w ./()-]*)*[ \t]*\r?$"
)
_CELL = re.compile(rb"\S+(?: \S+)*")
_TELLING = re.compile(rb"(?i)(?:password|passphrase|passwd|api[ _-]?key|secret[ _-]?key)|(token|secret)")
_MOST_ROWS = 1000
_DATE = re.compile(rb"[\d:.,/TZ+-]+")


def find_in_lists(content: bytes) -> Iterator[Place]:
    """Where such secrets stand, in no order."""
    for start, end in cut_windows(content):
        window = content[start : end + WINDOW // 16]
        for expression, find in _LISTS:
            for first, last, kind in _find_each(window, expression, find):
                yield start + first, start + last, kind


def _find_each(window: bytes, expression: Any, find: Callable[[bytes, Any], Iterator[Place]]) -> Iterator[Place]:
    """What stands under each head; a head within another's list is none, so that no line is read often."""
    done = 0
    for head in expression.finditer(window):
        if head.start() >= done:
            for place in find(window, head):
                done = place[1]
                if place[2]:
                    yield place


def _find_lines(window: bytes, head: Any) -> Iterator[Place]:
    """The codes under a head, one or a few a line, up to the first line that has none.

    A line with a digit is one, or with letters that make no word, or one that is set as these are.
    """
    lines = list(_read_lines(window, head))
    known = [_shape(line[1]) for line in lines if _is_code(line[1])]
    for line in lines:
        if not _is_code(line[1]) and _shape(line[1]) not in known:
            return
        if not window.startswith(b"[redacted", line.start(1)):
            yield *line.span(1), b"secret"


def _read_lines(window: bytes, head: Any) -> Iterator[re.Match[bytes]]:
    at = window.find(b"\n", head.end()) + 1 or len(window)
    skipped = 0
    for _ in range(_MOST_LINES):
        while skipped < _MOST_SKIPPED and (blank := _SKIP.match(window, at)) is not None:
            at, skipped = blank.end(), skipped + 1
        line = _LINE.match(window, at)
        if line is None or at == len(window) or _HEAD.search(line[1]) is not None:
            return  # behind another head stands another list: no line is read for two
        yield line
        at, skipped = line.end(), max(skipped, _MOST_SKIPPED - 1)


def _is_code(value: bytes) -> bool:
    return any(48 <= each <= 57 for each in value) or is_drawn(value)


def _shape(value: bytes) -> bytes:
    """The value with one sign for every letter and digit."""
    return _ANY.sub(b"x", value)


_ANY = re.compile(rb"[A-Za-z0-9]")


def _find_strings(window: bytes, head: Any) -> Iterator[Place]:
    name, at = head.group(1), head.end() - 1
    single = name[:-1] if name.endswith(b"s") else name.replace(b"s_", b"_")
    telling = max(judge_name(single), judge_name(name))
    if name in _OF_VAULT and b'"root_token"' in window[at : at + 4096]:
        telling = Telling.WEAK
    if b"unseal" in name or b"recovery" in name or b"backup_code" in name or b"scratch" in name:
        telling = Telling.STRONG
    if telling < Telling.WEAK or name.lower().endswith((b"signature", b"signatures")):
        return
    for _ in range(_MOST_LINES):
        found = _STRING.match(window, at)
        if found is None:
            return
        value = found[1]
        known = is_chance(value, 12) or (is_hex(value) and len(value) >= 32)
        if may_be_secret(value) and (telling is Telling.STRONG or known):
            yield *found.span(1), b"secret"
        at = found.end()
        if found[2] == b"]":
            return


def _find_cells(window: bytes, head: Any) -> Iterator[Place]:
    """The cells, and where rows end that have none."""
    cells = list(_CELL.finditer(head.group().expandtabs(1)))
    if len(cells) < 2:
        return
    telling = [
        (cell.start(), cells[at + 1].start() if at + 1 < len(cells) else 4096, found[1] is None)
        for at, cell in enumerate(cells)
        if (found := _TELLING.fullmatch(cell[0])) is not None
    ]
    at = head.end() + 1
    for _ in range(_MOST_ROWS if telling else 0):
        stop = window.find(b"\n", at, at + 4096)
        row = window[at : stop if stop >= 0 else at + 4096]
        if not row.strip():
            return
        yield at, at + len(row), b""
        for first, last, is_sure in telling:
            cell = row[first:last]
            value = cell.split(b"  ")[0].strip()
            aligned = first == 0 or row[first - 1 : first] in (b" ", b"\t")
            if value and aligned and cell[:1] != b" " and _is_cell(value, is_sure):
                yield at + first, at + first + len(value), b"secret"
        at += len(row) + 1


_LISTS = ((_HEAD, _find_lines), (_ARRAY, _find_strings), (_COLUMNS, _find_cells))


def _is_cell(value: bytes, is_sure: bool) -> bool:
    if not may_be_secret(value) or b" " in value or _DATE.fullmatch(value):
        return False
    return len(value) >= 4 if is_sure else is_mixed(value) and len(value) >= 16
