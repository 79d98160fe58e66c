"""Characters that take no room and show nothing: looked through where something is searched, and left where they are.

They belong to many scripts and to emoji, so that an output must keep them; but a word is the same word to its reader
with or without them. The list is Unicode's `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt); as bytes of
UTF-8, since outputs are large. No single call takes more than a window, so that other threads get their turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

WINDOW = 2**18
"""How many bytes are searched at once."""

_INVISIBLE = re.compile(
    rb"(?:\xc2\xad|\xcd\x8f|\xd8\x9c|\xe1\x85[\x9f\xa0]|\xe1\x9e[\xb4\xb5]|\xe1\xa0[\x8b-\x8f]"
    rb"|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xe3\x85\xa4|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf|\xef\xbe\xa0"
    rb"|\xef\xbf[\xb0-\xb8]|\xf0\x9b\xb2[\xa0-\xa3]|\xf0\x9d\x85[\xb3-\xba]|\xf3\xa0[\x80-\xbf][\x80-\xbf])+"
)


def take_out(content: bytes) -> bytes:
    """The bytes without such characters; the very same where there are none."""
    if content.isascii():
        return content
    kept, done = [], 0
    for start, end in find_invisible(content):
        kept.append(content[done:start])
        done = end
    return b"".join([*kept, content[done:]]) if kept else content


def find_invisible(content: bytes) -> Iterator[tuple[int, int]]:
    """Where such characters stand, in order."""
    at = 0
    while at < len(content):
        end = _find_window_end(content, at)
        yield from (found.span() for found in _INVISIBLE.finditer(content, at, end))
        at = end


def _find_window_end(content: bytes, at: int) -> int:
    """Where a window ends that cuts no character in two."""
    end = at + WINDOW
    if end >= len(content):
        return len(content)
    return end - next((back for back in range(4) if content[end - back] & 0xC0 != 0x80), 0)


def locate(content: bytes, at: int) -> int:
    """Where the byte stands in `content` that is at `at` in what `take_out` makes of it."""
    return next(map_back(content, iter([(at, at + 1, b"")])))[0]


def map_back(content: bytes, places: Iterator[tuple[int, int, bytes]]) -> Iterator[tuple[int, int, bytes]]:
    """Places in what `take_out` makes of `content`, in order and apart, as places in `content` itself.

    What is invisible within a place belongs to it, what stands before or behind it does not.
    """
    gaps = find_invisible(content)
    gap, shift = next(gaps, None), 0
    for start, end, kind in places:
        while gap is not None and gap[0] - shift <= start:
            shift, gap = shift + gap[1] - gap[0], next(gaps, None)
        first = start + shift
        while gap is not None and gap[0] - shift < end:
            shift, gap = shift + gap[1] - gap[0], next(gaps, None)
        yield first, end + shift, kind
