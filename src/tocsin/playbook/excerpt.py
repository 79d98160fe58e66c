"""A finding beside the lines that it is about, with a caret under what is meant: for a terminal of any width.

What belongs to the finding elsewhere in the document is shown too when it is little. A line that is too long is cut so
that what is marked can be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.visible import show, show_character, width

Paint = Callable[[str, str], str]
"""Gives a text (second) the looks of a kind (first): ``error``, ``warning``, ``remark``, ``place``, ``help``."""

_MAX_RELATED = 3
_LEAST_ROOM = 20
_CUT = "…"


def plain(kind: str, text: str) -> str:
    """No looks at all."""
    return text


def draw(found: Diagnostic, path: str, lines: Sequence[str], columns: int, paint: Paint = plain) -> Iterator[str]:
    """The rows for one finding; ``lines`` are the document's (index 0 is line 1), ``columns`` the terminal's width."""
    yield f"{paint(found.level, f'{found.level} {found.code}')} {found.rule}: {show(found.text)}"
    shown = _numbers(found, len(lines))
    indent = " " * len(str(max(shown, default=0)))
    yield f"{paint('place', indent + '-->')} {place(found, path)}"
    room = max(columns - len(indent) - 3, _LEAST_ROOM)
    bar = paint("place", f"{indent} |")
    if shown:
        yield bar
    before = 0
    for number in shown:
        if before and number > before + 1:
            yield paint("place", f"{'.' * len(indent)} |")
        before = number
        marked = number == found.line
        text, caret = _cut(lines[number - 1], found if marked else None, room)
        yield f"{paint('place', f'{number:>{len(indent)}} |')} {text}".rstrip()
        if marked and caret:
            yield f"{bar} {paint(found.level, caret)}"
    if found.help:
        yield f"{paint('place', f'{indent} =')} {paint('help', show(found.help))}"


def place(found: Diagnostic, path: str) -> str:
    """Where a finding is, as editors and terminals make it a link: ``path:line:column``."""
    where = f":{found.line}" if found.line else ""
    return f"{show(path)}{where}{f':{found.column}' if found.column else ''}"


def _numbers(found: Diagnostic, last: int) -> list[int]:
    """The lines to show: the finding's own, and those that belong to it if they are few."""
    if not 0 < found.line <= last:
        return []
    related = {line for line in found.lines if 0 < line <= last} - {found.line}
    return sorted({found.line, *(related if len(related) <= _MAX_RELATED else ())})


def _cut(line: str, found: Diagnostic | None, room: int) -> tuple[str, str]:
    """A line and the carets below it, both within so many columns."""
    cells = [show_character(character) for character in line.rstrip()]
    widths = [width(cell) for cell in cells]
    start = min(found.column - 1, len(cells)) if found and found.column else 0
    end = min(found.end_column - 1, len(cells)) if found and found.column else 0
    first, last = _window(widths, start, end, room)
    head, tail = _CUT if first else "", _CUT if last < len(cells) else ""
    text = head + "".join(cells[first:last]) + tail
    if end <= start:
        return text, ""
    indent = len(head) + sum(widths[first:start])
    return text, " " * indent + "^" * max(1, sum(widths[start : min(end, last)]))


def _window(widths: list[int], start: int, end: int, room: int) -> tuple[int, int]:
    """Which characters to show: all if they fit, else a stretch in which the mark begins, with two columns for cuts."""
    if sum(widths) <= room:
        return 0, len(widths)
    room -= 2
    first = 0
    if sum(widths[:end]) > room:
        lead = room // 4 if sum(widths[start:end]) < 3 * room // 4 else min(4, room // 4)
        first, used = start, 0
        while first and used + widths[first - 1] <= lead:
            first -= 1
            used += widths[first]
    last, used = first, 0
    while last < len(widths) and used + widths[last] <= room:
        used += widths[last]
        last += 1
    return first, last
