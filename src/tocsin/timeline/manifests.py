"""Secrets that only their place gives away: the values of a Kubernetes Secret, and columns of a table.

A Secret's keys may have any name, and what base64 wraps in it may be any word. So all of its values go, wherever the
output says `kind: Secret`, in YAML and in JSON (which may stand in a text of its own, quoted once more). Of a table as
`psql` and `mysql` print it the cells go that stand under a telling name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from tocsin.timeline.naming import Telling, judge_name
from tocsin.timeline.shapes import Place

_QUOTE = rb"\\{0,7}\""
_KIND = re2.compile(
    rb"(?m)^(?:- )?[ \t]*kind:[ \t]*[\"']?Secret[\"']?[ \t]*\r?$|\"?kind\\{0,7}\":\s*\\{0,7}\"Secret\\{0,7}\""
)
_FIRST = re2.compile(rb"apiVersion|(?m:^---)")
_DATA = re.compile(rb"(?m)^(?P<indent>(?:- )?[ \t]*)(?:data|stringData):[ \t]*\r?\n")
_LINE = re.compile(rb"(?P<indent>[ \t]*)[\"']?[\w.-]{1,253}[\"']?:[ \t]*(?P<value>[^\r\n]*)(?:\r?\n|\Z)")
_ANY_LINE = re.compile(rb"(?P<indent>[ \t]*)(?P<value>[^\r\n]*)(?:\r?\n|\Z)")
_OBJECT = re.compile(_QUOTE + rb"(?:data|stringData)" + _QUOTE + rb"\s{0,8}:\s{0,8}\{(?P<pairs>[^{}]{1,65536})\}")
_PAIR = re.compile(_QUOTE + rb"[\w.-]{1,253}" + _QUOTE + rb"\s{0,8}:\s{0,8}" + _QUOTE + rb"(?P<value>[^\"\\]{1,65536})")
_MOST = 2**16
"""No manifest that is looked through is longer."""

_RULER = re2.compile(rb"(?m)^[ \t]*[+|]?-{3,}(?:[+|]-{3,})*[+|]?[ \t]*\r?$")
_MOST_CELLS = 64
_MOST_ROWS = 10_000
_EMPTY = (b"", b"NULL", b"null", b"-", b"\\N")


def find_in_manifests(content: bytes) -> Iterator[Place]:
    """The values of every Secret, in order and apart."""
    if b"Secret" not in content:
        return
    done = 0
    kinds = [found.span() for found in _KIND.finditer(content)]
    befores, nexts = [0, *(end for _, end in kinds)], [*(start for start, _ in kinds[1:]), len(content)]
    for (at, behind), before, following in zip(kinds, befores, nexts, strict=False):
        start, end = _find_manifest(content, max(before, at - _MOST), at, behind, following)
        within = [*_find_in_yaml(content, start, end), *_find_in_json(content, start, end)]
        for place in sorted(within):
            if place[0] >= done and not content.startswith(b"[redacted", place[0]):
                done = place[1]
                yield place


def _find_manifest(content: bytes, least: int, at: int, behind: int, most: int) -> tuple[int, int]:
    """From where to where the manifest goes that says its kind at `at`: each has one, so no byte is read often."""
    firsts = [found.start() for found in _FIRST.finditer(content[least:at])]
    most = min(most, behind + _MOST)
    nexts = _FIRST.search(content[behind:most])
    return least + (firsts[-1] if firsts else 0), behind + nexts.start() if nexts else most


def _find_in_yaml(content: bytes, start: int, end: int) -> Iterator[Place]:
    for found in _DATA.finditer(content, start, min(end, len(content))):
        deep, at, inner = len(found["indent"]), found.end(), -1
        while at < end and (line := _ANY_LINE.match(content, at)) is not None and line.end() > at:
            indent = len(line["indent"])
            if line["value"] and indent <= deep:
                break
            pair = _LINE.match(content, at)
            inner = indent if inner < 0 else inner
            value = pair if pair is not None and indent == inner else line
            if value["value"].strip(b"\"'|>-+ \t"):
                yield *value.span("value"), b"secret"
            at = line.end()


def _find_in_json(content: bytes, start: int, end: int) -> Iterator[Place]:
    for found in _OBJECT.finditer(content, start, min(end, len(content))):
        for pair in _PAIR.finditer(content, *found.span("pairs")):
            yield *pair.span("value"), b"secret"


_ANY_KIND = re.compile(rb"kind\\{0,7}\"?:\s{0,8}\\{0,7}[\"']?(\w+)")
_BEGINS = re.compile(
    rb"(?m)^(?:- )?[ \t]*(?:data|stringData):[ \t]*\r?$|" + _QUOTE + rb"(?:data|stringData)" + _QUOTE + rb"\s*:\s*\{"
)


def find_open(before: bytes, text: bytes) -> int:
    """Where the values begin of what may be a Secret and has not ended; -1 for nowhere. `kubectl` says the kind last.

    `before` is what stood there earlier.
    """
    begun = list(_BEGINS.finditer(text)) if b"ata" in text else []
    if not begun:
        return -1
    at, behind = begun[-1].span()
    head = (before + text[:at])[-_MOST:]
    first = head.rfind(b"apiVersion")
    if first < 0 or _ANY_KIND.search(text, behind):
        return -1
    kind = _ANY_KIND.search(head, first)
    if kind is None:
        return at
    return at if kind[1] == b"Secret" and not _has_ended(text[at:]) else -1


def _has_ended(text: bytes) -> bool:
    """Whether the values are over: another key as far out, or a bracket."""
    first, _, rest = text.partition(b"\n")
    if b"{" in first:
        return b"}" in text
    deep = len(first) - len(first.lstrip(b" \t-"))
    return any(line.strip() and len(line) - len(line.lstrip()) <= deep for line in rest.split(b"\n"))


def find_open_table(content: bytes) -> bytes:
    """The head of the table that goes on at the end, if one of its names is telling."""
    content = _draw_plainly(content)
    rulers = list(_RULER.finditer(content))
    if not rulers:
        return b""
    ruler = rulers[-1]
    head = content.rfind(b"\n", 0, max(0, ruler.start() - 1)) + 1
    names = content[head : max(head, ruler.start() - 1)].rstrip(b"\r")
    rows = content[ruler.end() + 1 :].splitlines()
    goes_on = all(row.count(b"|") == names.count(b"|") and row.startswith((b" ", b"|")) for row in rows)
    return content[head : ruler.end()] + b"\n" if goes_on and _find_telling(names, ruler.group().strip()) else b""


def find_in_tables(content: bytes) -> Iterator[Place]:
    """The cells under a telling name, in order."""
    done = 0
    content = _draw_plainly(content)
    for ruler in _RULER.finditer(content):
        head = content.rfind(b"\n", 0, max(0, ruler.start() - 1)) + 1
        if ruler.start() <= max(done, 1) or ruler.start() - head > 4096:
            continue
        names = content[head : ruler.start() - 1].rstrip(b"\r")
        telling = _find_telling(names, ruler.group().strip())
        if telling:
            for place in _find_cells(content, ruler.end() + 1, names.count(b"|"), telling):
                done = place[1]
                yield place


def _draw_plainly(content: bytes) -> bytes:
    """The lines of a table that is drawn with box characters as with bars and dashes, byte for byte."""
    if b"\xe2\x94" not in content and b"\xe2\x95" not in content:
        return content
    return _DRAWN.sub(lambda found: _AS_DRAWN.get(found[0], b"--|"), content)


_DRAWN = re.compile(rb"\xe2[\x94\x95][\x80-\xbf]")
_AS_DRAWN = {
    **dict.fromkeys(("─━═╌".encode()[at : at + 3] for at in range(0, 12, 3)), b"---"),
    **dict.fromkeys(("│┃║╎".encode()[at : at + 3] for at in range(0, 12, 3)), b"  |"),
    **dict.fromkeys(("┼╋╬╪┿╂".encode()[at : at + 3] for at in range(0, 18, 3)), b"-+-"),
    **dict.fromkeys(("├┣╠╞┠╟".encode()[at : at + 3] for at in range(0, 18, 3)), b"  |"),
}


def _find_telling(names: bytes, ruler: bytes) -> list[int]:
    """Which columns have a name that says it all. One column alone is a table only where its ruler is as wide."""
    cells = names.split(b"|")
    if len(cells) == 1:
        cells = [names[-len(ruler) :]] if names[-len(ruler) :].startswith(b" ") else []
    if len(cells) > _MOST_CELLS:
        return []
    spelt = [b"_".join(each.split()) for each in cells]
    return [at for at, each in enumerate(spelt) if len(each) <= 64 and judge_name(each) is Telling.STRONG]


def _find_cells(content: bytes, at: int, bars: int, telling: list[int]) -> Iterator[Place]:
    for _ in range(_MOST_ROWS):
        end = content.find(b"\n", at, at + 65536)
        end = end if end >= 0 else min(len(content), at + 65536)
        row = content[at:end]
        if row.count(b"|") != bars or not row.startswith((b" ", b"|")):
            return
        for column in telling:
            start = at + sum(len(each) + 1 for each in row.split(b"|")[:column])
            cell = row.split(b"|")[column]
            value = cell.strip()
            if value not in _EMPTY and not value.startswith(b"[redacted"):
                start += len(cell) - len(cell.lstrip())
                yield start, start + len(value), b"secret"
        at = end + 1
